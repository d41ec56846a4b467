#!/usr/bin/env bash
# curl_test.sh PROGRAM: curl talks to server.cc in all the ways that it knows.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
source "$here/../examples/serving.sh"
program=$1
work=$serving_folder

# says TEXT CURL-ARGS: curl's output must be exactly that.
says() {
  local got
  got=$(curl --silent --show-error --noproxy '*' --max-time 30 "${@:2}") || fail "curl ${*:2}: status $?"
  [[ $got == "$1" ]] || fail "curl ${*:2}"$'\n'"said: ${got:0:500}"$'\n'"expected: $1"
}

# transcript CURL-ARGS: what curl -v tells, without its output.
transcript() {
  curl --silent --show-error --verbose --noproxy '*' --max-time 30 --output /dev/null "$@" 2>&1 | tr -d '\r'
}

head -c 2097152 /dev/urandom >"$work/two-megabytes"
head -c 9000000 /dev/zero >"$work/nine-megabytes"
cd -- "$work"
start "$program"

# -- Connections
says $'hello, world 1\nhello, world 0\nhello, world 0' --write-out ' %{num_connects}\n' "$url/hello" "$url/hello" "$url/hello"
says 'bye 1bye 1' --write-out ' %{num_connects}' "$url/bye" "$url/bye"
says 'hello, world 1hello, world 1' --header 'Connection: close' --write-out ' %{num_connects}' "$url/hello" "$url/hello"
[[ $(curl --silent --no-progress-meter --noproxy '*' --parallel "$url/slow?[1-20]" | grep -o . | wc -l) == 31 ]] || fail 'curl --parallel'

# -- HTTP/1.0 (RFC 9112 section 9.3)
says 'hello, world 1hello, world 1' --http1.0 --write-out ' %{num_connects}' "$url/hello" "$url/hello"
says 'hello, world 1hello, world 0' --http1.0 --header 'Connection: keep-alive' --write-out ' %{num_connects}' \
  "$url/hello" "$url/hello"
says $'piece 0\npiece 1\npiece 2\npiece 3\npiece 4' --http1.0 "$url/stream"

# -- HEAD (RFC 9110 section 9.3.2)
head=$(curl --silent --noproxy '*' --head "$url/hello" | tr -d '\r')
for line in 'HTTP/1.1 200 OK' 'Content-Length: 12' 'Content-Type: text/plain;charset=utf-8'; do
  grep -qxF "$line" <<<"$head" || fail "HEAD: no line '$line' in: $head"
done
says '12 1 12 0 ' --head --output /dev/null --output /dev/null --write-out '%header{content-length} %{num_connects} ' \
  "$url/hello" "$url/hello"

# -- Bodies
for upload in '--data-binary @' '--upload-file '; do
  # shellcheck disable=SC2086
  curl --silent --show-error --noproxy '*' --max-time 60 $upload"$work/two-megabytes" --output "$work/back" "$url/echo"
  cmp "$work/two-megabytes" "$work/back" || fail "$upload: what came back is not what was sent"
done
said=$(transcript --data-binary "@$work/two-megabytes" --header 'Expect: 100-continue' "$url/echo")
grep -q '^< HTTP/1.1 100 Continue$' <<<"$said" || fail "no 100 Continue: $said"
grep -q '^< HTTP/1.1 200 OK$' <<<"$said" || fail "no 200 behind the 100: $said"
said=$(transcript --data-binary "@$work/two-megabytes" --header 'Expect: 100-continue' "$url/refuse")
! grep -q '100 Continue' <<<"$said" || fail "a body that nobody wants was asked for"
grep -q '^< HTTP/1.1 403 Forbidden$' <<<"$said" || fail "no 403: $said"

# Chunked, of a length that nobody knows before.
curl --silent --show-error --noproxy '*' --max-time 60 --upload-file - --output "$work/back" "$url/echo" \
  <"$work/two-megabytes"
cmp "$work/two-megabytes" "$work/back" || fail 'a chunked upload came back changed'
says 'abc' --upload-file - --header 'Expect:' "$url/echo" < <(printf a; sleep 0.02; printf b; sleep 0.02; printf c)

says '417' --output /dev/null --write-out '%{http_code}' --header 'Expect: tea' --data x "$url/echo"
says '413' --output /dev/null --write-out '%{http_code}' --data-binary "@$work/nine-megabytes" \
  "$url/echo"
