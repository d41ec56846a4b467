# Read by the tests of programs with WebSockets, behind serving.sh: a client of its own, out of bash.

# enter PATH [FIELD…]: opens a WebSocket; its descriptor is then in `socket`, and the reply's head in `head`.
enter() {
  local host=${url#http://} line
  exec {socket}<>"/dev/tcp/${host%:*}/${host##*:}"
  {
    printf 'GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' "$1" "$host"
    printf 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n'
    (( $# == 1 )) || printf '%s\r\n' "${@:2}"
    printf '\r\n'
  } >&"$socket"
  head=
  while IFS= read -r -t 30 -u "$socket" line || fail "there is no reply at $1"; do
    line=${line%$'\r'}
    [[ -n $line ]] || break
    head+=$line$'\n'
  done
}

# say SOCKET TEXT: sends a text of less than 126 bytes. A mask of zeros leaves it as it is.
say() {
  local LC_ALL=C size
  printf -v size '\\x%02x' $(( 0x80 | ${#2} ))
  printf "\\x81$size\\x00\\x00\\x00\\x00%s" "$2" >&"$1"
}

# hears SOCKET PATTERN: waits for the next text, which must match.
hears() {
  local LC_ALL=C first size text=
  IFS= read -r -d '' -N 1 -t 30 -u "$1" first || fail "no message came; wanted: $2"
  [[ $first == $'\x81' ]] || fail "a frame of another kind came; wanted: $2"
  IFS= read -r -d '' -N 1 -t 30 -u "$1" size || fail 'half a frame came'
  printf -v size '%d' "'$size"
  IFS= read -r -d '' -N "$size" -t 30 -u "$1" text || fail 'half a frame came'
  # shellcheck disable=SC2053
  [[ $text == $2 ]] || fail "it said: $text"$'\n'"expected: $2"
}

# leave SOCKET: closes it without a word.
leave() {
  local descriptor=$1
  exec {descriptor}>&-
}
