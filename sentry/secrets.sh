# Sourced by the scripts beside it: what Bugsink takes from its environment only is put there from the secret files,
# inside the container, where `docker inspect` doesn't show it.
# shellcheck shell=sh

secret() {
    if [ ! -s "/run/secrets/$1" ]; then
        echo "The secret $1 is missing or empty in /run/secrets; expected the file that make up makes." >&2
        exit 1
    fi
    cat "/run/secrets/$1"
}

# Empty where the channel is off.
optional() {
    cat "/run/secrets/$1"
}

secret bugsink_secret_key > /dev/null # stack_conf.py reads it
export DJANGO_SETTINGS_MODULE=stack_conf PYTHONPATH=/app:/etc/bugsink
cd /app || exit 1
