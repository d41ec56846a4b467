#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"

# Begins a slow request and waits until its handler runs.
begin_slow() {
  exec {slow}< <(ask -i /slow)
  while [[ $line != 'a slow request begins' ]]; do next_line; done
}

# A signal: the request under way is still answered, and its connection ends behind it.
start "$1" --port=0
while [[ $(ask /) == 'generation 1' ]]; do :; done
while [[ $line != *' requests on '*' connections, '*' bytes out' ]]; do next_line; done
begin_slow
finish INT
[[ $said == *'stopped after '*' good replies' ]] || fail "it said: $said"
reply=$(cat <&"$slow")
[[ $reply == *'Connection: close'*'done after all' ]] || fail "the slow request got: $reply"

# The program itself ends the server.
start "$1" --port=0
begin_slow
answers 'good bye' -X POST /stop
end
[[ $said == 'stopping with 2 requests under way'*'stopped after 2 good replies' ]] || fail "it said: $said"
reply=$(cat <&"$slow")
[[ $reply == *'Connection: close'*'done after all' ]] || fail "the slow request got: $reply"
