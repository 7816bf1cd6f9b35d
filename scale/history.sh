#!/bin/sh
# History between one machine's volumes and the storage. What is there already stays, and what is copied is whole.
set -eu

chunks=/loki/chunks
staged=/loki/moved

trap 'rm -rf "$staged"' EXIT
trap 'exit 130' INT TERM HUP

copy() {
    rclone copy --s3-no-check-bucket --transfers=8 --stats=30s --stats-one-line --stats-log-level=NOTICE "$@"
}

# On a disk Loki has the last part of a chunk's key in base64: its colons are no part of a file's name everywhere.
lines_out() {
    [ -d "$chunks/fake" ] || return 0
    mkdir "$staged/fake" # rclone wants it, also where there is no chunk
    find "$chunks/fake" -type f >"$staged/found"
    while read -r file; do
        [ -e "$file" ] || continue # Loki has deleted it meanwhile
        folder="${file%/*}"
        series="$staged/fake/${folder##*/}"
        [ -d "$series" ] || mkdir -p "$series"
        ln "$file" "$series/$(printf %s "${file##*/}" | base64 -d)"
    done <"$staged/found"
    copy "$staged/fake" "$LOGS/fake"
    [ ! -d "$chunks/index" ] || copy "$chunks/index" "$LOGS/index"
}

# Each answers when the storage has what it had in memory.
lines_flush() {
    for loki in loki-1 loki-2 loki-3; do
        wget -q -O /dev/null -T 300 --post-data= "http://$loki:3100/ingester/shutdown?flush=true&terminate=false"
    done
}

lines_in() {
    rclone lsf --recursive --files-only "$LOGS/fake" >"$staged/found"
    while read -r key; do
        place="$chunks/fake/${key%/*}/$(printf %s "${key##*/}" | base64 -w 0)"
        [ ! -e "$place" ] || continue
        printf '%s\n' "$key" >&3
        printf '%s\n' "$place" >&4
    done <"$staged/found" 3>"$staged/missing" 4>"$staged/places"
    copy --files-from-raw="$staged/missing" "$LOGS/fake" "$staged/fake"
    while read -r key <&3 && read -r place <&4; do
        [ -d "${place%/*}" ] || mkdir -p "${place%/*}"
        mv "$staged/fake/$key" "$place"
    done 3<"$staged/missing" 4<"$staged/places"
    copy "$LOGS/index" "$chunks/index"
}

# The first Prometheus has its own blocks still. What Thanos has made of blocks for long queries, it can't read.
metrics_in() {
    rclone lsf --dirs-only "$METRICS" >/tmp/found
    while read -r line; do
        block="${line%/}"
        [ "${#block}" -eq 26 ] && [ ! -d "/prometheus/$block" ] || continue
        ended=0
        rclone copyto "$METRICS/$block/meta.json" /tmp/meta.json || ended=$?
        case "$ended" in
        0) ;;
        3 | 4) continue ;; # not uploaded whole, or being deleted
        *) exit "$ended" ;;
        esac
        about="$(tr -d ' \n\t' </tmp/meta.json)"
        case "$about" in
        *'"source":"sidecar"'*) continue ;;
        *'"resolution":0'*) ;;
        *) continue ;;
        esac
        copy "$METRICS/$block" "/prometheus/$block.tmp"
        # Else Prometheus drops what its own log has of the time before the newest block.
        grep -q '"hints"' "/prometheus/$block.tmp/meta.json" ||
            sed -i 's/"compaction": *{/"compaction": {"hints": ["from-out-of-order"],/' "/prometheus/$block.tmp/meta.json"
        mv "/prometheus/$block.tmp" "/prometheus/$block"
    done </tmp/found
}

case "$1" in
metrics-in) metrics_in ;;
lines-flush) lines_flush ;;
lines-out | lines-in)
    rm -rf "$staged"
    mkdir "$staged"
    if [ "$1" = lines-out ]; then lines_out; else lines_in; fi
    ;;
esac
