#!/bin/sh
# One-shot before Bugsink starts: its tables, and the user, project, key and token that the rest of the stack counts on.
# Safe to run again.
set -eu
. /etc/bugsink/secrets.sh

ADMIN_PASSWORD=$(secret bugsink_admin_password) || exit 1
DSN_KEY=$(secret bugsink_dsn_key) || exit 1
API_TOKEN=$(secret bugsink_api_token) || exit 1
SLACK_URL=$(optional tracker_slack_webhook_url) || exit 1
WEBHOOK_URL=$(optional tracker_webhook_url) || exit 1
SMTP_PASSWORD=$(optional smtp_password) || exit 1
export ADMIN_PASSWORD DSN_KEY API_TOKEN SLACK_URL WEBHOOK_URL SMTP_PASSWORD

python -B /etc/bugsink/set_aside.py /data
bugsink-manage migrate --verbosity=0
exec python -B /etc/bugsink/bugsink-setup.py
