#!/bin/sh
# Tells the page what ${NAME} in the data sources' files stands for, then serves it.
set -eu
printf '{"TRACKER_SEARCH_URL": "%s"}\n' "${TRACKER_SEARCH_URL:-}" >/tmp/addresses.json
exec nginx -e stderr -g 'daemon off;'
