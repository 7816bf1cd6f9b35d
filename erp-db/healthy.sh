#!/bin/bash
# The health check. By TCP, because the temporary server of the first start listens on the socket only. With official
# images an interrupted first start leaves a database without roles, which the next start takes for finished.
set -euo pipefail

pg_isready --quiet --host=127.0.0.1 --username=postgres --dbname=erp
roles=$(psql --no-psqlrc --tuples-only --no-align --username=postgres --dbname=postgres \
    --command="SELECT count(*) FROM pg_roles WHERE rolname IN ('erp', 'exporter')")
if [ "$roles" != 2 ]; then
    echo "The first start of this database was interrupted: it has $roles of the roles erp and exporter, expected 2." \
        "It holds no data yet: delete it by 'docker volume rm' (volume erp-db-data) and run 'make up' again."
    exit 1
fi
