/**
 * A program of programs/, run by Bun or by Bao in a process of its own. What it has to tell comes
 * as lines of its output, see programs/say.ts.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Nothing that is waited for takes longer, however slow the machine is. */
const LONGEST = 20_000;

const folder = fileURLToPath(new URL("programs/", import.meta.url));

/** @typedef {{ command: string, env: Record<string, string> }} Runtime */

export class Program {
  /** What the program has found out by itself, by name. */
  facts = {};
  /** What it calls out, in the order of time. */
  #calls = [];
  #child;
  #over = false;
  #errors = "";

  /** @param {Runtime} runtime */
  constructor(runtime, name, { args = [], env = {} } = {}) {
    const { PORT, BUN_PORT, NODE_PORT, NODE_ENV, ...rest } = process.env;
    this.#child = spawn(runtime.command, [...args, `${name}.ts`], {
      cwd: folder,
      env: { ...rest, ...runtime.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stderr.on("data", (data) => (this.#errors += data));
    this.ended = once(this.#child, "close").then(([code, signal]) => {
      this.#over = true;
      return signal ?? code;
    });
    createInterface(this.#child.stdout).on("line", (line) => this.#hear(line));
  }

  #hear(line) {
    const address = /http:\/\/[^\s:]+:(\d+)/.exec(line);
    // What the runtime says by itself about a default export that it serves.
    const told = address && !line.startsWith("[") ? ["call", "address", Number(address[1])] : null;
    if (!told && !line.startsWith('["')) return;
    const [kind, name, value] = told ?? JSON.parse(line);
    if (kind === "fact") this.facts[name] = value;
    else this.#calls.push([name, value]);
    this.#child.emit("heard");
  }

  /** Waits until the program calls that name out; resolves to the value that it gives along. */
  async heard(name) {
    const limit = setTimeout(() => this.signal("SIGKILL"), LONGEST);
    try {
      return await this.#call(name);
    } finally {
      clearTimeout(limit);
    }
  }

  async #call(name) {
    for (;;) {
      const at = this.#calls.findIndex(([called]) => called === name);
      if (at >= 0) return this.#calls.splice(at, 1)[0][1];
      if (this.#over) throw new Error(`the program ended without "${name}":\n${this.#errors}`);
      await Promise.race([once(this.#child, "heard"), this.ended]);
    }
  }

  signal(name) {
    this.#child.kill(name);
  }

  /** Ends it if it has not ended by itself. */
  async stop() {
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}
