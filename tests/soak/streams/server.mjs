/** The same as server.cc for Node: `node server.mjs FILE [ORIGIN]`. */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { file, Response, serve } from "../../../node/lib/index.js";

const [path, origin] = process.argv.slice(2);

/** Numbered lines, for ever. */
async function* countForEver() {
  for (let line = 0; ; line += 1000) {
    const lines = Array.from({ length: 1000 }, (_, i) => `${line + i}\n`.padStart(16, "0"));
    yield lines.join("");
  }
}

/** Takes the body piece by piece, with a rest behind each; tells its digest. */
async function takeSlowly(req) {
  const hash = createHash("sha256");
  for await (const piece of req.body) {
    hash.update(piece);
    await sleep(1);
  }
  return new Response(hash.digest("hex"));
}

function proxy(req) {
  const { method, body, signal } = req;
  const url = new URL(new URL(req.url).pathname, origin);
  return fetch(url, { method, body, signal, duplex: "half", redirect: "manual" });
}

const routes = {
  "/file": file(path),
  "/endless": () => new Response(countForEver),
  "/upload": { PUT: takeSlowly },
};

const server = serve({
  port: 0,
  hostname: "127.0.0.1",
  development: false,
  // A kernel that has many megabytes for what it receives asks a slow reader's peer for more only
  // when a sixteenth of them is free.
  idleTimeout: 120,
  maxRequestBodySize: 4 * 1024 ** 3,
  ...(origin === undefined ? { routes } : { fetch: proxy }),
});
console.log(`listening on ${server.url}`);
