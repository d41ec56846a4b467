#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"

socket=$serving_folder/bao.sock
start "$1" "$socket"
[[ $url == "unix://$socket" ]] || fail "it printed $url"
url=http://localhost
answers 'Hello to this machine' --unix-socket "$socket" /
finish
[[ ! -e $socket ]] || fail 'the socket file was left behind'

# The file of a server that died is no obstacle; that of a living one is.
start "$1" "$socket"
kill -KILL "$serving_process"
wait "$serving_process" 2>/dev/null || true
[[ -S $socket ]] || fail 'a killed server cannot remove its file'
start "$1" "$socket"
url=http://localhost
answers 'Hello to this machine' --unix-socket "$socket" /
if second=$("$1" "$socket" 2>&1); then fail 'two servers on one path'; fi
[[ $second == *' is in use already: '* ]] || fail "it said: $second"
finish
