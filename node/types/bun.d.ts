/**
 * Types of what a program finds under the command `bao`: the global `Bun` and the module "bun", as
 * far as they are there. A project turns them on with `"types": ["bao/bun"]` in the compilerOptions
 * of its tsconfig.json.
 */

declare module "bun" {
  type Handlers<Path extends string, Data = undefined> = import("./bao.js").ServeOptions<
    Path,
    Data
  >;

  /** The options of serve(), and what a program exports as its default to be served. */
  export type Serve<Path extends string = string> = Handlers<Path>;
  export namespace Serve {
    /** Bun's name; the first argument is the type of `ws.data`. */
    type Options<Data = undefined, Path extends string = string> = Handlers<Path, Data>;
  }
  export type ServeOptions<Path extends string = string> = Handlers<Path>;
  export type Server<Data = undefined> = import("./bao.js").Server<Data>;
  export type ServerWebSocket<Data = undefined> = import("./bao.js").ServerWebSocket<Data>;
  export type WebSocketHandler<Data = undefined> = import("./bao.js").WebSocketHandler<Data>;
  export type SocketAddress = import("./bao.js").SocketAddress;
  export type TLSOptions = import("./bao.js").TLSOptions;
  /** A request that came by a route. */
  export type BunRequest<Path extends string = string> = import("./bao.js").RoutedRequest<Path>;

  /** A cookie with its attributes. */
  export const Cookie: typeof import("./bao.js").Cookie;
  export type Cookie = import("./bao.js").Cookie;
  /** The cookies of a request, and what changes them. */
  export const CookieMap: typeof import("./bao.js").CookieMap;
  export type CookieMap = import("./bao.js").CookieMap;
  export type CookieInit = import("./bao.js").CookieInit;
  export type CookieSameSite = import("./bao.js").CookieSameSite;

  /** Starts a server. */
  export function serve<Path extends string, Data = undefined>(
    options: Handlers<Path, Data>,
  ): Server<Data>;

  export type BunFile = import("./bao.js").BunFile;
  export type FileSink = import("./bao.js").FileSink;

  /** A file by its path, its URL or its descriptor, as a Blob that is read when somebody asks. */
  export const file: typeof import("./bao.js").file;
  /** Replaces what is in a file, and resolves to the number of bytes. */
  export const write: typeof import("./bao.js").write;
  /** Standard input, as a file. */
  export const stdin: BunFile;
  /** Standard output, as a file. */
  export const stdout: BunFile;
  /** Standard error, as a file. */
  export const stderr: BunFile;

  /** Waits so many milliseconds, or until a time. */
  export function sleep(time: number | Date): Promise<void>;
  /** Stops the whole thread for so many milliseconds. */
  export function sleepSync(milliseconds: number): void;

  /** What a process reads: the source of its standard input. */
  export type SpawnInput =
    | "pipe"
    | "inherit"
    | "ignore"
    | null
    | undefined
    | number
    | ArrayBufferView
    | ArrayBuffer
    | Blob
    | Request
    | Response
    | ReadableStream
    | AsyncIterable<string | Uint8Array>;
  /** Where a process writes to. */
  export type SpawnOutput = "pipe" | "inherit" | "ignore" | null | undefined | number | Blob;

  export interface SpawnOptions<
    In extends SpawnInput = SpawnInput,
    Out extends SpawnOutput = SpawnOutput,
    Err extends SpawnOutput = SpawnOutput,
  > {
    cwd?: string;
    /** Instead of this process's environment. */
    env?: Record<string, string | undefined>;
    /** The name that the program hears of itself. */
    argv0?: string;
    stdin?: In;
    stdout?: Out;
    stderr?: Err;
    /** The three together, instead of each by its name. */
    stdio?: [In, Out, Err, ...SpawnOutput[]];
    /** Ends the process. */
    signal?: AbortSignal;
    /** Milliseconds after which the process is ended. */
    timeout?: number;
    /** By which `signal`, `timeout` and `maxBuffer` end it: SIGTERM. */
    killSignal?: NodeJS.Signals | number;
    /** Bytes of output after which the process is ended. */
    maxBuffer?: number;
  }

