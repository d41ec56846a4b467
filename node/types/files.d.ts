/** Types of files: what of `import … from "bao"` has to do with them. */
import type { Bytes, HeadersInit, Request, Response } from "./bao.js";

/**
 * A file as a Blob: lazy, so nothing is opened or read before somebody asks, and then it is as the
 * file is by then. There need not be one.
 *
 * As the body of a Response it is sent by the engine, with its type, `ETag`, `Last-Modified`,
 * conditions and ranges; a slice is a 206. A file that is not there makes a handler fail with
 * ENOENT, and lets a request for a route go on to `fetch`.
 */
export interface BunFile extends Blob {
  /** The path as it was given; undefined for a descriptor. */
  readonly name?: string;
  /** By the extension of the name, unless the program has said another. */
  readonly type: string;
  /** Of now; 0 if there is no file, Infinity for what has no size. */
  readonly size: number;
  /** Milliseconds since 1970; 0 if there is no file. */
  readonly lastModified: number;
  /** A part of the file; negative places are counted from the end. It is not opened for this. */
  slice(begin?: number, end?: number, contentType?: string): BunFile;
  slice(begin?: number, contentType?: string): BunFile;
  slice(contentType?: string): BunFile;
  text(): Promise<string>;
  json(): Promise<any>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  arrayBuffer(): Promise<ArrayBuffer>;
  formData(): Promise<FormData>;
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** True for regular files and pipes, false for folders, devices, and what is not there. */
  exists(): Promise<boolean>;
  stat(): Promise<import("node:fs").Stats>;
  /** Removes the file. */
  delete(): Promise<void>;
  unlink(): Promise<void>;
  /** `write` to this file. */
  write(data: Writable, options?: WriteOptions): Promise<number>;
  /** Empties the file, to be written bit by bit. Throws if it cannot be opened. */
  writer(options?: { highWaterMark?: number }): FileSink;
}

/** Writes to a file bit by bit. Counts are promises where a slow pipe has to be waited for. */
export interface FileSink {
  write(chunk: string | Bytes): number | Promise<number>;
  /** Writes what was gathered. */
  flush(): number | Promise<number>;
  /** Writes what was gathered, and closes the file. */
  end(error?: Error): number | Promise<number>;
  /** How much is gathered at most, in bytes: 64 KiB. */
  start(options?: { highWaterMark?: number }): void;
  ref(): void;
  unref(): void;
}

/** A file by its path, its URL or its descriptor. */
export declare function file(
  path: string | URL | Uint8Array | number,
  options?: { type?: string },
): BunFile;

/**
 * The files below a folder, for a route that ends in `/*`: GET and HEAD are answered with the file
 * that the rest of the path names, or with the index file of a folder; what is not there is a 404.
 * Nothing outside of the folder is ever opened, whatever the path and symbolic links say.
 */
export interface Directory {
  /** The folder, which must be there when the server starts. */
  dir: string | URL;
  /** What is sent for a folder: the first of these files that is in it: "index.html". */
  index?: string | readonly string[] | false;
  /** A folder without such a file is answered with a page that lists what is in it: false. */
  listing?: boolean;
  /** Files and folders whose name begins with a dot are there as well: false. */
  dotFiles?: boolean;
  /** Sends `x.js.br`, `.zst` or `.gz` from beside `x.js` to clients that take that: false. */
  precompressed?: boolean;
  /** Requests for what is not there go on to `fetch`: false. */
  fallthrough?: boolean;
  /** Sent with every file. */
  headers?: HeadersInit;
  /** Bun's; has no effect. */
  statCache?: boolean;
}

/** What can be written to a file. */
export type Writable =
  | string
  | Bytes
  | Blob
  | readonly BlobPart[]
  | Response
  | Request
  | globalThis.Response
  | globalThis.Request
  | ReadableStream
  | AsyncIterable<string | Bytes>
  | FormData
  | URLSearchParams;
type BlobPart = string | Blob | ArrayBuffer | NodeJS.ArrayBufferView<ArrayBuffer>;

export interface WriteOptions {
  /** Makes the folders that lead to a new file: true. */
  createPath?: boolean;
  /** The permissions of a new file, 0 to 0o777, before the umask: 0o666. */
  mode?: number;
}

/**
 * Replaces what is in a file, and resolves to the number of bytes. What comes in pieces (the body
 * of a Request, say) is written piece by piece, in a bounded amount of memory.
 */
export declare function write(
  destination: string | URL | Uint8Array | number | BunFile,
  data: Writable,
  options?: WriteOptions,
): Promise<number>;
