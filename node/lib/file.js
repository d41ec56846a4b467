/**
 * file(): a file of this machine as a Blob, as Bun.file() gives it. Nothing is opened or read
 * before somebody asks, and then it is as the file is by then. A Response with one is sent by the
 * engine (see response.js), which opens the file itself.
 */
import { Blob, File } from "node:buffer";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { isUint8Array } from "node:util/types";
import { readNow, readWhole, streamOfFile } from "./file_read.js";
import { FileSink } from "./file_sink.js";
import { write } from "./file_write.js";
import { readFormData } from "./form_data.js";
import { ask } from "./open_file.js";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const fs = process.getBuiltinModule("node:fs");

const UNKNOWN_TYPE = "application/octet-stream";
const decoder = new TextDecoder();

/** Types that are told with their charset, as Bun does. */
const WITH_CHARSET = new Map([
  ["text/plain", "text/plain;charset=utf-8"],
  ["text/html", "text/html;charset=utf-8"],
  ["text/css", "text/css;charset=utf-8"],
  ["text/javascript", "text/javascript;charset=utf-8"],
  ["application/javascript", "text/javascript;charset=utf-8"],
  ["application/json", "application/json;charset=utf-8"],
]);

/** What the engine says of names, by what is behind their last dot. */
const typesByExtension = new Map();
/** Enough for any program; extensions beyond it (made from data, perhaps) are looked up again. */
const MOST_TYPES = 1024;

const require = createRequire(import.meta.url);

function mediaTypeOf(path) {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  if (dot <= 0) return UNKNOWN_TYPE;
  const extension = name.slice(dot);
  const known = typesByExtension.get(extension);
  if (known !== undefined) return known;
  // Programs that only read and write files do without the engine.
  const type = require("./native.js").mediaType(`_${extension}`);
  if (typesByExtension.size < MOST_TYPES) typesByExtension.set(extension, type);
  return type;
}

/** A type that the program gives; null if it says nothing, or nothing that can be a type. */
function givenType(type) {
  if (typeof type !== "string" || !/^[\x20-\x7e]+$/.test(type)) return null;
  return WITH_CHARSET.get(type) ?? type.toLowerCase();
}

/**
 * It inherits from File without being made by its constructor: so `instanceof` says that it is a
 * Blob, and FormData of the platform keeps it as it is, with its name. Everything that File has is
 * answered here.
 */
export class BunFile {
  /** The path as the program gave it; null for a descriptor. */
  _path;
  /** The program's descriptor, or -1. */
  _fd;
  /** The type that the program gave, or null for that of the name. */
  _type;
  _begin;
  /** Infinity: wherever the file ends. */
  _end;
  _name;
  _snapshot = null;

  constructor(path, fd, type, begin = 0, end = Infinity) {
    this._path = path;
    this._fd = fd;
    this._type = type;
    this._begin = begin;
    this._end = end;
    this._name = path ?? undefined;
  }

  get name() {
    return this._name;
  }

  set name(value) {
    this._name = value;
  }

  get type() {
    return this._type ?? (this._path === null ? UNKNOWN_TYPE : mediaTypeOf(this._path));
  }

  /** Of the file as it is now: 0 if there is none, Infinity if that cannot be known. */
  get size() {
    if (this._snapshot !== null) return this._snapshot.length;
    const facts = factsOf(this);
    if (facts === null) return 0;
    const size = facts.isFile() || facts.isDirectory() ? facts.size : Infinity;
    return Math.max(0, Math.min(this._end, size) - Math.min(this._begin, size));
  }

  /** Milliseconds since 1970; 0 if there is no file. */
  get lastModified() {
    return Math.trunc(factsOf(this)?.mtimeMs ?? 0);
  }

  /** The bytes from `begin` up to `end`, negative ones counted from the file's end of now. */
  slice(begin, end, type) {
    if (typeof begin === "string") return this.slice(0, undefined, begin);
    if (typeof end === "string") return this.slice(begin, undefined, end);
    const first = placeOf(this, begin, 0);
    const last = placeOf(this, end, Infinity);
    const from = Math.min(this._begin + first, this._end, Number.MAX_SAFE_INTEGER);
    const to = Math.max(from, Math.min(this._begin + last, this._end));
    const part = new BunFile(this._path, this._fd, givenType(type) ?? this._type, from, to);
    part._name = this._name;
    return part;
  }

  async text() {
    return decoder.decode(await readWhole(this));
  }