  export interface SpawnAsyncOptions<
    In extends SpawnInput = SpawnInput,
    Out extends SpawnOutput = SpawnOutput,
    Err extends SpawnOutput = SpawnOutput,
  > extends SpawnOptions<In, Out, Err> {
    onExit?(
      subprocess: Subprocess<In, Out, Err>,
      exitCode: number | null,
      signalCode: NodeJS.Signals | null,
      error?: Error,
    ): void | Promise<void>;
    /** Hears the messages of a process that speaks with process.send(). */
    ipc?(message: any, subprocess: Subprocess<In, Out, Err>, handle?: unknown): void;
    onDisconnect?(ok: boolean): void | Promise<void>;
    /** How messages are written: "advanced", or "json" for another kind of program. */
    serialization?: "json" | "advanced";
  }

  type SpawnStream<Out> = Out extends "pipe" ? ReadableStream<Uint8Array<ArrayBuffer>> : undefined;

  export interface Subprocess<
    In extends SpawnInput = SpawnInput,
    Out extends SpawnOutput = SpawnOutput,
    Err extends SpawnOutput = SpawnOutput,
  > {
    readonly pid: number;
    readonly stdin: In extends "pipe" ? FileSink : In extends ReadableStream ? In : undefined;
    readonly stdout: SpawnStream<Out>;
    readonly stderr: SpawnStream<Err>;
    readonly readable: SpawnStream<Out>;
    /** Resolves to the exit code; to 128 and the signal's number if one ended the process. */
    readonly exited: Promise<number>;
    readonly exitCode: number | null;
    readonly signalCode: NodeJS.Signals | null;
    /** Whether it was sent a signal, or is over. */
    readonly killed: boolean;
    readonly connected: boolean;
    kill(signal?: NodeJS.Signals | number): void;
    ref(): void;
    unref(): void;
    send(message: any): boolean;
    disconnect(): void;
    [Symbol.asyncDispose](): Promise<void>;
  }

  export interface SyncSubprocess {
    readonly pid: number;
    readonly stdout: Buffer | undefined;
    readonly stderr: Buffer | undefined;
    readonly exitCode: number | null;
    readonly signalCode?: NodeJS.Signals;
    readonly success: boolean;
    readonly exitedDueToTimeout?: true;
    readonly exitedDueToMaxBuffer?: true;
  }

  /** Starts a process. Throws if there is no such program. */
  export function spawn<
    const In extends SpawnInput = "ignore",
    const Out extends SpawnOutput = "pipe",
    const Err extends SpawnOutput = "inherit",
  >(
    command: readonly string[],
    options?: SpawnAsyncOptions<In, Out, Err>,
  ): Subprocess<In, Out, Err>;
  export function spawn<
    const In extends SpawnInput = "ignore",
    const Out extends SpawnOutput = "pipe",
    const Err extends SpawnOutput = "inherit",
  >(
    options: SpawnAsyncOptions<In, Out, Err> & { cmd: readonly string[] },
  ): Subprocess<In, Out, Err>;

  /** Runs a process to its end, while nothing else happens here. */
  export function spawnSync(command: readonly string[], options?: SpawnOptions): SyncSubprocess;
  export function spawnSync(options: SpawnOptions & { cmd: readonly string[] }): SyncSubprocess;

  /** The environment, which is process.env. */
  export const env: NodeJS.ProcessEnv;
  /** The runtime, the program's absolute path, and its arguments. */
  export const argv: string[];
  /** The absolute path of the program's first file. */
  export const main: string;
  /** The version of Bun whose interface this one follows. */
  export const version: string;
  /** Names Bao and its version: "bao-0.1.0". */
  export const revision: string;
  /** Whether this is not a worker. */
  export const isMainThread: boolean;
  /** Whether the program was built into one file: never. */
  export const isStandaloneExecutable: false;
  /** Files that were built into the program: none. */
  export const embeddedFiles: readonly Blob[];
  /** Whether standard output shows colours. */
  export const enableANSIColors: boolean;

  /** Compares versions. */
  export const semver: {
    /** Whether a version is in a range. */
    satisfies(version: string, range: string): boolean;
    /** How two versions are sorted. */
    order(first: string, second: string): -1 | 0 | 1;
  };

