#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"

start "$1" --port=0
answers '*new EventSource("/events")*' /
# listen [CURL ARGS]: listens in the background; `heard` is the descriptor of what comes.
listen() {
  exec {heard}< <(exec curl --silent --no-buffer --noproxy '*' --max-time 30 "$@" "$url/events" 2>/dev/null)
  listener=$!
}
# hears LINE: waits for it.
hears() {
  local said
  while IFS= read -r -t 30 -u "$heard" said; do
    [[ $said == "$1" ]] && return
  done
  fail "no event said: $1"
}

listen
hears 'event: hello'
status 204 --form-string text='two
lines' /say
status 204 --data text=more /say
hears 'id: 0'
hears 'data: two'
hears 'data: lines'
hears 'data: more'
kill "$listener"
exec {heard}<&-
# Who comes back gets what was said meanwhile.
listen --header 'Last-Event-ID: 0'
hears 'id: 1'
hears 'data: more'
kill "$listener"
exec {heard}<&-
status 415 --header 'Content-Type: text/plain' --data text /say
finish
