#!/usr/bin/env bash
# must_not_compile.sh FILE INCLUDE: passes if the compiler refuses FILE with an error that matches its line
# `// expect: REGEX` (an extended regular expression; quotes in messages are plain ').
set -euo pipefail
file=$1

expected=$(sed -n 's|^// expect: *||p' "$file")
[[ -n $expected ]] || { echo "$file has no line '// expect: REGEX'" >&2; exit 1; }
if said=$(LC_ALL=C "${CXX:-g++}" -std=c++20 -fsyntax-only -fdiagnostics-color=never -I "$2" "$file" 2>&1); then
  echo "$file compiles, but must not" >&2
  exit 1
fi
if ! grep 'error:' <<<"$said" | grep -qE -- "$expected"; then
  printf '%s\nThe compiler refuses %s, but without an error that matches: %s\n' "$said" "$file" "$expected" >&2
  exit 1
fi
