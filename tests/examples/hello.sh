#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"

start "$1" --port=0
answers 'Hello from Bao' /
answers 'Hello from Bao' -X POST --data 'anything' /some/where?else=1
finish INT

# The last --port of the command line counts, and the environment's PORT only without one.
PORT=1 start "$1" --port 2 --port=0
answers 'Hello from Bao' /
finish TERM
PORT=0 start "$1"
answers 'Hello from Bao' /
finish
