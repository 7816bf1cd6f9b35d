#!/bin/sh
# SeaweedFS as the object storage of this stack, for whoever has the key in secrets/storage_s3 (a file of AWS' form).
set -eu

value() {
    sed -n "s/^$1 *= *//p" /run/secrets/storage_s3
}

umask 077
cat >/tmp/s3.json <<END
{"identities": [{"name": "stack", "actions": ["Admin", "Read", "Write", "List", "Tagging"], "credentials": [
    {"accessKey": "$(value aws_access_key_id)", "secretKey": "$(value aws_secret_access_key)"}]}]}
END
exec weed server -dir=/data -ip=storage -ip.bind=0.0.0.0 -master.volumeSizeLimitMB=1024 -volume.max=0 \
    -metricsPort=9327 -filer -s3 -s3.config=/tmp/s3.json
