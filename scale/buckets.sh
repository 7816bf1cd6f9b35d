#!/bin/sh
# Has both buckets, as soon as the storage takes what is written into them and gives it back.
set -eu

once() {
    rclone --retries=1 --low-level-retries=1 --contimeout=5s --timeout=10s "$@"
}

# A bucket that is there isn't made: the key of a storage of one's own may not be allowed to.
tried() {
    object="$1/written-at-a-start"
    if ! printf whole | once rcat --s3-no-check-bucket "$object"; then
        once mkdir "$1" && printf whole | once rcat --s3-no-check-bucket "$object" || return 1
    fi
    [ "$(once cat "$object")" = whole ] && once deletefile "$object"
}

for bucket in "$METRICS" "$LOGS"; do
    tries=0
    until said="$(tried "$bucket" 2>&1)"; do
        tries=$((tries + 1))
        if [ "$tries" -eq 10 ]; then
            printf '%s\n' "$said" >&2
            echo "The storage at $RCLONE_CONFIG_STORAGE_ENDPOINT said so of the bucket ${bucket#*:}; expected it to write," \
                "read and delete there by the key in secrets/storage_s3." >&2
            exit 1
        fi
        sleep 2
    done
done
