/**
 * Bun.spawn() and Bun.spawnSync(), over Node's child processes.
 */
import { spawn as start, spawnSync as startSync } from "node:child_process";

import { feed, FileSink, give } from "./spawn_input.js";
import { settingsOf, signalOf, withFiles } from "./spawn_options.js";
import { wrongType } from "../lib/wrong.js";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const { constants } = process.getBuiltinModule("node:os");

/** What becomes of a process that cannot be started, although all that is known speaks for it. */
const NOT_STARTED = "EAGAIN: the system starts no process now, posix_spawn";

/** A process that was started. */
class Subprocess {
  #child;
  #settings;
  #exited = Promise.withResolvers();
  #isOver = false;
  #isKilled = false;
  #stdin;
  #stdout;
  #stderr;
  #timer = null;
  #abort = null;

  constructor(child, settings) {
    this.#child = child;
    this.#settings = settings;
    this.#stdin = this.#inputOf(settings.stdio[0]);
    this.#stdout = this.#outputOf(child.stdout);
    this.#stderr = this.#outputOf(child.stderr);
    child.on("error", () => {});
    child.once("exit", (code, signal) => this.#end(code, signal));
    if (settings.ipc) this.#listen(settings);
    this.#limit(settings);
  }

  #inputOf(stdin) {
    const pipe = this.#child.stdin;
    if (stdin.kind === "pipe") return new FileSink(pipe);
    const stream = stdin.stream ?? streamIn(stdin.body);
    if (stream) feed(pipe, stream);
    else if (stdin.kind === "data") give(pipe, stdin);
    return stream ?? undefined;
  }

