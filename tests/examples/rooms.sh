#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"
source "$(dirname -- "$0")/websocket.sh"

login() {
  ask -i -d "name=$1" /login | sed -n 's/^Set-Cookie: \([^;]*\);.*/\1/p'
}

start "$1" --port=0
url=${url/localhost/127.0.0.1}
status 400 -d '' /login
status 401 /rooms/1
ada=$(login Ada)
[[ $ada =~ ^session=[0-9a-f]{32}$ ]] || fail "the cookie is $ada"
status 403 -H "Cookie: $ada" -H 'Origin: http://evil.example' /rooms/1
status 400 -H "Cookie: $ada" -H "Origin: $url" /rooms/1
enter /rooms/1 "Cookie: $ada" "Origin: $url"
first=$socket
hears "$first" 'You are in room 1'
enter /rooms/1 "Cookie: $(login Bob)"
second=$socket
hears "$second" 'You are in room 1'
hears "$first" 'Bob enters'
say "$second" 'hi'
hears "$first" 'Bob: hi'
enter /rooms/2 "Cookie: $(login Eve)"
hears "$socket" 'You are in room 2'
third=$socket
say "$first" 'only for room 1'
hears "$second" 'Ada: only for room 1'
leave "$second"
next_line
[[ $line == 'Bob has left' ]] || fail "it said: $line"
# A graceful stop waits for those who are still there.
leave "$first"
leave "$third"
finish
