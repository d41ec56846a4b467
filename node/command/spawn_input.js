/**
 * What goes to a process's standard input: what the program writes bit by bit, or a stream.
 */
import { bytesOf } from "./spawn_options.js";
import { wrongType } from "../lib/wrong.js";

/** `proc.stdin` of a process that was given "pipe". What is written at once is sent at once. */
export class FileSink {
  #pipe;
  /** Bytes since the last flush. */
  #gathered = 0;
  #corked = false;
  #ended = false;

  constructor(pipe) {
    this.#pipe = pipe;
    // That the process reads no more is no failure of the program's.
    pipe.on("error", () => {});
  }

  start() {}

  /** How many bytes that is; a promise of it while the process is behind with reading. */
  write(chunk) {
    const bytes = bytesOfChunk(chunk);
    if (this.#ended || !this.#pipe.writable) return 0;
    this.#cork();
    this.#gathered += bytes.length;
    if (this.#pipe.write(bytes)) return bytes.length;
    this.#uncork();
    return this.#taken().then(() => bytes.length);
  }

  /** How many bytes were gathered; a promise of it while the process is behind with reading. */
  flush() {
    const flushed = this.#gathered;
    this.#gathered = 0;
    this.#uncork();
    return this.#pipe.writableNeedDrain ? this.#taken().then(() => flushed) : flushed;
  }

  /** Sends what was gathered, then the end. */
  end() {
    if (this.#ended) return 0;
    const flushed = this.flush();
    this.#ended = true;
    this.#pipe.end();
    return flushed;
  }

  close() {
    return this.end();
  }

  ref() {
    this.#pipe.ref();
  }

  unref() {
    this.#pipe.unref();
  }

  get [Symbol.toStringTag]() {
    return "FileSink";
  }

  #cork() {
    if (this.#corked) return;
    this.#corked = true;
    this.#pipe.cork();
    setImmediate(() => this.#uncork());
  }

  #uncork() {
    if (this.#corked) this.#pipe.uncork();
    this.#corked = false;
  }

  /** Until the process has read, or never will. */
  #taken() {
    return taken(this.#pipe);
  }
}

function bytesOfChunk(chunk) {
  if (typeof chunk === "string") return Buffer.from(chunk);
  if (ArrayBuffer.isView(chunk) || chunk instanceof ArrayBuffer) return bytesOf(chunk);
  throw wrongType("write() expects a string, ArrayBufferView, or ArrayBuffer");
}

function taken(pipe) {
  const { promise, resolve } = Promise.withResolvers();
  if (!pipe.writable || !pipe.writableNeedDrain) resolve();
  for (const event of ["drain", "close"]) pipe.once(event, resolve);
  return promise.finally(() => {
    for (const event of ["drain", "close"]) pipe.off(event, resolve);
  });
}

function brokenPipe() {
  return Object.assign(new Error("EPIPE: broken pipe, write"), { code: "EPIPE" });
}

/** Sends a stream as fast as the process reads; cancels it when that reads no more. */
export async function feed(pipe, stream) {
  const reader = stream.getReader();
  let failure = null;
  pipe.on("error", (error) => (failure = error));
  pipe.on("close", () => {
    reader.cancel(failure ?? brokenPipe()).catch(() => {});
  });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!pipe.writable) return;
      if (!pipe.write(bytesOfChunk(value))) await taken(pipe);
    }
  } catch {
    // A pipe knows one end only: the process sees that no more comes.
  }
  pipe.end();
}

/** Sends bytes whole, or what a Blob, Response or Request holds. */
export async function give(pipe, { bytes, body }) {
  pipe.on("error", () => {});
  if (bytes !== undefined) return void pipe.end(bytes);
  try {
    pipe.end(Buffer.from(await body.arrayBuffer()));
  } catch {
    pipe.end();
  }
}
