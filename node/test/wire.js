/** For tests: bytes over sockets, and programs of their own process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";

export const library = new URL("../lib/index.js", import.meta.url).href;

/** A client that writes bytes and reads what comes, as latin-1. */
export class Client {
  received = "";
  ended = false;
  reset = false;

  constructor(server) {
    this.socket = connect(server.port, "127.0.0.1");
    this.socket.setEncoding("latin1");
    this.socket.on("data", (text) => (this.received += text));
    this.socket.on("end", () => (this.ended = true));
    this.socket.on("error", () => (this.reset = true));
    this.closed = once(this.socket, "close").catch(() => {});
  }

  write(text) {
    this.socket.write(text, "latin1");
  }

  get(path, fields = "") {
    this.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n${fields}\r\n`);
  }

  /** Until that text or pattern was received; returns everything so far. */
  async until(wanted) {
    const found = () =>
      typeof wanted === "string" ? this.received.includes(wanted) : wanted.test(this.received);
    while (!found()) {
      if (this.socket.closed) {
        throw new Error(`the connection was closed after ${JSON.stringify(this.received)}`);
      }
      await Promise.race([once(this.socket, "data"), this.closed]);
    }
    return this.received;
  }

  close() {
    this.socket.destroy();
  }
}

/** Runs a program in a process of its own; resolves to its output and how it ended. */
export async function run(source, { env = {}, args = [] } = {}) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", source, "--", ...args], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (errors += data));
  const [code, signal] = await once(child, "close");
  return { code, signal, output, errors };
}

/** Catches what is printed by console.error while `action` runs. */
export async function errorsOf(action) {
  const printed = [];
  const before = console.error;
  console.error = (...values) => printed.push(...values);
  try {
    await action();
  } finally {
    console.error = before;
  }
  return printed;
}
