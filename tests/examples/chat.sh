#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"
source "$(dirname -- "$0")/websocket.sh"

start "$1" --port=0
url=${url/localhost/127.0.0.1}
answers '*<title>Chat</title>*' /
status 400 /chat
status 400 "/chat?name=$(printf 'x%.0s' {1..41})"
enter '/chat?name=Ada'
ada=$socket
hears "$ada" 'Ada has come (1 here)'
enter '/chat?name=Bob'
bob=$socket
hears "$ada" 'Bob has come (2 here)'
hears "$bob" 'Bob has come (2 here)'
say "$bob" 'hello'
hears "$ada" 'Bob: hello'
hears "$bob" 'Bob: hello'
leave "$bob"
hears "$ada" 'Bob has gone (1 here)'
leave "$ada"
finish
