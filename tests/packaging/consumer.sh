# Read by the packaging tests: a folder to work in, and what to do with a built consumer.

work=$(mktemp -d "${TMPDIR:-/tmp}/bao-packaging.XXXXXX")
consumer_process=
trap '[[ -z $consumer_process ]] || kill "$consumer_process" 2>/dev/null; rm -rf -- "$work"' EXIT

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# install_bao BUILD PREFIX: installs a build, then moves all of it to PREFIX, as users and packagers do.
install_bao() {
  cmake --install "$1" --prefix "$work/first-place" >/dev/null || fail "cmake --install"
  mv -- "$work/first-place" "$2"
}

# answers PROGRAM: runs it, sends a request to the URL that it prints, and ends it by SIGTERM.
answers() {
  local output url said
  exec {output}< <(exec "$1")
  consumer_process=$!
  read -r -t 30 -u "$output" url || fail "$1 did not say where it listens"
  said=$(curl --silent --show-error --fail --noproxy '*' --max-time 30 "$url") || fail "$1 did not answer at $url"
  [[ $said == 'Hello from a consumer' ]] || fail "$1 answered '$said'"
  kill -TERM "$consumer_process"
  wait "$consumer_process" || fail "$1 ended with status $? after SIGTERM"
  consumer_process=
  exec {output}<&-
  printf '%s answers\n' "${1##*/}"
}
