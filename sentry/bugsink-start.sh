#!/bin/sh
# Bugsink as its own image starts it (check, migrations, web server and task runner side by side), with its secret from a
# file and one web worker: each costs 50 MB, and one takes in more events than the disk saves.
set -eu
. /etc/bugsink/secrets.sh

EMAIL_HOST_PASSWORD=$(optional smtp_password) || exit 1
if [ -n "$EMAIL_HOST_PASSWORD" ]; then
    export EMAIL_HOST="${SMTP_SMARTHOST%:*}" EMAIL_PORT="${SMTP_SMARTHOST##*:}"
    # Without a user name nobody logs in, as Alertmanager has it.
    if [ -n "$EMAIL_HOST_USER" ]; then export EMAIL_HOST_PASSWORD; else unset EMAIL_HOST_PASSWORD; fi
fi

# Bugsink calls the hosts of these addresses and no other, private ones too: it would refuse the sandbox's inbox, and a
# GitLab on your own network.
host_of() {
    optional "$1" | sed -E 's#^[a-z]+://([^/@]*@)?([^/:]+).*#\2#'
}
ALERTS_WEBHOOK_ALLOW_LIST="$(host_of tracker_slack_webhook_url),$(host_of tracker_webhook_url),$TRACKER_WEBHOOK_HOSTS"
export ALERTS_WEBHOOK_ALLOW_LIST ALERTS_WEBHOOK_OUTBOUND_MODE=allowlist_only ALERTS_WEBHOOK_DENY_NON_GLOBAL=false

bugsink-manage check --deploy --fail-level WARNING
bugsink-manage migrate snappea --database=snappea --verbosity=0
bugsink-manage prestart
exec monofy gunicorn --workers=1 --threads=4 --control-socket=/tmp/gunicorn.ctl --bind=0.0.0.0:8000 bugsink.wsgi \
    "|||" bugsink-runsnappea
