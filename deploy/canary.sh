#!/bin/sh
# A canary of the challenger: start [SHARE] | judge | promote | stop. See docs/canary.md.
# KUBECTL and FRAUD name other commands (docker compose users set the variables in .env).
set -eu
kubectl=${KUBECTL:-kubectl -n fraud}
fraud=${FRAUD:-fraud}
gateway="deploy/orchestrator"

mode() {
    $kubectl set env "$gateway" FRAUD_CHALLENGER_MODE="$1" FRAUD_CHALLENGER_SHARE="$2"
    $kubectl rollout status "$gateway" --timeout=5m
}

# Exit status 0 when the challenger's verdicts cost less, with 95 % of the draws.
judge() {
    $fraud models compare --json | tail -n 1 | python3 -c '
import json, sys
found = json.load(sys.stdin)
figures = found["figures"]
name = next(n for n in figures if "cost" in n)
better = figures[name]["challenger_better"]
sys.stdout.write("%s: the challenger is better with %.0f %% of the draws\n" % (name, 100 * better))
sys.exit(better < 0.95)'
}

case "${1:-}" in
start) mode share "${2:-0.05}" ;;
judge) judge ;;
promote)
    judge
    echo "The challenger decides for every account from now on."
    mode share 1
    ;;
stop) mode shadow 0.1 ;;
*)
    echo "usage: $0 start [SHARE] | judge | promote | stop" >&2
    exit 2
    ;;
esac
