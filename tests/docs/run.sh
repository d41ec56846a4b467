#!/usr/bin/env bash
# run.sh PROGRAM BASE: runs a program of a page. If it prints a URL it is sent the commands of BASE.console and then
# ended by SIGINT, unless there is BASE.ends; else it must end by itself. Its exit status must be 0, and it must print what
# BASE.output says.
#
# Where a page says localhost:3000 the port is taken that the program has got. … stands for anything.
set -euo pipefail
source "$(dirname -- "$0")/../examples/serving.sh"
base=$2

unset BUN_PORT NODE_PORT NODE_ENV
export PORT=0
cd -- "$serving_folder"

curl() {
  command curl --silent --show-error --noproxy '*' --max-time 30 "$@"
}

# here TEXT: as it is true for this run.
here() {
  printf "%s" "${1//:3000/:$port}"
}

# matches TEXT EXPECTED
matches() {
  local pattern=$2 special
  for special in '\' '*' '?' '[' ']'; do pattern=${pattern//"$special"/"\\$special"}; done
  pattern=${pattern//…/*}
  # shellcheck disable=SC2053
  [[ $1 == $pattern ]]
}

# Runs the commands of the page one by one, each followed by what it prints.
talk() {
  local line command='' expected=''
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ $line == '$ '* ]]; then
      [[ -z $command ]] || try "$command" "$expected"
      command=${line#'$ '} expected=''
    else
      expected+=$line$'\n'
    fi
  done <"$base.console"
  try "$command" "$expected"
}

# try COMMAND EXPECTED
try() {
  local got expected=${2%$'\n'}
  got=$(eval "$(here "$1")" 2>&1 | tr -d '\r') || true
  matches "$got" "$(here "$expected")" ||
    fail "$1"$'\n'"-- printed:"$'\n'"$got"$'\n'"-- the page says:"$'\n'"$expected"
}

printed=
port=
launch "$1" --port=0
while IFS= read -r -t 30 -u "$serving_output" line; do
  printed+=$line$'\n'
  if [[ $line =~ (http|unix|abstract)://[^[:space:]]+ ]]; then
    url=${BASH_REMATCH[0]%/}
    [[ $url =~ :([0-9]+)$ ]] && port=${BASH_REMATCH[1]}
    break
  fi
done
if [[ -n $url ]]; then
  if [[ -e $base.console ]]; then
    talk
  else
    # An answer shows that the loop runs, and so that signals are cared for.
    ask / >/dev/null
  fi
  if [[ -e $base.ends ]]; then end; else finish; fi
else
  [[ ! -e $base.console ]] || fail 'it prints no URL, so nobody can ask it'
  end
fi
printed+=$said
if [[ -e $base.output ]]; then
  expected=$(here "$(cat -- "$base.output")")
  matches "${printed%$'\n'}" "$expected" || fail "it printed:"$'\n'"$printed"$'\n'"-- the page says:"$'\n'"$expected"
fi
