#!/bin/sh
# Runs Jaeger. While its store takes TRACES_RETENTION_SIZE or more, it listens for spans on loopback only: senders are refused
# and count what they lose, and what is stored can be read. Badger itself knows an age alone, no size.
set -eu

number=${TRACES_RETENTION_SIZE%%[A-Z]*}
case ${TRACES_RETENTION_SIZE#"$number"} in
    B) limit=$((number / 1024)) ;;
    KB) limit=$((number * 1000 / 1024)) ;;
    MB) limit=$((number * 1000000 / 1024)) ;;
    GB) limit=$((number * 1000000000 / 1024)) ;;
    TB) limit=$((number * 1000000000000 / 1024)) ;;
    *)
        echo "TRACES_RETENTION_SIZE is '$TRACES_RETENTION_SIZE', expected a size such as 6GB. Correct it in .env." >&2
        exit 1
        ;;
esac

# Where it should listen now, by what the store takes in KiB.
address() {
    used=$(du -sk /tmp 2> /dev/null | cut -f1)
    if [ "$used" -ge "$limit" ]; then
        echo 127.0.0.1:4318
    elif [ "$used" -lt $((limit * 9 / 10)) ]; then
        echo 0.0.0.0:4318
    else
        echo "$OTLP_ADDRESS"
    fi
}

OTLP_ADDRESS=0.0.0.0:4318
OTLP_ADDRESS=$(address)
OTEL_TRACES_SAMPLER=always_off # otherwise it traces itself
export OTLP_ADDRESS OTEL_TRACES_SAMPLER
# The engine starts it anew when it ends.
{
    while [ "$(address)" = "$OTLP_ADDRESS" ]; do sleep 15; done
    echo "Its store was compared with TRACES_RETENTION_SIZE: from now on it listens for spans at $(address)." >&2
    kill 1
} &
exec /cmd/jaeger/jaeger-linux "$@"
