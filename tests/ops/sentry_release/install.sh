#!/usr/bin/env bash
# A stand-in for the installer of Sentry's release, written for the test: the same kinds of calls in the same order.
set -euo pipefail
for word in "$@"; do
  case "$word" in
  --skip-user-creation | --no-report-self-hosted-issues | --apply-automatic-config-updates | --skip-commit-check) ;;
  *) echo "Unexpected argument: $word" && exit 1 ;;
  esac
done
if [[ "$#" -lt 4 ]]; then
  echo "A question would be asked here, and nobody answers." && exit 1
fi
# What the caller's environment has wins over the release's own files.
given=$(mktemp)
export -p >"$given"
set -a
# shellcheck disable=SC1091
source .env
# shellcheck disable=SC1091
source .env.custom
set +a
# shellcheck disable=SC1090
source "$given"
rm "$given"
dc=(docker compose --ansi never --env-file .env.custom)

docker info --format '{{.Architecture}}'
docker compose version --short
source install/_min-requirements.sh
[[ "$(docker run --rm busybox nproc --all)" -ge "$MIN_CPU_HARD" ]]
"${dc[@]}" pull --ignore-pull-failures
"${dc[@]}" down -t 60 --rmi local --remove-orphans
for volume in sentry-data sentry-postgres; do docker volume create "--name=$volume"; done
for file in sentry/sentry.conf.py sentry/config.yml relay/config.yml; do
  [[ -f "$file" ]] || cp "${file%.*}.example.${file##*.}" "$file"
done
for service in $("${dc[@]}" config --services); do "${dc[@]}" build "$service"; done
"${dc[@]}" up --wait postgres
"${dc[@]}" run --pull=never --rm web upgrade --noinput --create-kafka-topics
"${dc[@]}" stop -t 60
