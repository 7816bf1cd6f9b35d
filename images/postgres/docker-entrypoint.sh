#!/bin/bash
# First start in an empty volume as the official image does it: initdb, the database, then /docker-entrypoint-initdb.d.
# Reads POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD_FILE. An interrupted first start is begun again: everything
# happens in a folder of its own and PG_VERSION is moved into place last.
set -euo pipefail

if [ "${1:-}" != postgres ]; then
    exec "$@"
fi

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
incoming=$PGDATA/.incoming

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ ! -s "${POSTGRES_PASSWORD_FILE:?names the file with the superuser password}" ]; then
        echo "The file $POSTGRES_PASSWORD_FILE is empty or missing; expected the superuser password." >&2
        exit 1
    fi
    if [ -e "$incoming" ]; then
        echo "An earlier first start was interrupted; beginning again."
        find "$PGDATA" -mindepth 1 -delete
    elif [ -n "$(ls -A "$PGDATA")" ]; then
        echo "$PGDATA has no PG_VERSION but isn't empty; expected a database or an empty volume." >&2
        exit 1
    fi
    mkdir -m 0700 "$incoming"
    initdb --pgdata="$incoming" --username="$user" --pwfile="$POSTGRES_PASSWORD_FILE" \
        --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --data-checksums >/dev/null
    echo 'host all all all scram-sha-256' >>"$incoming/pg_hba.conf"
    # The temporary server listens on the socket only, so that nobody takes it for the real one.
    pg_ctl --pgdata="$incoming" --wait --silent -o "-c listen_addresses=''" start
    export PGUSER=$user PGHOST=/var/run/postgresql PGDATABASE=postgres
    if [ "$database" != postgres ]; then
        createdb "$database"
    fi
    export PGDATABASE=$database POSTGRES_USER=$user POSTGRES_DB=$database
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh) bash "$file" ;;
            *.sql) psql --set=ON_ERROR_STOP=1 --file="$file" ;;
        esac
    done
    unset PGUSER PGHOST PGDATABASE
    pg_ctl --pgdata="$incoming" --wait --silent --mode=fast stop
    find "$incoming" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$PGDATA" {} +
    mv "$incoming/PG_VERSION" "$PGDATA/PG_VERSION"
    rmdir "$incoming"
fi

exec "$@" -c "listen_addresses=*"
