#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"

start "$1" --port=0
for request in 1 2 3 4 5 6; do answers "thread * answers its request *, $request in all" /; done
finish
[[ $said == '6 requests' ]] || fail "it said: $said"
