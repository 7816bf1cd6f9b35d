#!/bin/sh
# Bugsink as its own image starts it (check, migrations, web server and task runner side by side), with its secret from a
# file and one web worker: each costs 50 MB, and one takes in more events than the disk saves.
set -eu
. /etc/bugsink/secrets.sh

bugsink-manage check --deploy --fail-level WARNING
bugsink-manage migrate snappea --database=snappea --verbosity=0
bugsink-manage prestart
exec monofy gunicorn --workers=1 --threads=4 --control-socket=/tmp/gunicorn.ctl --bind=0.0.0.0:8000 bugsink.wsgi \
    "|||" bugsink-runsnappea
