/**
 * FileSink: writes to a file bit by bit, as `Bun.file(path).writer()` gives it. What is written is
 * gathered until it is worth a system call, or until the program's other code has run.
 */
import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import { writeAll } from "./file_write.js";
import { OpenFile } from "./open_file.js";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const fs = process.getBuiltinModule("node:fs");

/** So much is gathered, unless the program says otherwise. */
const MOST_GATHERED = 64 * 1024;

export class FileSink {
  /** Null once it is ended. */
  #open;
  /** Others than regular files, pipes say, may have to be waited for. */
  #mayBlock;
  #most = MOST_GATHERED;
  #gathered = [];
  #length = 0;
  #flushes = false;
  /** The last write to what may have to be waited for. */
  #last = Promise.resolve();
  /** What went wrong while nobody was asking. */
  #failure = null;

  /** Opens the file, which is emptied, and throws at once if that cannot be. */
  constructor(file, options) {
    const { _fd, _path } = file;
    this.#open = _fd < 0 ? new OpenFile(fs.openSync(_path, "w")) : { fd: _fd, close() {} };
    this.#mayBlock = !fs.fstatSync(this.#open.fd).isFile();
    this.start(options);
  }

  /** May say how much is gathered. */
  start(options) {
    const most = options?.highWaterMark;
    if (typeof most === "number" && most >= 0) this.#most = most;
  }

  /** How many bytes that is; a promise of it where the other side has to take some first. */
  write(chunk) {
    const bytes = bytesOf(chunk);
    if (this.#open === null) return 0;
    this.#gathered.push(bytes);
    this.#length += bytes.length;
    if (this.#length < this.#most) {
      this.#flushSoon();
      return bytes.length;
    }
    const flushed = this.flush();
    return flushed instanceof Promise ? flushed.then(() => bytes.length) : bytes.length;
  }

  /** Writes what was gathered: how many bytes, or a promise of it. */
  flush() {
    if (this.#open === null) return 0;
    if (this.#failure !== null) throw this.#failure;
    const bytes = Buffer.concat(this.#gathered);
    this.#gathered = [];
    this.#length = 0;
    const { fd } = this.#open;
    if (this.#mayBlock) return this.#flushLater(fd, bytes);
    for (let at = 0; at < bytes.length; ) at += fs.writeSync(fd, bytes, at);
    return bytes.length;
  }

  /** In order; what fails once fails for all that follows. */
  #flushLater(fd, bytes) {
    this.#last = this.#last.then(() => writeAll(fd, bytes));
    this.#last.catch(() => {});
    return this.#last;
  }

  /** Writes what was gathered and closes the file; gives what `flush` does. */
  end() {
    const open = this.#open;
    if (open === null) return 0;
    let flushed;
    try {
      flushed = this.flush();
    } finally {
      this.#open = null;
      if (!(flushed instanceof Promise)) open.close();
    }
    return flushed instanceof Promise ? flushed.finally(() => open.close()) : flushed;
  }

  close() {
    return this.end();
  }

  /** What is to be written keeps the process alive, and nothing else does. */
  ref() {}
  unref() {}

  #flushSoon() {
    if (this.#flushes) return;
    this.#flushes = true;
    setImmediate(() => {
      this.#flushes = false;
      try {
        if (this.#length > 0) this.flush();
      } catch (error) {
        this.#failure = error;
      }
    });
  }
}

/** A copy: the program may use its buffer again. */
function bytesOf(chunk) {
  if (typeof chunk === "string") return Buffer.from(chunk);
  if (ArrayBuffer.isView(chunk)) {
    return Buffer.copyBytesFrom(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }
  if (chunk instanceof ArrayBuffer || chunk instanceof SharedArrayBuffer) {
    return Buffer.copyBytesFrom(new Uint8Array(chunk));
  }
  throw Object.assign(
    new TypeError("write() expects a string, ArrayBufferView, or ArrayBuffer"),
    { code: "ERR_INVALID_ARG_TYPE" },
  );
}
