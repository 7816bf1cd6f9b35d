#!/bin/bash
# Run once by the image, in an empty volume: the owner of the ERP's data, and a reader of statistics.
set -eu

for name in erp_db_password exporter_db_password; do
  if [ ! -s "/run/secrets/$name" ]; then
    echo "The secret $name is missing or empty in /run/secrets; expected a password. Run make up, which makes it." >&2
    exit 1
  fi
done

# psql reads the passwords itself, so that they stand in no process list.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
\set erp_password `cat /run/secrets/erp_db_password`
\set exporter_password `cat /run/secrets/exporter_db_password`

CREATE ROLE erp LOGIN PASSWORD :'erp_password';
CREATE ROLE exporter LOGIN PASSWORD :'exporter_password' CONNECTION LIMIT 5;
GRANT pg_monitor TO exporter;
ALTER ROLE exporter SET statement_timeout = '5s';

-- The image has made the database already when POSTGRES_DB says so.
SELECT 'CREATE DATABASE erp' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'erp') \gexec
ALTER DATABASE erp OWNER TO erp;
REVOKE ALL ON DATABASE erp FROM PUBLIC;
GRANT CONNECT ON DATABASE erp TO exporter;
SQL
