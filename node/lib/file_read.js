/**
 * Reads what a BunFile stands for: all of it, or piece by piece.
 *
 * A path is opened anew for each reading. A descriptor of the program's is read from where it
 * stands, unless it is a part of the file that is wanted.
 */
import { Buffer } from "node:buffer";
import { joined } from "./body.js";
import { ask, OpenFile } from "./open_file.js";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const fs = process.getBuiltinModule("node:fs");

/** So much is read at once for a stream, and where the length is not known. */
const PIECE = 256 * 1024;
/** So much is read at once of a file that is wanted whole. */
const LARGE_PIECE = 1024 * 1024 * 1024;

/**
 * What can be read: a BunFile, or an open file of ours.
 * @typedef {object} Source
 * @property {string | null} _path
 * @property {number} _fd the program's descriptor, or -1
 * @property {number} _begin
 * @property {number} _end
 * @property {OpenFile} [_open] one that is closed when it was read, and that has to be long enough
 */

export class FileReader {
  #file;
  #most;
  #open;
  #isStarted = false;
  /** Where the next piece begins; null: wherever the descriptor stands. */
  #at = null;
  /** How much is left; Infinity if that is not known. */
  #left = Infinity;
  /** What has to be passed over where there are no places, as in a pipe. */
  #over = 0;
  #isBusy = false;
  #isEnded = false;

  /** @param {Source} file */
  constructor(file, most = PIECE) {
    this.#file = file;
    this.#most = most;
    this.#open = file._open ?? null;
  }

  /** The next piece, which becomes the caller's; null at the end. */
  async read() {
    this.#isBusy = true;
    try {
      if (!this.#isStarted) await this.#start();
      const piece = this.#isEnded ? null : await this.#next();
      if (piece === null) this.#isEnded = true;
      return piece;
    } catch (error) {
      this.#isEnded = true;
      throw withPath(error, this.#file);
    } finally {
      this.#isBusy = false;
      if (this.#isEnded) this.#shut();
    }
  }

  /** No more is wanted. */
  close() {
    this.#isEnded = true;
    // A number that is still being read from must not become another file's.
    if (!this.#isBusy) this.#shut();
  }

  #shut() {
    if (this.#file._fd < 0) this.#open?.close();
  }

  async #start() {
    const { _fd, _path, _begin, _end } = this.#file;
    this.#isStarted = true;
    if (_fd >= 0) this.#open = { fd: _fd };
    this.#open ??= new OpenFile(await ask(fs.open, _path, "r"));
    const facts = await ask(fs.fstat, this.#open.fd);
    const isPart = _begin > 0 || _end !== Infinity;
    const hasPlaces = facts.isFile() && (_fd < 0 || isPart);
    // Files of /proc say that they are empty, and are not.
    const isKnown = hasPlaces && facts.size > 0 && !this.#file._open;
    this.#left = Math.max(0, (isKnown ? Math.min(_end, facts.size) : _end) - _begin);
    if (hasPlaces) this.#at = _begin;
    else this.#over = _begin;
  }

  async #next() {
    while (this.#left > 0) {
      const most = this.#left === Infinity ? PIECE : this.#most;
      const buffer = Buffer.allocUnsafeSlow(Math.min(this.#over + this.#left, most));
      const count = await ask(fs.read, this.#open.fd, buffer, 0, buffer.length, this.#at);
      if (count === 0) return this.#atEnd();
      if (this.#at !== null) this.#at += count;
      const passed = Math.min(this.#over, count);
      this.#over -= passed;
      this.#left -= count - passed;
      if (count > passed) return new Uint8Array(buffer.buffer, passed, count - passed);
    }
    return null;
  }

  #atEnd() {
    if (this.#file._open) throw new Error("The file has become shorter while it was read");
    return null;
  }
}

/** Node names the path only where it has one, and people want to know it. */
function withPath(error, { _path, _fd }) {
  if (_fd < 0 && _path !== null && error.path === undefined) error.path = _path;
  return error;
}

/** All bytes, in a new Uint8Array. */
export async function readWhole(file) {
  const reader = new FileReader(file, LARGE_PIECE);
  const pieces = [];
  for (let piece; (piece = await reader.read()) !== null; ) pieces.push(piece);
  return joined(pieces);
}

/** BunFiles by the streams of theirs that were given away. */
const filesBehind = new WeakMap();

/** The BunFile that a stream reads from; undefined if it is another stream. */
export function fileBehind(stream) {
  return filesBehind.get(stream);
}

/** A stream that opens the file when somebody reads. */
export function streamOfFile(file) {
  const reader = new FileReader(file);
  const stream = new ReadableStream(
    {
      type: "bytes",
      async pull(controller) {
        const piece = await reader.read();
        if (piece !== null) return controller.enqueue(piece);
        controller.close();
        controller.byobRequest?.respond(0);
      },
      cancel: () => reader.close(),
    },
    { highWaterMark: 0 },
  );
  if (!file._open) filesBehind.set(stream, file);
  return stream;
}

/** All bytes, now: everything else waits. */
export function readNow({ _fd, _path, _begin, _end }) {
  const isWhole = _begin === 0 && _end === Infinity;
  if (isWhole) return new Uint8Array(fs.readFileSync(_fd < 0 ? _path : _fd));
  const fd = _fd < 0 ? fs.openSync(_path, "r") : _fd;
  try {
    const bytes = new Uint8Array(Math.max(0, Math.min(_end, fs.fstatSync(fd).size) - _begin));
    let at = 0;
    let count;
    do {
      count = fs.readSync(fd, bytes, at, bytes.length - at, _begin + at);
      at += count;
    } while (count > 0);
    return bytes.subarray(0, at);
  } finally {
    if (_fd < 0) fs.closeSync(fd);
  }
}
