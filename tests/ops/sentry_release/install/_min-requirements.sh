# shellcheck shell=bash disable=SC2034 # they are read by whoever sources this
MIN_DOCKER_VERSION='19.03.6'
MIN_COMPOSE_VERSION='2.32.2'
MIN_BASH_VERSION='4.4.0'
if [[ "$COMPOSE_PROFILES" == "errors-only" ]]; then
  MIN_RAM_HARD=7000 MIN_CPU_HARD=2
else
  MIN_RAM_HARD=14000 MIN_CPU_HARD=4
fi
