# Read by the tests that run a serving program: starts it, knows its URL, asks it, and ends it by a signal.

serving_folder=$(mktemp -d "${TMPDIR:-/tmp}/bao-serving.XXXXXX")
serving_process=
url=
trap '[[ -z $serving_process ]] || kill -KILL "$serving_process" 2>/dev/null; rm -rf -- "$serving_folder"' EXIT

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  if [[ -s $serving_folder/errors ]]; then
    printf 'The program said on stderr:\n' >&2
    cat -- "$serving_folder/errors" >&2
  fi
  exit 1
}

# next_line: waits for a line of the program's output and puts it into `line`.
next_line() {
  IFS= read -r -t 30 -u "$serving_output" line || fail "the program says no more${1:+; wanted: $1}"
}

# launch PROGRAM [ARGS]: runs it; `serving_output` is then the descriptor of its output.
launch() {
  exec {serving_output}< <(exec "$@" 2>"$serving_folder/errors")
  serving_process=$!
  url=
}

# start PROGRAM [ARGS]: runs it and waits until it has printed where it listens, which is then in `url`, without the
# slash at its end.
start() {
  launch "$@"
  while [[ -z $url ]]; do
    next_line 'a URL'
    [[ $line =~ (https?|unix|abstract)://[^[:space:]]+ ]] && url=${BASH_REMATCH[0]%/}
  done
}

# finish [SIGNAL]: ends the program, which must exit with status 0. What it said meanwhile is then in `said`.
finish() {
  kill -"${1:-INT}" "$serving_process" || fail 'the program has ended by itself'
  end "${1:-INT}"
}

# end [WHY]: waits until the program has ended, as after finish.
end() {
  local status=0
  wait "$serving_process" || status=$?
  serving_process=
  said=$(cat <&"$serving_output")
  exec {serving_output}<&-
  (( status == 0 )) || fail "it ended with status $status${1:+ after SIG$1}"
}

# ask [CURL ARGS] PATH: makes a request.
ask() {
  command curl --silent --show-error --noproxy '*' --max-time 30 "${@:1:$#-1}" "$url${!#}" | tr -d '\r'
}

# answers PATTERN [CURL ARGS] PATH: makes a request whose output must match the pattern, with * for anything.
answers() {
  local got
  got=$(ask "${@:2}") || fail "curl ${*:2} failed"
  # shellcheck disable=SC2053
  [[ $got == $1 ]] || fail "curl ${*:2}"$'\n'"answered: $got"$'\n'"expected: $1"
}

# status CODE [CURL ARGS] PATH: the same for the status alone.
status() {
  answers "$1" --output /dev/null --write-out '%{http_code}' "${@:2}"
}
