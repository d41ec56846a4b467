#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"

start "$1" --port=0
answers 'slept 50 ms' '/sleep?ms=50'
status 400 '/sleep?ms=-1'
answers 'localhost is *' /resolve/localhost
status 500 /resolve/name.invalid
answers 'tick * warm' /ticks
answers '20 steps' /clock
# A client that goes away in the middle.
ask --max-time 0.2 /clock 2>/dev/null && fail 'the client should have given up'
while [[ $line != 'the client left at step '* ]]; do next_line 'the client left'; done
finish
