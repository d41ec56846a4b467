#!/usr/bin/env bash
# bundle.sh FOLDER: writes node/lib/ there as a few modules instead of many, because Node takes 200 KB and half a
# millisecond for each. What is loaded by name keeps it: index.js, what the command loads, and what lib/ itself requires
# only when it is used.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
folder=$(realpath -m -- "$1")

mapfile -t entries < <({
  grep -hoE '\.\./lib/[a-z_]+\.js' "$here"/command/*.js
  grep -hoE 'require\("\./[a-z_]+\.js"\)' "$here"/lib/*.js || true
} | sed -E 's|.*/([a-z_]+\.js).*|\1|' | sort -u)
[[ " ${entries[*]} " == *" index.js "* ]]
rm -rf -- "$folder"
cd -- "$here/lib"
"$here/node_modules/.bin/esbuild" "${entries[@]}" --bundle --splitting --format=esm --platform=node --target=node22 \
  --outdir="$folder" --chunk-names=shared-[hash] --log-level=error
