#!/usr/bin/env bash
# package.sh ADDON NODE_FOLDER: packs the npm package, installs it into an empty project where no install script runs and
# no compiler is in PATH, and uses it there: import, the command, the types.
set -euo pipefail
addon=$1 node_folder=$2
root=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../..
place="$(mktemp -d)/a project"
trap 'rm -rf -- "${place%/*}"' EXIT

# A shell with its basics, and no compiler: once with npm and the Node that it belongs to, once with ours.
tools=${place%/*}/tools
mkdir -p -- "$place" "$tools"/{npm,ours}
for command in sh bash env readlink npm node; do ln -s -- "$(command -v "$command")" "$tools/npm/"; done
for command in sh readlink cat ln rm; do ln -s -- "$(command -v "$command")" "$tools/ours/"; done
ln -s -- "$node_folder/node" "$tools/ours/"

archive=$("$root/node/pack.sh" "$addon" "$place" | tail -n 1)
tar -tzf "$place/$archive" package/prebuilt/linux-x64/bao.node package/LICENSE package/README.md >/dev/null

cd -- "$place"
unset BAO_ADDON BAO_NODE
echo '{"name": "project", "type": "module"}' >package.json
PATH=$tools/npm npm install --prefer-offline --ignore-scripts --no-audit --no-fund --loglevel=error "./$archive"
export PATH=$tools/ours

cat >library.js <<'END'
import { Response, serve } from "bao";

const platform = globalThis.Response;
const server = serve({ port: 0, fetch: () => new Response("from the package") });
const said = await (await fetch(server.url)).text();
await server.stop(true);
if (said !== "from the package" || globalThis.Response !== platform) throw new Error(said);
END
node library.js

cat >server.ts <<'END'
import { serve, type Serve } from "bun";
enum Word { Hello = "hello" }
const server = serve({ port: 0, fetch: (): Response => new Response(Word.Hello) } satisfies Serve.Options<undefined>);
const said: string = await (await fetch(server.url)).text();
console.log(said, typeof Bun.serve, process.argv[2]);
server.stop();
END
cat >tsconfig.json <<'END'
{
  "compilerOptions": {
    "types": ["node", "bao/bun"], "module": "preserve", "target": "esnext", "strict": true, "noEmit": true
  },
  "files": ["server.ts"]
}
END
ln -s -- "$root/node/node_modules/@types" node_modules/@types
node "$root/node/node_modules/typescript/bin/tsc" -p .

said=$(node_modules/.bin/bao server.ts argument)
[[ $said == 'hello function argument' ]] || { echo "the command said: $said" >&2; exit 1; }
[[ $(node_modules/.bin/bao --version) == "$(node -p 'require("bao/package.json").version')" ]]
