#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"

start "$1" --port=0
answers 'Ada' /users/1
answers 'there is no /users/7' /users/7
status 404 /users/7
answers 'an id is a number' /users/seven
# The development page: what was meant, what got in the way, and where.
answers '*500 Internal Server Error*text/html*Cannot write the report*out_of_range*errors.cc*' -i /report
answers '*UnknownException*42*' /odd
grep -q '^\[app\] ' "$serving_folder/errors" || fail 'the errors did not reach .log'

# A second server on the same port says in a sentence why it cannot start.
port=${url##*:}
if second=$("$1" --port="$port" 2>&1); then fail 'two servers on one port'; fi
[[ $second == "Port $port on all interfaces ("*") is in use already: "* ]] || fail "it said: $second"
finish

if wrong=$("$1" --port=70000 2>&1); then fail 'port 70000'; fi
[[ $wrong == 'The argument --port is "70000": give a port from 0 (any free one) to 65535' ]] || fail "it said: $wrong"

NODE_ENV=production start "$1" --port=0
answers '*500 Internal Server Error*Content-Length: 0*' -i /report
finish
