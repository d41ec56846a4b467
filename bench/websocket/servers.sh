# Sourced by bench/run after bench/servers.sh for `./dev bench websocket`: the servers of bench/websocket/ in C++ and in
# JavaScript, and what loads them instead of wrk.

sockets=$programs/bench-sockets
[[ -x $sockets ]] || die "there is no $sockets: run this by ./dev bench websocket"
addon=$build/node/bao.node

# start_server PEER [PREFIX...]: as in bench/servers.sh.
start_server() {
  local peer=$1
  shift
  case $peer in
    floor) set -- "$@" "$programs/bench-websocket-floor" ;;
    bao) set -- "$@" "$programs/bench-websocket" ;;
    bao-node)
      set -- "$@" env "BAO_ADDON=$addon" "BAO_BENCH_LIBRARY=$scratch/lib/index.js" "$peers_folder/${peer_programs[node]}" \
        "$bench/websocket/server.js"
      ;;
    bun) set -- "$@" "$peers_folder/${peer_programs[bun]}" run "$bench/websocket/server.js" ;;
  esac
  start_child "$peer" env NODE_ENV=production "$@"
  server_pid=$child
  wait_for_line "$peer" "$server_pid" 30 'listening on ' || die "the server of $peer did not start"
  server_port=${line##* }
}

find_peers() {
  install_peers
  available=(floor bao)
  if [[ -f $addon ]] && "$peers_folder/${peer_programs[node]}" --version >/dev/null 2>&1; then
    "$bench/../node/bundle.sh" "$scratch/lib"
    echo '{"type": "module"}' >"$scratch/package.json"
    available+=(bao-node)
  fi
  if "$peers_folder/${peer_programs[bun]}" --version >/dev/null 2>&1; then
    available+=(bun)
  else
    echo "Left out, because it cannot be had here: bun" >&2
  fi
}

title_of() {
  case $1 in
    floor) echo 'floor (bare epoll)' ;;
    bao) echo '**Bao**, C++' ;;
    bao-node) echo '**Bao** on Node' ;;
    bun) echo "Bun $("$peers_folder/${peer_programs[bun]}" --version)" ;;
  esac
}

# load PORT SECONDS: sets `result` to the numbers that bench-sockets says.
load() {
  start_child load timeout -k 2 "$(( $2 + 30 ))" "${on_client_core[@]}" "$sockets" "$kind" "$1" "$path" "$2" \
    "$connections" "$depth" "$size"
  wait "$child" || { cat "$scratch/load.err" >&2; die "the clients failed"; }
  end_child "$child"
  result=$(sed -n 's/^result //p' "$scratch/load.out")
  [[ -n $result ]] || die "the clients did not say their result"
}

# The clients look at the first answers.
check_answer() { load "$2" 0; }
