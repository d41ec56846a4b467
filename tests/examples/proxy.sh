#!/usr/bin/env bash
# Client -> proxy -> proxy -> server: what comes is what was asked for, to the byte.
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"

programs=$(dirname -- "$1")
processes=()
trap 'kill "${processes[@]}" 2>/dev/null || true; rm -rf -- "$serving_folder"' EXIT

# begin PROGRAM [ARGS]: starts one of several; its URL is then in `url`.
begin() {
  start "$@"
  processes+=("$serving_process")
}

begin "$programs/bao-welcome" --port=0
origin=$url
begin "$1" "$origin" --port=0
middle=$url
begin "$1" "$middle" --port=0

cmp <(curl --silent "$origin/") <(curl --silent "$url/") || fail 'the page has changed on its way'
answers '*HTTP/1.1 404*' --head /nowhere
status 404 '/nowhere?a=b'

# Nobody behind the proxy.
begin "$1" http://127.0.0.1:1 --port=0
answers 'Bad Gateway' /
status 502 /
finish
