/**
 * The object `Bun`, as far as we have it: serve(), and what is a few lines over Node.
 */
import { createRequire } from "node:module";
import { join, resolve as absolute } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { wrongType } from "../lib/wrong.js";
import { withRefusals } from "./missing.js";
import { program } from "./program.js";
import { pathOfModule } from "./resolve.js";
import { semver } from "./semver.js";
import { BAO_VERSION, BUN_VERSION } from "./version.js";
import { which } from "./which.js";

// To import it makes Node look at all that it exports, which loads what nobody asks for.
const { stripVTControlCharacters } = process.getBuiltinModule("node:util");

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };

/** Ours are loaded when they are first used, because many programs begin without them. */
const require = createRequire(import.meta.url);

function serve(options) {
  return require("../lib/serve.js").serve(options);
}

/** What is loaded when it is first used, by the files that have it. */
const FUNCTIONS = {
  "../lib/file.js": ["file"],
  "../lib/file_write.js": ["write"],
  "./spawn.js": ["spawn", "spawnSync"],
  "./buffers.js": ["concatArrayBuffers", "indexOfLine", "readableStreamToFormData"],
  "./compress.js": [
    "deflateSync",
    "gunzipSync",
    "gzipSync",
    "inflateSync",
    "zstdCompress",
    "zstdCompressSync",
    "zstdDecompress",
    "zstdDecompressSync",
  ],
  "./equality.js": ["deepEquals", "deepMatch"],
  "./uuid.js": ["randomUUIDv5", "randomUUIDv7"],
  "./hashing.js": ["sha"],
  "./string_width.js": ["stringWidth"],
};
/** Also functions that have members of their own. */
const CLASSES = {
  "../lib/cookie.js": ["Cookie"],
  "../lib/cookie_map.js": ["CookieMap"],
  "./hashing.js": [
    "CryptoHasher",
    "MD5",
    "SHA1",
    "SHA224",
    "SHA256",
    "SHA384",
    "SHA512",
    "SHA512_256",
  ],
  "./array_buffer_sink.js": ["ArrayBufferSink"],
  "./hash.js": ["hash"],
  "./inspect.js": ["inspect"],
  "./peek.js": ["peek"],
};
const OBJECTS = {
  "./csrf.js": ["CSRF"],
  "./password.js": ["password"],
};

/** Adds the members of a list; `stand` gives what stands for a member whose file is not loaded. */
function addLater(object, list, stand) {
  for (const [file, names] of Object.entries(list)) {
    for (const name of names) object[name] = stand(name, () => require(file)[name]);
  }
}

function functionLater(name, load) {
  const stand = (...given) => load()(...given);
  Object.defineProperty(stand, "name", { value: name });
  return stand;
}

/**
 * Everything that is asked of it, or done to it, is asked of what it stands for, or done to that.
 * Of all functions that can be constructed, bound ones alone have nothing fixed of their own.
 */
function standFor(load, bare = function () {}.bind()) {
  const handler = {};
  for (const trap of Object.getOwnPropertyNames(Reflect)) {
    handler[trap] = (_, ...given) => Reflect[trap](load(), ...given);
  }
  // A proxy may tell of fixed properties only if what it stands before has them, too.
  handler.getOwnPropertyDescriptor = (target, key) => {
    const property = Reflect.getOwnPropertyDescriptor(load(), key);
    if (property) Reflect.defineProperty(target, key, property);
    return property;
  };
  return new Proxy(bare, handler);
}

const classLater = (name, load) => standFor(load);
const objectLater = (name, load) => standFor(load, {});

/** Waits so many milliseconds, or until a Date. */
function sleep(time) {
  const milliseconds = time instanceof Date ? time.getTime() - Date.now() : time;
  if (typeof milliseconds !== "number") {
    throw new TypeError(`sleep expects a number (milliseconds), not ${String(time)}`);
  }
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
}

function sleepSync(milliseconds) {
  if (typeof milliseconds !== "number" || !(milliseconds >= 0)) {
    const expected =
      typeof milliseconds === "number"
        ? "argument to sleepSync must not be negative"
        : "milliseconds must be a number";
    throw wrongType(`${expected}, and is ${String(milliseconds)}`);
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

const consumers = (name) => (stream) => require("node:stream/consumers")[name](stream);

const members = {
  serve,
  get stdin() {
    return members.file(0);
  },
  get stdout() {
    return members.file(1);
  },
  get stderr() {
    return members.file(2);
  },
  sleep,
  sleepSync,
  escapeHTML,
  semver,
  nanoseconds,
  gc,
  which,
  resolveSync,
  resolve: async (name, from) => resolveSync(name, from),
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
  env: process.env,
  argv: process.argv,
  version: BUN_VERSION,
  revision: `bao-${BAO_VERSION}`,
  get isMainThread() {
    // Loaded only for programs that ask: it costs two megabytes.
    return createRequire(import.meta.url)("node:worker_threads").isMainThread;
  },
  isStandaloneExecutable: false,
  embeddedFiles: [],
  get enableANSIColors() {
    return Boolean(process.stdout.isTTY && process.stdout.hasColors());
  },
  get main() {
    return program.main;
  },
};
addLater(members, FUNCTIONS, functionLater);
addLater(members, CLASSES, classLater);
addLater(members, OBJECTS, objectLater);
Object.defineProperty(members, Symbol.toStringTag, { value: "Bun", configurable: true });

export const Bun = withRefusals(members);
