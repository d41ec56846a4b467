#!/usr/bin/env bash
# add_subdirectory.sh SOURCE BUILD: a CMake project has Bao's sources in a folder of its own, and keeps its own flags
# and tests.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
source "$here/consumer.sh"

project="$work/a project"
cp -R -- "$here/consumer" "$project"
mkdir -- "$project/bao"
cp -R -- "$1"/{CMakeLists.txt,cmake,include,src} "$project/bao"

# The folder's name is new each time; ccache, where it is used, shall not mind.
export CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1
cmake -S "$project" -B "$work/build" -G Ninja -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null
cmake --build "$work/build" --parallel 2
answers "$work/build/consumer-c++20"
answers "$work/build/consumer-gnu++20"

grep -q '/bao/src/' "$work/build/compile_commands.json" || fail 'the embedded sources were not built'
! grep '/bao/src/' "$work/build/compile_commands.json" | grep -e '-Werror' || fail "our -Werror holds for embedders"
ctest --test-dir "$work/build" --show-only | grep -x 'Total Tests: 0' || fail "embedders get our tests"
cmake --install "$work/build" --prefix "$work/prefix" >/dev/null
[[ ! -e $work/prefix ]] || fail "embedders install our files: $(find "$work/prefix" -type f | head -n 3)"