  /** Replaces & < > " and ' so that HTML shows the text as it is. */
  export function escapeHTML(value: string | number | boolean | object): string;
  /** The text without escape sequences of terminals. */
  export function stripANSI(text: string): string;
  /** The text that shows a value, as `console.log` does where there is no terminal. */
  export const inspect: {
    (
      value: unknown,
      options?: { depth?: number; compact?: boolean; sorted?: boolean; colors?: boolean },
    ): string;
    /** Rows and columns, for a list or an object of rows. */
    table(rows: object | undefined, columns?: string[]): string;
    readonly custom: unique symbol;
  };
  /** How many columns of a terminal a text takes. */
  export function stringWidth(text: string, options?: { countAnsiEscapeCodes?: boolean }): number;
  /** The path that a file URL means. */
  export const fileURLToPath: typeof import("node:url").fileURLToPath;
  /** The URL of a path. */
  export const pathToFileURL: typeof import("node:url").pathToFileURL;
  /** The global `fetch`. */
  export const fetch: typeof globalThis.fetch;

  /** Nanoseconds since the process began. */
  export function nanoseconds(): number;
  /** Collects garbage now. Returns how many bytes of the heap are in use. */
  export function gc(force?: boolean): number;
  /** A Uint8Array of that length. */
  export function allocUnsafe(length: number): Uint8Array<ArrayBuffer>;
  /** The path of a command; null if there is none. */
  export function which(command: string, options?: { PATH?: string; cwd?: string }): string | null;
  /** The file that a module's name means in a folder. */
  export function resolveSync(name: string, folder: string): string;
  /** As `resolveSync`, by a promise. */
  export function resolve(name: string, folder: string): Promise<string>;

  /** All chunks of a stream. */
  export function readableStreamToArray<Chunk>(stream: ReadableStream<Chunk>): Promise<Chunk[]>;
  /** All bytes of a stream. */
  export function readableStreamToArrayBuffer(stream: ReadableStream): Promise<ArrayBuffer>;
  /** All bytes of a stream. */
  export function readableStreamToBlob(stream: ReadableStream): Promise<Blob>;
  /** All bytes of a stream. */
  export function readableStreamToBytes(stream: ReadableStream): Promise<Uint8Array<ArrayBuffer>>;
  /** The value that a stream of JSON holds. */
  export function readableStreamToJSON(stream: ReadableStream): Promise<any>;
  /** The text of a stream. */
  export function readableStreamToText(stream: ReadableStream): Promise<string>;

  /** A form: multipart if its boundary is given. */
  export function readableStreamToFormData(
    stream: ReadableStream,
    boundary?: string | ArrayBufferView,
  ): Promise<FormData>;

  type Bytes = string | ArrayBufferView | ArrayBuffer;
  /** Several buffers as one, up to a length. */
  export function concatArrayBuffers(
    buffers: Iterable<ArrayBufferView | ArrayBuffer>,
    most?: number,
  ): ArrayBuffer;
  export function concatArrayBuffers(
    buffers: Iterable<ArrayBufferView | ArrayBuffer>,
    most: number,
    asUint8Array: true,
  ): Uint8Array<ArrayBuffer>;
  /** Where the next line ends; -1 if none does. */
  export function indexOfLine(buffer: ArrayBufferView | ArrayBuffer, from?: number): number;

  interface CompressOptions {
    level?: number;
    memLevel?: number;
    windowBits?: number;
    strategy?: number;
  }
  /** Compresses with gzip. */
  export function gzipSync(data: Bytes, options?: CompressOptions): Uint8Array<ArrayBuffer>;
  /** The content of what gzip has compressed. */
  export function gunzipSync(data: Bytes, options?: CompressOptions): Uint8Array<ArrayBuffer>;
  /** Bare deflate, without zlib's head. */
  export function deflateSync(data: Bytes, options?: CompressOptions): Uint8Array<ArrayBuffer>;
  /** The content of what `deflateSync` has compressed. */
  export function inflateSync(data: Bytes, options?: CompressOptions): Uint8Array<ArrayBuffer>;
  /** Compresses with Zstandard. */
  export function zstdCompressSync(data: Bytes, options?: { level?: number }): Buffer;
  /** The content of what Zstandard has compressed. */
  export function zstdDecompressSync(data: Bytes): Buffer;
  /** As `zstdCompressSync`, in the background. */
  export function zstdCompress(data: Bytes, options?: { level?: number }): Promise<Buffer>;
  /** As `zstdDecompressSync`, in the background. */
  export function zstdDecompress(data: Bytes): Promise<Buffer>;

