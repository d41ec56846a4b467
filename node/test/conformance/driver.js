/**
 * Runs the programs on a runtime and records what they do.
 *
 *   node driver.js COMMAND [PROGRAM…]      prints the records as JSON
 *
 * A program is programs/NAME.ts; scripts/NAME.js says what is asked of it. A record has one entry
 * for each case: a reply, or a value.
 */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { Connection, request } from "./exchange.js";
import { Program } from "./program.js";

export const programs = readdirSync(new URL("scripts/", import.meta.url))
  .map((file) => file.replace(/\.js$/, ""))
  .sort();

/** What a script is given: ways to ask, and the record of what came. */
class Script {
  record = {};
  #runtime;
  #name;
  #program = null;

  constructor(runtime, name) {
    this.#runtime = runtime;
    this.#name = name;
  }

  /** Starts the program, and waits until it says that its servers are ready. */
  async start(options) {
    await this.run(options);
    this.servers = await this.program.heard("ready");
    return this.servers;
  }

  /** Starts the program; the one before it is over. */
  async run(options) {
    await this.#program?.stop();
    this.program = this.#program = new Program(this.#runtime, this.#name, options);
    return this.program;
  }

  /** Records what `action` comes to. */
  async case(name, action) {
    if (Object.hasOwn(this.record, name)) throw new Error(`there are two cases ${name}`);
    this.record[name] = "(failed)";
    this.record[name] = plain(await action());
  }

  /** Records the reply to one request. */
  async ask(name, path, { server = "main", ...options } = {}) {
    await this.case(name, () => this.reply(path, { server, ...options }));
  }

  async reply(path, { server = "main", ...options } = {}) {
    const connection = this.connect(server);
    connection.send(request(path, options));
    const reply = await connection.reply(options.method);
    connection.cut();
    return reply;
  }

  connect(server = "main") {
    return new Connection(this.servers[server]);
  }

  async finish() {
    await this.#program?.stop();
    for (const [name, value] of Object.entries(this.#program?.facts ?? {})) {
      if (Object.hasOwn(this.record, name)) throw new Error(`there are two cases ${name}`);
      this.record[name] = value;
    }
  }
}

/** As it will be after JSON; undefined is told apart from null. */
function plain(value) {
  return JSON.parse(JSON.stringify(value ?? null));
}

/** @param {import("./program.js").Runtime} runtime */
export async function recordOf(runtime, name) {
  const { default: run } = await import(new URL(`scripts/${name}.js`, import.meta.url));
  const script = new Script(runtime, name);
  try {
    await run(script);
  } finally {
    await script.finish();
  }
  return script.record;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [command, ...names] = process.argv.slice(2);
  const records = {};
  for (const name of names.length > 0 ? names : programs) {
    records[name] = await recordOf({ command, env: {} }, name);
  }
  process.stdout.write(`${JSON.stringify(records, null, 2)}\n`);
}
