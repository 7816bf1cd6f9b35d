#!/bin/sh
# History between one machine's volumes and the storage. What is there already stays.
set -eu

chunks=/loki/chunks
staged=/loki/moved
found=/tmp/found

copy() {
    rclone copy --s3-no-check-bucket --transfers=8 --stats=30s --stats-one-line --stats-log-level=NOTICE "$@"
}

# On a disk Loki has the last part of a chunk's key in base64: its colons are no part of a file's name everywhere.
lines_out() {
    [ -d "$chunks/fake" ] || return 0
    find "$chunks/fake" -type f >"$found"
    while read -r file; do
        series="$staged/fake/$(basename "$(dirname "$file")")"
        mkdir -p "$series"
        ln "$file" "$series/$(basename "$file" | base64 -d)"
    done <"$found"
    copy "$staged" storage:logs
    copy "$chunks/index" storage:logs/index
}

# Each answers when the storage has what it had in memory.
lines_flush() {
    for loki in loki-1 loki-2 loki-3; do
        wget -q -O /dev/null -T 300 --post-data= "http://$loki:3100/ingester/shutdown?flush=true&terminate=false"
    done
}

lines_in() {
    mkdir -p "$staged"
    copy storage:logs/fake "$staged/fake"
    find "$staged/fake" -type f >"$found"
    while read -r file; do
        series="$chunks/fake/$(basename "$(dirname "$file")")"
        mkdir -p "$series"
        mv "$file" "$series/$(printf %s "$(basename "$file")" | base64 -w 0)"
    done <"$found"
    copy storage:logs/index "$chunks/index"
}

# The first Prometheus has its own blocks still. What Thanos has made of blocks for long queries, it can't read.
metrics_in() {
    rclone lsf --dirs-only storage:metrics >"$found"
    while read -r line; do
        block="${line%/}"
        [ "${#block}" -eq 26 ] && [ ! -d "/prometheus/$block" ] || continue
        about="$(rclone cat "storage:metrics/$block/meta.json" | tr -d ' \n\t')"
        case "$about" in
        *'"resolution":0'*) ;;
        *) continue ;;
        esac
        case "$about" in
        *'"source":"sidecar"'*) continue ;;
        esac
        copy "storage:metrics/$block" "/prometheus/$block.tmp"
        mv "/prometheus/$block.tmp" "/prometheus/$block"
    done <"$found"
}

rm -rf "$staged"
case "$1" in
lines-out) lines_out ;;
lines-flush) lines_flush ;;
lines-in) lines_in ;;
metrics-in) metrics_in ;;
esac
rm -rf "$staged"
