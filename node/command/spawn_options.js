/**
 * What Bun.spawn() and Bun.spawnSync() are given, checked: every mistake is an error before
 * anything runs.
 */
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { program } from "./program.js";
import { isExecutable, which } from "./which.js";
import { wrongType } from "../lib/wrong.js";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const { closeSync, openSync, statSync } = process.getBuiltinModule("node:fs");
const { constants: system } = process.getBuiltinModule("node:os");

/** By name; a number has one name, although the system knows two of some. */
const ALIASES = ["SIGIOT", "SIGPOLL"];
const SIGNALS = Object.fromEntries(
  Object.entries(system.signals).filter(([name]) => !ALIASES.includes(name)),
);
const MOST_MILLISECONDS = 0x7fffffff;
const KINDS =
  "stdio must be an array of 'inherit', 'pipe', 'ignore', Bun.file(pathOrFd), number, or null";

/** What starts this command: Node, and what bin/bao gives it. */
const THIS_COMMAND = ["register.js", "main.js"].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);

/** Programs of this name are run by this command, as those of Bun's are by Bun. */
const OUR_NAMES = ["bun", "bao"];

/**
 * @param {unknown} first the command as an array, or an object of options with `cmd`
 * @param {object} [second] the options, if the command came first
 * @param {{ stderr: string }} defaults
 */
export function settingsOf(first, second, defaults) {
  const options = (Array.isArray(first) ? second : first) ?? {};
  const cmd = Array.isArray(first) ? first : options.cmd;
  if (!Array.isArray(cmd)) throw wrongType("cmd must be an array");
  if (typeof options !== "object") throw wrongType("the options must be an object");
  if (cmd.length === 0) throw wrongType("cmd must not be empty");
  refuseMissing(options);
  const { cwd = process.cwd(), env } = options;
  const environment = environmentOf(env);
  const words = cmd.map(String);
  return {
    ...programOf(words, String(cwd), env),
    argv0: options.argv0 === undefined ? undefined : String(options.argv0),
    cwd: folderOf(String(cwd), words[0]),
    env: isOurs(words[0]) ? { NODE_COMPILE_CACHE: program.codeCache, ...environment } : environment,
    stdio: stdioOf(options, defaults),
    killSignal: signalOf(options.killSignal ?? "SIGTERM"),
    timeout: timeoutOf(options.timeout),
    maxBuffer: typeof options.maxBuffer === "number" ? options.maxBuffer : Infinity,
    signal: abortSignalOf(options.signal),
    onExit: functionOf(options, "onExit"),
    onDisconnect: functionOf(options, "onDisconnect"),
    ipc: typeof options.ipc === "function" ? options.ipc : null,
    serialization: serializationOf(options.serialization),
  };
}

function refuseMissing(options) {
  for (const name of ["terminal", "cgroup"]) {
    if (options[name] !== undefined && options[name] !== null) {
      throw new Error(`Option ${name} of Bun.spawn is not part of bao yet`);
    }
  }
}

function environmentOf(env) {
  if (env === undefined || env === null) return process.env;
  if (typeof env !== "object") throw wrongType("env must be an object");
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}

/** Node says too late, for a throw, that there is no such folder. */
function folderOf(cwd, name) {
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) return cwd;
  throw failedStart("ENOENT", "no such file or directory", name);
}

function failedStart(code, meaning, path) {
  return Object.assign(new Error(`${code}: ${meaning}, posix_spawn '${path}'`), {
    code,
    errno: -system.errno[code],
    path,
    syscall: "posix_spawn",
  });
}

function isOurs(name) {
  return OUR_NAMES.includes(name) || name === process.execPath;
}

/** The file to be run with its arguments; `bun`, and what runs this, stand for this command. */
function programOf([name, ...rest], cwd, env) {
  if (isOurs(name)) {
    const [register, main] = THIS_COMMAND;
    return { file: process.execPath, args: ["--import", register, main, ...rest], name };
  }
  if (name.includes("/")) {
    const path = resolve(cwd, name);
    if (!isThere(path)) throw failedStart("ENOENT", "no such file or directory", name);
    if (!isExecutable(path)) throw failedStart("EACCES", "permission denied", name);
    return { file: name, args: rest, name };
  }
  const file = which(name, { PATH: env?.PATH ?? process.env.PATH, cwd });
  if (file !== null) return { file, args: rest, name };
  const message = `Executable not found in $PATH: ${JSON.stringify(name)}`;
  const errno = -system.errno.ENOENT;
  throw Object.assign(new Error(message), { code: "ENOENT", errno, path: name });
}

