#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"

start "$1" --port=0
answers 'ticks: *' /
answers 'the loops went on, ticks: [1-9]*' /slow
finish TERM
[[ $said == stopped ]] || fail "it said: $said"
