#!/usr/bin/env bash
# find_package.sh SOURCE BUILD: a CMake project finds the installed Bao.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
source "$here/consumer.sh"

install_bao "$2" "$work/a prefix"
cmake -S "$here/consumer" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/a prefix" >/dev/null
cmake --build "$work/build" --parallel 2
answers "$work/build/consumer-c++20"
answers "$work/build/consumer-gnu++20"