says 'a=1&b=%20' --data 'a=1&b=%20' "$url/echo"
says '{"a": 1}' --json '{"a": 1}' "$url/echo"

# -- Targets
says '/path/a/../b' --path-as-is "$url/path/a/../b"
says '/path//b/./c' --path-as-is "$url/path//b/./c"
says '/path/b' "$url/path/a/../b"
says '/path/%41%2f%zz' --path-as-is "$url/path/%41%2f%zz"
says '404' --output /dev/null --write-out '%{http_code}' --path-as-is "$url/../hello"

# -- Methods, statuses, fields
[[ $(curl --silent --noproxy '*' --request PURGE "$url/describe" | head -n 1) == 'PURGE /describe' ]] || fail 'PURGE'
says '405 GET, HEAD' --request DELETE --output /dev/null --write-out '%{http_code} %header{allow}' "$url/get-only"
says 'GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS' --request OPTIONS --request-target '*' --output /dev/null \
  --write-out '%header{allow}' "$url"
says '204' --write-out '%{http_code}' "$url/none"
says 'hello, world' --location "$url/redirect"
says '500' --write-out '%{http_code}' "$url/throw"
says '404' --write-out '%{http_code}' "$url/nowhere"
says '3000000' --output /dev/null --write-out '%{size_download}' "$url/large"

# Conditional requests as curl makes them (RFC 9110 section 13.1.2).
says 'hello, world' --etag-save "$work/etag" "$url/hello"
says '304' --etag-compare "$work/etag" --write-out '%{http_code}' "$url/hello"

# -- Files (RFC 9110 sections 13 and 14)
curl --silent --show-error --noproxy '*' --output "$work/back" --dump-header "$work/head" "$url/file"
cmp "$work/two-megabytes" "$work/back" || fail 'a file came changed'
modified=$(tr -d '\r' <"$work/head" | sed -n 's/^Last-Modified: //p')
says '304' --time-cond "$modified" --output /dev/null --write-out '%{http_code}' "$url/file"
says '412' --header 'If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT' --write-out '%{http_code}' "$url/file"
head -c 1234567 "$work/two-megabytes" >"$work/back"
says '206 862585' --continue-at - --output "$work/back" --write-out '%{http_code} %{size_download}' "$url/file"
cmp "$work/two-megabytes" "$work/back" || fail 'a download was not taken up where it ended'
says '206 bytes 2097000-2097151/2097152' --range 2097000- --output "$work/back" \
  --write-out '%{http_code} %header{content-range}' "$url/file"
tail -c 152 "$work/two-megabytes" | cmp - "$work/back" || fail 'a range is another one'
says '416 bytes */2097152' --range 2097152- --write-out '%{http_code} %header{content-range}' "$url/file"

# -- Streams
says $'piece 0\npiece 1\npiece 2\npiece 3\npiece 4' "$url/stream"
curl --silent --noproxy '*' --dump-header "$work/head" --output /dev/null "$url/stream"
tr -d '\r' <"$work/head" | grep -qx 'X-Pieces: 5' || fail 'the trailer is missing'

# -- Addresses: all interfaces means IPv4 and IPv6
port=${url##*:}
says '127.0.0.1' --ipv4 "http://127.0.0.1:$port/address"
says '127.0.0.1' --ipv4 "http://localhost:$port/address"
if [[ -e /proc/net/if_inet6 ]] && grep -q ' lo$' /proc/net/if_inet6; then
  says '::1' --ipv6 "http://[::1]:$port/address"
fi
finish TERM

# -- Unix sockets
start "$program" --unix "$work/socket"
says 'hello, world' --unix-socket "$work/socket" http://anything/hello
says 'none' --unix-socket "$work/socket" http://anything/address
curl --silent --show-error --max-time 60 --unix-socket "$work/socket" --upload-file "$work/two-megabytes" \
  --output "$work/back" http://anything/echo
cmp "$work/two-megabytes" "$work/back" || fail 'an upload over a unix socket came back changed'
finish
[[ ! -e $work/socket ]] || fail 'the socket file is left behind'

start "$program" --abstract "bao-curl-test-$$"
says 'hello, world' --abstract-unix-socket "bao-curl-test-$$" http://anything/hello
finish
