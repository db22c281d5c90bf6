#!/bin/sh
# Secrets of the swarm from a `.env` (`make env`), each named NAME_<version>:
#   deploy/swarm-secrets.sh [VERSION [FILE]]
# The URLs of the stores are asked of the environment: DATABASE_URL, REDIS_URL, AMQP_URL.
set -eu
version=${1:-1}
file=${2:-.env}
value() {
    eval "given=\${$1:-}"
    if [ -n "$given" ]; then
        printf '%s' "$given"
    else
        sed -n "s/^$1=//p" "$file" | sed "s/^'\(.*\)'$/\1/"
    fi
}
for name in $(sed -n "s/^  \([A-Z_]*\): {external.*/\1/p" "$(dirname "$0")/stack.yml"); do
    text=$(value "$name")
    if [ -z "$text" ]; then
        echo "$name has no value in $file, and none in the environment" >&2
        exit 1
    fi
    printf '%s' "$text" | ${DOCKER:-docker} secret create "${name}_$version" - >/dev/null
    echo "${name}_$version"
done
