# Sourced by bench/run after bench/servers.sh for `./dev bench tls`: makes the certificates, and what loads the servers
# instead of wrk where handshakes are counted.

handshakes=$programs/bench-handshakes
[[ -x $handshakes ]] || die "there is no $handshakes: run this by ./dev bench tls"
nginx_listen=ssl

# make_certificate NAME OPENSSL-ARGUMENTS...
make_certificate() {
  mkdir "$scratch/$1"
  openssl req -x509 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost "${@:2}" \
    -keyout "$scratch/$1/key.pem" -out "$scratch/$1/cert.pem" 2>>"$scratch/openssl.err" || die "openssl failed"
}
make_certificate ec -newkey ec -pkeyopt ec_paramgen_curve:P-256
make_certificate rsa -newkey rsa:2048

find_peers() {
  install_peers
  available=(bao)
  if "$peers_folder/${peer_programs[bun]}" --version >/dev/null 2>&1; then available+=(bun); fi
  if nginx_program >/dev/null; then available+=(nginx); fi
  (( ${#available[@]} == 3 )) || echo "Only these can be had here: ${available[*]}" >&2
}

# load PORT SECONDS: sets `result` to what the clients say.
load() {
  if [[ $kind == requests ]]; then
    start_child load timeout -k 2 "$(( $2 + 20 ))" "${on_client_core[@]}" wrk -t 1 -c "$connections" -d "$2s" \
      -s "$here/requests.lua" "https://127.0.0.1:$1/" -- "$here/requests/$fields" "$path" "$depth" "$body"
  else
    start_child load timeout -k 2 "$(( $2 + 20 ))" "${on_client_core[@]}" "$handshakes" "$kind" "$1" "$2" "$connections"
  fi
  wait "$child" || { cat "$scratch/load.err" >&2; die "the clients failed"; }
  end_child "$child"
  result=$(sed -n 's/^result //p' "$scratch/load.out")
  [[ -n $result ]] || die "the clients did not say their result"
}

# The clients look at the answers.
check_answer() { :; }
