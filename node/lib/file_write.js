/**
 * write(): whatever has bytes into a file, as Bun.write() does. What comes in pieces is written
 * piece by piece, so a body of any size takes a bounded amount of memory; whoever sends it is read
 * from only as fast as the disk is.
 */
import { Blob, Buffer } from "node:buffer";
import { dirname } from "node:path";
import { bytesOfChunk, moveBody } from "./body.js";
import { BunFile, file } from "./file.js";
import { FileReader, readWhole } from "./file_read.js";
import { ask } from "./open_file.js";
import { Request } from "./request.js";
import { Response } from "./response.js";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const fs = process.getBuiltinModule("node:fs");

/** Blobs up to this size are read at once. */
const SMALL_BLOB = 1024 * 1024;
/** So much of a file is copied at once. */
const COPIED = 1024 * 1024;

/**
 * Writes `data` to a path, a file: URL, a descriptor or a BunFile, and resolves to the number of
 * bytes. A file that is there is replaced; folders on the way to a new one are made.
 */
export function write(destination, data, options) {
  const target = targetOf(destination);
  if (data === undefined || data === null) {
    throw refused("Bun.write(pathOrFdOrBlob, blob) expects a Blob-y thing to write");
  }
  return writeTo(target, data, options ?? {});
}

function targetOf(destination) {
  if (destination instanceof BunFile) return destination;
  if (destination instanceof Blob) {
    throw refused("Cannot write to a Blob backed by bytes, which are always read-only");
  }
  const kind = typeof destination;
  if (kind !== "string" && kind !== "number" && !(destination instanceof Object)) {
    const sentence = 'The "destination" argument must be of type path, file descriptor, or Blob';
    throw refused(`${sentence}. Received ${destination === null ? "null" : kind}`);
  }
  return file(destination);
}

function refused(message) {
  return Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
}

/** @param {BunFile} target */
async function writeTo(target, data, { createPath = true, mode = 0o666 }) {
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) {
    throw new RangeError(`Bun.write(): mode is ${String(mode)}: give 0 to 0o777`);
  }
  const source = sourceOf((await isSame(target, data)) ? await readWhole(data) : data);
  // What cannot even be begun destroys nothing.
  let piece = await source.read();
  let fd = target._fd;
  try {
    if (fd < 0) fd = await openFor(target._path, createPath, mode);
    let length = 0;
    for (; piece !== null; piece = await source.read()) length += await writeAll(fd, piece);
    return length;
  } catch (error) {
    source.close(error);
    throw error;
  } finally {
    if (target._fd < 0 && fd >= 0) await ask(fs.close, fd);
  }
}

/** Whether a file is to be replaced by a part of itself. */
async function isSame(target, data) {
  if (!(data instanceof BunFile) || data._fd >= 0 || target._fd >= 0) return false;
  const [to, from] = await Promise.all(
    [target, data].map(({ _path }) => ask(fs.stat, _path, { bigint: true }).catch(() => null)),
  );
  return to !== null && from !== null && to.dev === from.dev && to.ino === from.ino;
}

async function openFor(path, createPath, mode) {
  try {
    return await ask(fs.open, path, "w", mode);
  } catch (error) {
    if (error.code !== "ENOENT" || !createPath || path === "") throw error;
    await ask(fs.mkdir, dirname(path), { recursive: true });
    return await ask(fs.open, path, "w", mode);
  }
}

/** Resolves to how many bytes there were. */
export async function writeAll(fd, bytes) {
  const stream = fd === 1 ? process.stdout : fd === 2 ? process.stderr : null;
  if (stream !== null) {
    // They may be pipes that are full, for which these know to wait.
    await ask((done) => stream.write(bytes, done));
    return bytes.length;
  }
  for (let at = 0; at < bytes.length; ) {
    at += await ask(fs.write, fd, bytes, at, bytes.length - at, null);
  }
  return bytes.length;
}

// -- Where the bytes come from: something to `read()` pieces of until null, and to `close(reason)`

function sourceOf(data) {
  if (typeof data === "string") return whole(Buffer.from(data));
  if (ArrayBuffer.isView(data)) {
    return whole(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) {
    return whole(new Uint8Array(data));
  }
  if (data instanceof BunFile) return new FileReader(data, COPIED);
  if (data instanceof Blob) return sourceOfBlob(data);
  if (data instanceof ReadableStream) return sourceOfStream(data);
  if (Array.isArray(data)) return sourceOfBlob(new Blob(data));
  if (data instanceof Response || data instanceof Request) return sourceOfBody(data);
  return sourceOfBody(new Response(data));
}

function whole(bytes) {
  return {
    read: () => {
      const piece = bytes;
      bytes = null;
      return piece;
    },
    close() {},
  };
}

function sourceOfBlob(blob) {
  if (blob.size > SMALL_BLOB) return sourceOfStream(blob.stream());
  return whole(blob.arrayBuffer().then((buffer) => new Uint8Array(buffer)));
}

/** A body is used by this, as by any other reading. */
function sourceOfBody(holder) {
  if (holder.bodyUsed) {
    throw Object.assign(new TypeError("Body already used"), { code: "ERR_BODY_ALREADY_USED" });
  }
  const { _body } = holder;
  if (typeof _body === "string" || _body instanceof Uint8Array || _body instanceof Blob) {
    return sourceOf(moveBody(holder));
  }
  const { body } = holder;
  return body === null ? whole(new Uint8Array(0)) : sourceOfStream(body);
}

function sourceOfStream(stream) {
  const reader = stream.getReader();
  return {
    async read() {
      const { done, value } = await reader.read();
      return done ? null : bytesOfChunk(value);
    },
    close(reason) {
      reader.cancel(reason).catch(() => {});
    },
  };
}
