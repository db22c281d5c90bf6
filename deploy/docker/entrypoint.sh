#!/bin/sh
# Secrets that the platform mounts as files (Swarm: /run/secrets/NAME) become variables of
# the service, unless they are set; then this shell becomes the service or the command
# given, so that it is process 1 and gets the stop signal.
set -eu
for file in "${FRAUD_SECRETS:-/run/secrets}"/[A-Z]*; do
    name=${file##*/}
    if [ -f "$file" ] && [ -z "$(printenv "$name" || true)" ]; then
        export "$name=$(cat "$file")"
    fi
done
if [ "$#" -eq 0 ]; then
    set -- python -m "fraud_${SERVICE}"
fi
exec "$@"
