#!/usr/bin/env bash
# pack.sh ADDON FOLDER: makes the npm package, with the addon inside, in FOLDER, and says the name of the file. It is put
# together elsewhere, so that no binary comes to lie among the sources.
set -euo pipefail
addon=$1 folder=$2
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
stage=$(mktemp -d)
trap 'rm -rf -- "$stage"' EXIT

cp -R -- "$here"/{package.json,bin,command,types} "$stage"
"$here/bundle.sh" "$stage/lib"
cp -- "$here/../LICENSE" "$stage"
cp -- "$here/../docs/node.md" "$stage/README.md"
mkdir -p -- "$stage/prebuilt/linux-x64" "$folder"
strip --strip-unneeded -o "$stage/prebuilt/linux-x64/bao.node" "$addon"
cd -- "$stage"
# Who installs it needs nothing of what its tests need.
npm pkg delete devDependencies --loglevel=error
npm pack --ignore-scripts --loglevel=error --pack-destination "$folder"