function isThere(path) {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** @returns {string | 0} the name of a signal; 0 only asks whether the process is there */
export function signalOf(given) {
  if (typeof given === "number") {
    if (given === 0) return 0;
    const name = Object.keys(SIGNALS).find((known) => SIGNALS[known] === given);
    if (name) return name;
    throw wrongType("Invalid signal: must be < 32");
  }
  if (Object.hasOwn(SIGNALS, given)) return given;
  const names = Object.keys(SIGNALS).map((name) => `'${name}'`);
  throw wrongType(`signal must be one of ${names.slice(0, -1).join(", ")} or ${names.at(-1)}`);
}

function timeoutOf(given) {
  if (given === undefined || given === null) return Infinity;
  if (typeof given !== "number") {
    throw wrongType(`The "timeout" property must be of type number. Received ${typeof given}`);
  }
  if (given >= 0 && given <= Number.MAX_SAFE_INTEGER) {
    return given === 0 || given > MOST_MILLISECONDS ? Infinity : given;
  }
  const range = `>= 0 and <= ${Number.MAX_SAFE_INTEGER}`;
  throw Object.assign(
    new RangeError(
      `The value of "timeout" is out of range. It must be ${range}. Received ${given}`,
    ),
    { code: "ERR_OUT_OF_RANGE" },
  );
}

function abortSignalOf(given) {
  if (given === undefined || given === null) return null;
  if (!(given instanceof AbortSignal)) {
    const received = `Received type ${typeof given} (${String(given)})`;
    throw wrongType(`The "signal" argument must be of type AbortSignal. ${received}`);
  }
  given.throwIfAborted();
  return given;
}

function functionOf(options, name) {
  const value = options[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "function") throw wrongType(`${name} must be a function or undefined`);
  return value;
}

function serializationOf(given) {
  if (given === undefined || given === null) return "advanced";
  if (given === "json" || given === "advanced") return given;
  throw wrongType('serialization must be "json" or "advanced"');
}

function stdioOf(options, { stderr }) {
  const { stdio } = options;
  if (stdio !== undefined && stdio !== null && !Array.isArray(stdio)) {
    throw wrongType("stdio must be an array");
  }
  const given = stdio ?? [options.stdin, options.stdout, options.stderr];
  const outputs = ["pipe", stderr].map((otherwise, i) => outputOf(given[i + 1], otherwise));
  const more = given.slice(3).map((value) => {
    if (value !== "pipe") return outputOf(value, "ignore");
    throw new Error("More pipes than those of stdin, stdout and stderr are not part of bao yet");
  });
  return [inputOf(given[0]), ...outputs, ...more];
}

/** Files of Bun.file() tell where they are in these fields. */
function isFile(value) {
  return typeof value === "object" && value !== null && "_path" in value && "_fd" in value;
}

/** What may stand for any of the three; undefined if it is something else. */
function commonOf(value) {
  if (value === null || value === "ignore") return { kind: "ignore" };
  if (value === "inherit" || value === "pipe") return { kind: value };
  if (typeof value !== "number") return undefined;
  if (Number.isInteger(value) && value >= 0) return { kind: "fd", fd: value };
  throw wrongType("file descriptor must be a positive integer");
}

function inputOf(value) {
  const common = commonOf(value ?? null);
  if (common) return common;
  if (typeof value === "object") {
    if (isFile(value) && !(value._begin > 0 || value._end < Infinity)) {
      return { kind: "file", file: value, flags: "r" };
    }
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
      return { kind: "data", bytes: bytesOf(value) };
    }
    if (isBody(value)) return { kind: "data", body: value };
    if (value instanceof ReadableStream) return { kind: "stream", stream: value };
    if (typeof value[Symbol.asyncIterator] === "function") {
      return { kind: "stream", stream: ReadableStream.from(value) };
    }
  }
  throw wrongType(KINDS);
}

/** A copy: the program may use its buffer again. */
export function bytesOf(value) {
  return ArrayBuffer.isView(value)
    ? Buffer.from(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
    : Buffer.from(new Uint8Array(value));
}

/** A Blob, or what has a body. */
function isBody(value) {
  const { Blob } = createRequire(import.meta.url)("node:buffer");
  return value instanceof Blob || value instanceof Response || value instanceof Request;
}

function outputOf(value, otherwise) {
  const common = commonOf(value === undefined ? otherwise : value);
  if (common) return common;
  if (isFile(value)) return { kind: "file", file: value, flags: "w" };
  if (ArrayBuffer.isView(value)) {
    throw wrongType("ArrayBufferView cannot be used for stdout/stderr yet");
  }
  if (typeof value === "object" && isBody(value)) {
    throw wrongType("Blobs are immutable, and cannot be used for stdout/stderr");
  }
  throw wrongType(KINDS);
}

/**
 * Opens the files among the settings' stdio while `start` runs, which is given what Node wants of
 * them.
 */
export function withFiles({ stdio, cwd }, start) {
  const opened = [];
  const forNode = ({ kind, fd, file, flags }) => {
    if (kind === "fd") return fd;
    if (kind === "data" || kind === "stream") return "pipe";
    if (kind !== "file") return kind;
    if (file._fd >= 0) return file._fd;
    opened.push(openSync(resolve(file._path), flags));
    return opened.at(-1);
  };
  try {
    return start(stdio.map(forNode), cwd);
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}
