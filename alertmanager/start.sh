#!/bin/sh
# Starts Alertmanager. With a damaged file of its state, as after a loss of power, it would end at once: such a file is set
# aside and named, and what it held is forgotten.
set -u

state=/alertmanager

# The first of its lines that says whether it can read its state.
says() {
    timeout 10 /bin/alertmanager --config.file=/etc/alertmanager/alertmanager.yml --storage.path="$state" \
        --cluster.listen-address= --web.listen-address=127.0.0.1:0 2>&1 |
        grep -m 1 -E 'error creating|Listening on'
}

set_aside() {
    aside="$1.damaged-$(date -u +%Y%m%dT%H%M%SZ)"
    mv "$state/$1" "$state/$aside"
    echo "time=$(date -u +%Y-%m-%dT%H:%M:%SZ) level=ERROR msg=\"$1 is damaged and was set aside as $aside\""
}

if [ -s "$state/nflog" ] || [ -s "$state/silences" ]; then
    for _ in nflog silences; do
        case "$(says)" in
            *"error creating notification log"*) set_aside nflog ;;
            *"error creating silence"*) set_aside silences ;;
            *) break ;;
        esac
    done
fi
exec /bin/alertmanager "$@"