  async json() {
    return JSON.parse(await this.text());
  }

  bytes() {
    return readWhole(this);
  }

  async arrayBuffer() {
    const { buffer, byteLength } = await readWhole(this);
    return buffer.byteLength === byteLength ? buffer : buffer.slice(0, byteLength);
  }

  async formData() {
    return readFormData(this.type, await readWhole(this));
  }

  stream() {
    return streamOfFile(this);
  }

  textStream() {
    return streamOfFile(this).pipeThrough(new TextDecoderStream());
  }

  /** Whether there is a file, or a pipe, to be read. */
  async exists() {
    try {
      const facts = await this.stat();
      return facts.isFile() || facts.isFIFO();
    } catch {
      return false;
    }
  }

  stat() {
    return this._fd < 0 ? ask(fs.stat, this._path) : ask(fs.fstat, this._fd);
  }

  async unlink() {
    if (this._fd >= 0) throw new TypeError("A file descriptor has no name that could be removed");
    await ask(fs.unlink, this._path);
  }

  delete() {
    return this.unlink();
  }

  /** As Bun.write() to this file. */
  write(data, options) {
    return write(this, data, options);
  }

  writer(options) {
    return new FileSink(this, options);
  }

  get [Symbol.toStringTag]() {
    return "Blob";
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    const name = this._path === null ? `fd: ${this._fd}` : JSON.stringify(this._path);
    const shown = { type: this.type };
    if (this._begin > 0) shown.begin = this._begin;
    if (this._end !== Infinity) shown.end = this._end;
    return `FileRef (${name}) ${inspect(shown, options)}`;
  }
}

Object.setPrototypeOf(BunFile.prototype, File.prototype);

/**
 * Node's own Blobs take parts from what is under this name. A BunFile that becomes a part of one is
 * read now: the platform's Blobs hold what they are made of.
 */
const HANDLE = Object.getOwnPropertySymbols(new Blob()).find(
  (symbol) => symbol.description === "kHandle",
);
if (HANDLE !== undefined) {
  Object.defineProperty(BunFile.prototype, HANDLE, {
    get() {
      return this instanceof BunFile ? snapshotOf(this).handle : undefined;
    },
  });
}

/** The platform asks several times for one and the same part. */
function snapshotOf(file) {
  if (file._snapshot === null) {
    const bytes = readNow(file);
    file._snapshot = { handle: new Blob([bytes])[HANDLE], length: bytes.length };
    queueMicrotask(() => (file._snapshot = null));
  }
  return file._snapshot;
}

/** What the kernel says of the file; null if there is none that can be asked about. */
function factsOf({ _fd, _path }) {
  try {
    if (_fd >= 0) return fs.fstatSync(_fd);
    return fs.statSync(_path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

function placeOf(file, given, otherwise) {
  if (typeof given !== "number" || Number.isNaN(given)) return otherwise;
  const place = Math.trunc(given);
  return place < 0 ? Math.max(0, file.size + place) : place;
}

/** A file by its path, its URL or its descriptor. There need not be one. */
export function file(what, options) {
  const type = givenType(options?.type);
  if (typeof what === "number") return new BunFile(null, descriptorOf(what), type);
  return new BunFile(pathOf(what), -1, type);
}

function descriptorOf(fd) {
  const isWhole = Number.isInteger(fd);
  if (isWhole && fd >= 0 && fd <= 0x7fffffff) return fd;
  const range = isWhole ? ">= 0 && <= 2147483647" : "an integer";
  throw wrong(
    RangeError,
    "ERR_OUT_OF_RANGE",
    `The value of "fd" is out of range. It must be ${range}. Received ${String(fd)}`,
  );
}

function pathOf(what) {
  if (what instanceof URL) return fileURLToPath(what);
  const path = isUint8Array(what) ? new TextDecoder().decode(what) : what;
  if (typeof path !== "string") {
    const sentence = "Expected file path string or file descriptor";
    throw wrong(TypeError, "ERR_INVALID_ARG_TYPE", sentence);
  }
  if (!path.includes("\0")) return path;
  const sentence = "The argument 'path' must be a string, Uint8Array, or URL without null bytes";
  const received = JSON.stringify(path);
  throw wrong(TypeError, "ERR_INVALID_ARG_VALUE", `${sentence}. Received ${received}`);
}

function wrong(Class, code, message) {
  return Object.assign(new Class(message), { code });
}
