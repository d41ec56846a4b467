#!/usr/bin/env bash
# headers.sh ROOT [JOBS]: checks that every header compiles alone: those of src/ as we compile, the public ones also as
# users may (with GNU extensions, which define macros such as `unix`), where only include/ is known.
set -euo pipefail
cd -- "$1"
jobs=${2:-1}

compile_alone() {
  local mode=$1 header=$2 include
  case $header in
    include/*) include="#include <${header#include/}>" ;;
    *) include="#include \"${header#src/}\"" ;;
  esac
  local paths=(-Iinclude)
  [[ $header == include/* ]] || paths+=(-Isrc)
  echo "$include" |
    g++ -x c++ -std="$mode" -fsyntax-only -Wall -Wextra -Wpedantic -Werror "${paths[@]}" - ||
    { echo "$header does not compile alone with -std=$mode" >&2; return 1; }
}
export -f compile_alone

{
  find include -name '*.h' -printf 'c++20\0%p\0gnu++20\0%p\0'
  find src -name '*.h' -printf 'c++20\0%p\0'
} | xargs -0 -n 2 -P "$jobs" bash -c 'compile_alone "$@"' compile_alone
