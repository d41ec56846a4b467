# Sourced by bench/run after bench/servers.sh for `./dev bench express`: the peers are what runs bench/express/server.js.

addon=$build/node/bao.node
[[ -f $addon ]] || die "there is no $addon: run this by ./dev bench express"

# start_server PEER [PREFIX...]: as in bench/servers.sh.
start_server() {
  local peer=$1 library=node:http
  shift
  [[ $peer != bao ]] || library=$scratch/lib/http.js
  start_child "$peer" env NODE_ENV=production "BAO_ADDON=$addon" "BAO_BENCH_LIBRARY=$library" "BAO_BENCH_FILES=$files" \
    "$@" "$peers_folder/${peer_programs[node]}" "$bench/express/server.js" "$application"
  server_pid=$child
  wait_for_line "$peer" "$server_pid" 30 'listening on ' || die "the server of $peer did not start"
  server_port=${line##* }
}

find_peers() {
  install_peers
  [[ -x $peers_folder/${peer_programs[node]} ]] || die "Node cannot be had here"
  [[ -d $bench/../node/node_modules/express ]] || die "there is no Express in node/node_modules: call ./dev node"
  "$bench/../node/bundle.sh" "$scratch/lib"
  echo '{"type": "module"}' >"$scratch/package.json"
  printf 'Hello, world!' >"$files/hello.txt"
  available=(node bao)
}
