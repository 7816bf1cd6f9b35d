#!/bin/sh
# Whether Prometheus is ready and stores what it scrapes: with a full disk it says that it is ready all the same, and its
# newest sample grows old. One that has had no sample yet has just been started.
set -eu
promtool check ready --url=http://127.0.0.1:9090
late="$(promtool query instant http://127.0.0.1:9090 \
    'time() - (max(timestamp(up)) or max(max_over_time(timestamp(up)[12h:5m]))) > 90')"
if [ -n "$late" ]; then
    echo "Seconds since the newest sample: $late. Expected at most 90; its log says why it can't store."
    exit 1
fi
