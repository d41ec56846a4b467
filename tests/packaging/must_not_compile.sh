#!/usr/bin/env bash
# must_not_compile.sh FILE INCLUDE: passes if the compiler refuses FILE with an error that matches its line
# `// expect: REGEX` (an extended regular expression; quotes in messages are plain '), and without one that matches its
# line `// never: REGEX`, if there is one. `// flags: FLAGS` are for the compiler: what only warns is made an error there.
set -euo pipefail
file=$1

expected=$(sed -n 's|^// expect: *||p' "$file")
[[ -n $expected ]] || { echo "$file has no line '// expect: REGEX'" >&2; exit 1; }
unwanted=$(sed -n 's|^// never: *||p' "$file")
read -ra flags < <(sed -n 's|^// flags: *||p' "$file"; echo)
if said=$(LC_ALL=C "${CXX:-g++}" -std=c++20 "${flags[@]}" -fsyntax-only -fdiagnostics-color=never -I "$2" "$file" 2>&1); then
  echo "$file compiles, but must not" >&2
  exit 1
fi
if ! grep 'error:' <<<"$said" | grep -qE -- "$expected"; then
  printf '%s\nThe compiler refuses %s, but without an error that matches: %s\n' "$said" "$file" "$expected" >&2
  exit 1
fi
if [[ -n $unwanted ]] && grep 'error:' <<<"$said" | grep -qE -- "$unwanted"; then
  printf '%s\nThe compiler refuses %s, but also with an error that matches: %s\n' "$said" "$file" "$unwanted" >&2
  exit 1
fi
