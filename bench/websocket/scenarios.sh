# Sourced by bench/run for `./dev bench websocket`: what the clients of bench/websocket/load.cc do.

face=websocket base=bun compare=user
all_scenarios=(echo burst large compressed room compressed-room)
quick_scenarios=(echo large room)

scenario() {
  kind=echo path=/echo connections=64 depth=1 size=20 peers=("${available[@]}")
  case $1 in
    echo) ;;
    burst) depth=16 ;;
    large) size=16384 ;;
    compressed) path=/echo-compressed size=1024 && only bao bao-node bun ;;
    room) kind=room path=/room connections=1000 size=100 ;;
    compressed-room) kind=room path=/room-compressed connections=1000 size=1024 && only bao bao-node bun ;;
  esac
}
