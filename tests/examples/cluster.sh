#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"

start "$1" --port=0
answers 'child *' /
# The process goes, and another one takes its place; the port stays.
! ask /crash 2>/dev/null || fail 'it does not crash'
while [[ $line != 'child '*' is back' ]]; do next_line; done
grep -q 'of the cluster (process .*) was ended by SIGABRT; it starts again in 100 ms' "$serving_folder/errors" ||
  fail 'nothing is said of the crash'
for request in 1 2 3 4 5 6; do answers 'child *' /; done
finish
[[ $said == 'all have ended' ]] || fail "it said: $said"
