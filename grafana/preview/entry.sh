#!/bin/sh
# Tells the page what ${NAME} in the data sources' files stands for, then serves it.
set -eu
printf '{"BASE_URL_BUGSINK": "%s"}\n' "${BASE_URL_BUGSINK:-}" >/tmp/addresses.json
exec nginx -e stderr -g 'daemon off;'
