#!/bin/sh
# Makes the buckets of metrics and logs, as soon as the storage takes them.
set -eu

for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    said="$(printf '%s\n' "s3.bucket.create -name metrics" "s3.bucket.create -name logs" "s3.bucket.list" |
        weed shell -master=storage:9333 -filer=storage:8888 2>&1)" || said="$said (the shell failed)"
    case "$said" in
    *logs*size*metrics*size*) exit 0 ;;
    esac
    sleep 2
done
echo "The storage has no buckets logs and metrics after 40 s. It said: $said" >&2
exit 1
