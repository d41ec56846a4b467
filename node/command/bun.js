/**
 * The object `Bun`, as far as we have it: serve(), and what is a few lines over Node.
 */
import { createRequire } from "node:module";
import { join, resolve as absolute } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect, stripVTControlCharacters } from "node:util";

import { withRefusals } from "./missing.js";
import { program } from "./program.js";
import { pathOfModule } from "./resolve.js";
import { semver } from "./semver.js";
import { BAO_VERSION, BUN_VERSION } from "./version.js";
import { which } from "./which.js";

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };

/** Ours are loaded when they are first used, because many programs begin without them. */
const require = createRequire(import.meta.url);

function serve(options) {
  return require("../lib/serve.js").serve(options);
}

function file(what, options) {
  return require("../lib/file.js").file(what, options);
}

function write(destination, data, options) {
  return require("../lib/file_write.js").write(destination, data, options);
}

function spawn(...command) {
  return require("./spawn.js").spawn(...command);
}

function spawnSync(...command) {
  return require("./spawn.js").spawnSync(...command);
}

/** Waits so many milliseconds, or until a Date. */
function sleep(time) {
  const milliseconds = time instanceof Date ? time.getTime() - Date.now() : Number(time);
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
}

function sleepSync(milliseconds) {
  if (typeof milliseconds !== "number" || !(milliseconds >= 0)) {
    throw new TypeError(
      `Bun.sleepSync() of ${String(milliseconds)}: give a number of milliseconds`,
    );
  }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function escapeHTML(value) {
  return String(value).replace(/[&<>"']/g, (character) => ESCAPES[character]);
}

/** Since the process began. */
function nanoseconds() {
  return Math.trunc(performance.now() * 1e6);
}

/** Collects garbage now. Returns the bytes of the heap that are in use. */
function gc() {
  if (!globalThis.gc) {
    require("node:v8").setFlagsFromString("--expose-gc");
    require("node:vm").runInNewContext("gc")();
  } else {
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

/** The file that a module's name means in a folder of the program. */
function resolveSync(name, from) {
  return pathOfModule(name, join(absolute(from), "-"));
}

/** A member of Bun that is one of the library's. */
const ours = (file, name) => require(`../lib/${file}.js`)[name];

const consumers = (name) => (stream) => require("node:stream/consumers")[name](stream);

const members = {
  serve,
  file,
  write,
  get stdin() {
    return file(0);
  },
  get stdout() {
    return file(1);
  },
  get stderr() {
    return file(2);
  },
  spawn,
  spawnSync,
  sleep,
  sleepSync,
  escapeHTML,
  semver,
  nanoseconds,
  gc,
  which,
  resolveSync,
  resolve: async (name, from) => resolveSync(name, from),
  inspect,
  fileURLToPath,
  pathToFileURL,
  stripANSI: stripVTControlCharacters,
  allocUnsafe: (length) => new Uint8Array(length),
  fetch: (...request) => globalThis.fetch(...request),
  readableStreamToArray: (stream) => Array.fromAsync(stream),
  readableStreamToArrayBuffer: consumers("arrayBuffer"),
  readableStreamToBlob: consumers("blob"),
  readableStreamToBytes: async (stream) => new Uint8Array(await consumers("arrayBuffer")(stream)),
  readableStreamToJSON: consumers("json"),
  readableStreamToText: consumers("text"),
  get Cookie() {
    return ours("cookie", "Cookie");
  },
  get CookieMap() {
    return ours("cookie_map", "CookieMap");
  },
  env: process.env,
  argv: process.argv,
  version: BUN_VERSION,
  revision: `bao-${BAO_VERSION}`,
  get isMainThread() {
    // Loaded only for programs that ask: it costs two megabytes.
    return createRequire(import.meta.url)("node:worker_threads").isMainThread;
  },
  isStandaloneExecutable: false,
  get enableANSIColors() {
    return Boolean(process.stdout.isTTY && process.stdout.hasColors());
  },
  get main() {
    return program.main;
  },
};
Object.defineProperty(members, Symbol.toStringTag, { value: "Bun", configurable: true });

export const Bun = withRefusals(members);
