#!/bin/bash
# The health check. By TCP, because the temporary server of the first start listens on the socket only. With official
# images an interrupted first start leaves a database without roles, which the next start takes for finished.
#
# It starts no process of its own: Docker kills this one alone when it takes too long, a child would become one of the
# server, which takes the end of a child that it doesn't know for a crash and ends all connections.
set -euo pipefail

exec 3<>/dev/tcp/127.0.0.1/5432
exec 3>&-
exec psql --no-psqlrc --quiet --set=VERBOSITY=terse --username=postgres --dbname=postgres --command="
DO \$\$
DECLARE roles int := (SELECT count(*) FROM pg_roles WHERE rolname IN ('erp', 'exporter'));
BEGIN
  IF roles <> 2 THEN
    RAISE EXCEPTION 'The first start of this database was interrupted: it has % of the roles erp and exporter, expected 2. It holds no data yet: delete it by ''docker volume rm'' (volume erp-db-data) and run ''make up'' again.', roles;
  END IF;
END \$\$"