  /** Whether two values are alike; strictly also in their classes and undefined members. */
  export function deepEquals(first: unknown, second: unknown, strict?: boolean): boolean;
  /** Whether a value has all that another one has. */
  export function deepMatch(subset: object, value: object): boolean;

  /** A UUID that sorts by the time at which it was made. */
  export function randomUUIDv7(
    encoding?: "hex" | "base64" | "base64url",
    timestamp?: number | Date,
  ): string;
  export function randomUUIDv7(encoding: "buffer", timestamp?: number | Date): Buffer;
  /** A UUID that is the same for the same name and namespace. */
  export function randomUUIDv5(
    name: string | ArrayBufferView,
    namespace: "dns" | "url" | "oid" | "x500" | (string & {}) | ArrayBufferView,
    encoding?: "hex" | "base64" | "base64url",
  ): string;
  export function randomUUIDv5(
    name: string | ArrayBufferView,
    namespace: string | ArrayBufferView,
    encoding: "buffer",
  ): Buffer;

  type TextEncoding = import("node:crypto").BinaryToTextEncoding;
  /** Hashes, by the algorithms that Node has; with a key, an HMAC. */
  export class CryptoHasher {
    constructor(algorithm: string, key?: Bytes);
    static readonly algorithms: string[];
    static hash(algorithm: string, data: Bytes): Buffer;
    static hash(algorithm: string, data: Bytes, encoding: TextEncoding): string;
    static hash<Into extends ArrayBufferView>(algorithm: string, data: Bytes, into: Into): Into;
    readonly algorithm: string;
    readonly byteLength: number;
    update(data: Bytes, encoding?: import("node:crypto").Encoding): this;
    digest(): Buffer;
    digest(encoding: TextEncoding): string;
    digest<Into extends ArrayBufferView>(into: Into): Into;
    copy(): CryptoHasher;
  }
  /** A class for one kind of hash. */
  interface Hasher {
    update(data: Bytes): this;
    digest(): Uint8Array<ArrayBuffer>;
    digest(encoding: TextEncoding): string;
    digest<Into extends ArrayBufferView>(into: Into): Into;
    readonly byteLength: number;
  }
  interface HasherClass {
    new (): Hasher;
    readonly byteLength: number;
    hash(data: Bytes): Uint8Array<ArrayBuffer>;
    hash(data: Bytes, encoding: TextEncoding): string;
    hash<Into extends ArrayBufferView>(data: Bytes, into: Into): Into;
  }
  /** Hashes with MD5. */
  export const MD5: HasherClass;
  /** Hashes with SHA-1. */
  export const SHA1: HasherClass;
  /** Hashes with SHA-224. */
  export const SHA224: HasherClass;
  /** Hashes with SHA-256. */
  export const SHA256: HasherClass;
  /** Hashes with SHA-384. */
  export const SHA384: HasherClass;
  /** Hashes with SHA-512. */
  export const SHA512: HasherClass;
  /** Hashes with SHA-512/256. */
  export const SHA512_256: HasherClass;
  /** Hashes with SHA-512/256. */
  export function sha(data: Bytes): Uint8Array<ArrayBuffer>;
  export function sha(data: Bytes, encoding: TextEncoding): string;

  type Hash<Result> = (data: Bytes, seed?: number | bigint) => Result;
  /** A quick hash that keeps no secret: wyhash, or another one by its name. */
  export const hash: Hash<bigint> & {
    wyhash: Hash<bigint>;
    xxHash64: Hash<bigint>;
    murmur64v2: Hash<bigint>;
    adler32: Hash<number>;
    crc32: Hash<number>;
    xxHash32: Hash<number>;
    murmur32v2: Hash<number>;
    murmur32v3: Hash<number>;
  };

