#!/usr/bin/env bash
# pkg_config.sh SOURCE BUILD: a command line with pkg-config compiles and links against the installed Bao. Says how
# long the compiler takes.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
source "$here/consumer.sh"

install_bao "$2" "$work/prefix"
PKG_CONFIG_PATH=$(dirname -- "$(find "$work/prefix" -name bao.pc)")
export PKG_CONFIG_PATH
read -ra compile <<<"$(pkg-config --cflags bao)"
read -ra link <<<"$(pkg-config --libs bao)"

for mode in c++20 gnu++20; do
  started=$(date +%s%N)
  "$CXX" -std="$mode" -Wall -Wextra -Wpedantic -Werror "${compile[@]}" -c "$here/consumer/main.cc" -o "$work/main.o"
  milliseconds=$(( ($(date +%s%N) - started) / 1000000 ))
  printf 'a file with one serve() call compiles in %d.%02d s (-std=%s)\n' \
    $((milliseconds / 1000)) $((milliseconds % 1000 / 10)) "$mode"
  "$CXX" "$work/main.o" -o "$work/consumer-$mode" "${link[@]}"
  answers "$work/consumer-$mode"
done