  #outputOf(pipe) {
    if (!pipe) return undefined;
    const { maxBuffer, killSignal } = this.#settings;
    return streamOf(pipe, maxBuffer, () => this.kill(killSignal));
  }

  #listen({ ipc, onDisconnect }) {
    this.#child.on("message", (message, handle) => ipc.call(this, message, this, handle));
    this.#child.once("disconnect", () => onDisconnect?.call(this, true));
  }

  #limit({ timeout, signal, killSignal }) {
    const stop = () => this.kill(killSignal);
    if (timeout !== Infinity) this.#timer = setTimeout(stop, timeout).unref();
    if (!signal) return;
    signal.addEventListener("abort", stop, { once: true });
    this.#abort = () => signal.removeEventListener("abort", stop);
  }

  #end(code, signal) {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#abort?.();
    this.#exited.resolve(code ?? 128 + constants.signals[signal]);
    const { onExit } = this.#settings;
    // Who waits for `exited` hears of it first, as under Bun.
    if (onExit) setImmediate(() => onExit.call(this, this, code, signal, undefined));
  }

  get pid() {
    return this.#child.pid;
  }

  /** A FileSink for "pipe", the stream that was given, or undefined. */
  get stdin() {
    return this.#stdin;
  }

  get stdout() {
    return this.#stdout;
  }

  get stderr() {
    return this.#stderr;
  }

  get readable() {
    return this.#stdout;
  }

  get writable() {
    return this.#stdin;
  }

  get stdio() {
    const count = this.#settings.stdio.length + (this.#settings.ipc ? 1 : 0);
    return new Array(count).fill(null);
  }

  get terminal() {
    return undefined;
  }

  /** Of the status; 128 and the signal's number if one ended it. */
  get exited() {
    return this.#exited.promise;
  }

  get exitCode() {
    return this.#child.exitCode;
  }

  get signalCode() {
    return this.#child.signalCode;
  }

  /** Whether it was sent a signal that may end it, or is over anyhow. */
  get killed() {
    return this.#isOver || this.#isKilled;
  }

  /** Sends a signal; nothing happens if the process is over. */
  kill(signal = "SIGTERM") {
    const name = signalOf(signal);
    if (this.#isOver) return;
    this.#child.kill(name);
    if (name !== 0) this.#isKilled = true;
  }

  /** Whether the process, and what it says, keep this one alive. */
  ref() {
    for (const handle of this.#handles()) handle.ref();
  }

  unref() {
    for (const handle of this.#handles()) handle.unref();
  }

  #handles() {
    const { stdin, stdout, stderr, channel } = this.#child;
    return [this.#child, stdin, stdout, stderr, channel].filter(Boolean);
  }

  get connected() {
    return this.#settings.ipc !== null && this.#child.connected;
  }

  /** Sends a message to a process that was started with `ipc`. */
  send(message) {
    if (message === undefined) throw wrongType('The "message" argument must be specified');
    if (this.connected) return this.#child.send(message, () => {}) || true;
    const reason = this.#isOver
      ? "cannot be used after the process has exited."
      : "can only be used if an IPC channel is open.";
    throw Object.assign(new Error(`Subprocess.send() ${reason}`), {
      code: "ERR_IPC_CHANNEL_CLOSED",
    });
  }

  disconnect() {
    if (this.connected) this.#child.disconnect();
  }

  /** Node does not tell what a process has used. */
  resourceUsage() {
    throw new Error("resourceUsage() of a process is not part of bao yet");
  }

  get [Symbol.toStringTag]() {
    return "Subprocess";
  }

  [Symbol.dispose]() {
    this.kill();
  }

  async [Symbol.asyncDispose]() {
    this.kill();
    await this.exited;
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    const { pid, exitCode, signalCode, killed } = this;
    return `Subprocess ${inspect({ pid, exitCode, signalCode, killed }, options)}`;
  }
}

/** The body of a Response or Request if it is a stream; null if it is there as a whole. */
function streamIn(body) {
  if (!body || typeof body.arrayBuffer !== "function" || !("bodyUsed" in body)) return null;
  return !("_body" in body) || body._body instanceof ReadableStream ? body.body : null;
}

/**
 * What the process says. Nothing is lost if the program first waits for the process to end: until
 * somebody reads, all is kept; from then on the process is as fast as its reader.
 */
function streamOf(pipe, most, exceeded) {
  let length = 0;
  let isRead = false;
  const source = {
    start(controller) {
      pipe.on("data", (chunk) => {
        controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        length += chunk.length;
        if (length > most) {
          exceeded();
          pipe.destroy();
        } else if (isRead && most === Infinity && controller.desiredSize <= 0) {
          pipe.pause();
        }
      });
      // It may be cancelled by then.
      pipe.once("close", () => {
        try {
          controller.close();
        } catch {}
      });
      pipe.on("error", () => {});
    },
    pull() {
      isRead = true;
      pipe.resume();
    },
    cancel() {
      pipe.destroy();
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}

/** Starts a process. Throws at once if it cannot be started. */
export function spawn(first, second) {
  const settings = settingsOf(first, second, { stderr: "inherit" });
  const { file, args, name, argv0, cwd, env, ipc, serialization } = settings;
  const child = withFiles(settings, (stdio) => {
    if (ipc) stdio.push("ipc");
    return start(file, args, { argv0: argv0 ?? given(settings), cwd, env, stdio, serialization });
  });
  if (child.pid !== undefined) return new Subprocess(child, settings);
  child.on("error", () => {});
  throw Object.assign(new Error(`${NOT_STARTED} '${name}'`), { code: "EAGAIN", path: name });
}

/** A program hears its name as the caller said it. */
function given({ file, name }) {
  return file === process.execPath ? undefined : name;
}

/** Runs a process to its end, while nothing else happens here. */
export function spawnSync(first, second) {
  const settings = settingsOf(first, second, { stderr: "pipe" });
  const { file, args, argv0, cwd, env, timeout, killSignal, maxBuffer } = settings;
  const result = withFiles(settings, (stdio) =>
    startSync(file, args, {
      argv0: argv0 ?? given(settings),
      cwd,
      env,
      stdio,
      killSignal,
      maxBuffer,
      input: bytesNow(settings.stdio[0]),
      timeout: timeout === Infinity ? undefined : timeout,
    }),
  );
  const { error, pid, status, signal, stdout, stderr } = result;
  if (error && pid === 0) throw error;
  return {
    exitCode: status,
    ...(signal && { signalCode: signal }),
    stdout: stdout ?? undefined,
    stderr: stderr ?? undefined,
    success: status === 0,
    ...(error?.code === "ETIMEDOUT" && { exitedDueToTimeout: true }),
    ...(error?.code === "ENOBUFS" && { exitedDueToMaxBuffer: true }),
    pid,
  };
}

/** What the process reads has to be here already. */
function bytesNow(stdin) {
  if (stdin.kind === "stream") {
    throw wrongType("'stdin' ReadableStream cannot be used in sync mode");
  }
  if (stdin.kind === "pipe") return Buffer.alloc(0);
  if (stdin.kind !== "data") return undefined;
  if (stdin.bytes) return stdin.bytes;
  const body = stdin.body._body;
  if (typeof body === "string" || body instanceof Uint8Array) return Buffer.from(body);
  throw wrongType("'stdin' of Bun.spawnSync must be here already: give its bytes, or a file");
}