  type PasswordName = "bcrypt" | "argon2id" | "argon2d" | "argon2i";
  type PasswordAlgorithm =
    | PasswordName
    | { algorithm: "bcrypt"; cost?: number }
    | { algorithm: "argon2id" | "argon2d" | "argon2i"; memoryCost?: number; timeCost?: number };
  /** Hashes passwords by argon2 (Node 24.7 or later) or bcrypt, and verifies them. */
  export const password: {
    hash(password: Bytes, algorithm?: PasswordAlgorithm): Promise<string>;
    hashSync(password: Bytes, algorithm?: PasswordAlgorithm): string;
    verify(password: Bytes, hash: Bytes, algorithm?: PasswordName): Promise<boolean>;
    verifySync(password: Bytes, hash: Bytes, algorithm?: PasswordName): boolean;
  };

  /** What a promise was settled with, or the promise while it is pending. */
  export const peek: {
    <Value>(promise: Value | Promise<Value>): Promise<Value> | Value;
    status(promise: unknown): "pending" | "fulfilled" | "rejected";
  };

  type TokenOptions = {
    encoding?: "base64" | "base64url" | "hex";
    algorithm?: "blake2b512" | "sha256" | "sha384" | "sha512" | "sha512-256";
  };
  /** Tokens that show that a form came from the server's own page. */
  export const CSRF: {
    generate(secret?: string, options?: TokenOptions & { expiresIn?: number }): string;
    verify(token: string, options?: TokenOptions & { secret?: string; maxAge?: number }): boolean;
  };

  /** Gathers text and bytes. */
  export class ArrayBufferSink {
    start(options?: { stream?: boolean; asUint8Array?: boolean; highWaterMark?: number }): void;
    write(chunk: string | ArrayBufferView | ArrayBuffer | SharedArrayBuffer): number;
    flush(): number | Uint8Array<ArrayBuffer> | ArrayBuffer;
    end(): ArrayBuffer | Uint8Array<ArrayBuffer>;
  }

  const Bun: typeof globalThis.Bun;
  export default Bun;
}

declare var Bun: Omit<typeof import("bun"), "default">;

declare namespace Bun {
  type BunFile = import("bun").BunFile;
  type FileSink = import("bun").FileSink;
  type Server<Data = undefined> = import("bun").Server<Data>;
  type ServeOptions<Path extends string = string> = import("bun").ServeOptions<Path>;
  type BunRequest<Path extends string = string> = import("bun").BunRequest<Path>;
  type Cookie = import("bun").Cookie;
  type CookieMap = import("bun").CookieMap;
  type CookieInit = import("bun").CookieInit;
  namespace Serve {
    type Options<Data = undefined, Path extends string = string> = import("bun").Serve.Options<
      Data,
      Path
    >;
  }
}

/** How a stream is read whole. */
interface ReadableStream<R = any> {
  text(): Promise<string>;
  json(): Promise<any>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  blob(): Promise<Blob>;
}

/** What fetch() takes beyond the platform's. */
interface RequestInit {
  /** The path of a unix socket to ask by. */
  unix?: string;
  tls?: {
    ca?: unknown;
    cert?: unknown;
    key?: unknown;
    passphrase?: string;
    serverName?: string;
    rejectUnauthorized?: boolean;
    checkServerIdentity?: (hostname: string, certificate: any) => Error | undefined | void;
  };
}

interface Console {
  /** Writes text and bytes as they are, and gives their number. */
  write(...values: (string | ArrayBufferView | ArrayBuffer)[]): number;
  /** The lines of standard input. */
  [Symbol.asyncIterator](): AsyncIterableIterator<string>;
}

interface ImportMeta {
  /** The folder of this file. */
  readonly dir: string;
  /** The name of this file, without its folder. */
  readonly file: string;
  /** The absolute path of this file. */
  readonly path: string;
  /** process.env */
  readonly env: NodeJS.ProcessEnv;
  readonly require: NodeJS.Require;
  /** The file that a module's name means here. */
  resolveSync(name: string, from?: string): string;
}
