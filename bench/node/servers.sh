# Sourced by bench/run after bench/servers.sh for `./dev bench node`: the peers are what runs bench/node/server.js.

addon=$build/node/bao.node
[[ -f $addon ]] || die "there is no $addon: run this by ./dev bench node"

# start_server PEER [PREFIX...]: as in bench/servers.sh.
start_server() {
  local peer=$1
  shift
  case $peer in
    bao) set -- "$@" env "BAO_ADDON=$addon" "BAO_BENCH_LIBRARY=$scratch/lib/index.js" "$peers_folder/${peer_programs[node]}" ;;
    bun) set -- "$@" "$peers_folder/${peer_programs[bun]}" run ;;
  esac
  start_child "$peer" env NODE_ENV=production "$@" "$bench/node/server.js"
  server_pid=$child
  wait_for_line "$peer" "$server_pid" 30 'listening on ' || die "the server of $peer did not start"
  server_port=${line##* }
}

find_peers() {
  install_peers
  [[ -x $peers_folder/${peer_programs[node]} ]] || die "Node cannot be had here"
  "$bench/../node/bundle.sh" "$scratch/lib"
  echo '{"type": "module"}' >"$scratch/package.json"
  available=(bao)
  if "$peers_folder/${peer_programs[bun]}" --version >/dev/null 2>&1; then
    available+=(bun)
  else
    echo "Left out, because it cannot be had here: bun" >&2
  fi
}
