#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"
source "$(dirname -- "$0")/websocket.sh"

start "$1" --port=0
url=${url/localhost/127.0.0.1}
status 400 /
enter /
[[ $head == 'HTTP/1.1 101 '*'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='* ]] || fail "it answered: $head"
say "$socket" 'hello'
hears "$socket" 'hello'
leave "$socket"
finish
