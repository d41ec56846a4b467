/** --hot and --watch: programs that are changed while they run. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { renameSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import test from "node:test";

import { programs, start } from "./programs.js";

const LIMIT = { timeout: 60_000 };

/** A program that runs with an option, and what can be asked of it. */
class Running {
  constructor(t, files, words, options) {
    this.folder = programs(t, files);
    this.program = start(this.folder, words, options);
    this.over = false;
    this.program.ended.then(() => (this.over = true));
    t.after(() => this.program.child.kill("SIGKILL"));
  }

  /** Waits for a text in what it says, behind what was heard before. */
  async heard(pattern, stream = "output") {
    this.from ??= { output: 0, errors: 0 };
    const { stdout, stderr } = this.program.child;
    for (;;) {
      const found = pattern.exec(this.program[stream].slice(this.from[stream]));
      if (found) {
        this.from[stream] += found.index + found[0].length;
        return found[1] ?? found[0];
      }
      assert.ok(!this.over, this.program.output + this.program.errors);
      await Promise.race([once(stdout, "data"), once(stderr, "data"), this.program.ended]);
    }
  }

  write(name, text) {
    writeFileSync(join(this.folder, name), text);
  }

  /** As editors save that never leave half a file. */
  replace(name, text) {
    this.write(`${name}.new`, text);
    renameSync(join(this.folder, `${name}.new`), join(this.folder, name));
  }
}

/** Asks by one connection that lives on; tells whether it was there already. */
function asker(t) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  return async (url) => {
    const request = http.get(url, { agent });
    const [reply] = await once(request, "response");
    let text = "";
    for await (const chunk of reply.setEncoding("utf8")) text += chunk;
    return { text, reused: request.reusedSocket };
  };
}

const server = (text) => `import { suffix } from "./suffix";
globalThis.count = (globalThis.count ?? 0) + 1;
const held = Promise.withResolvers<void>();
globalThis.release ??= held.resolve;
const server = Bun.serve({
  port: 0,
  routes: {
    "/held": async () => { console.log("asked"); await held.promise; return new Response("${text}, held"); },
    "/release": () => { globalThis.release(); return new Response("released"); },
    "/prepared": new Response("${text}, prepared"),
  },
  fetch: () => new Response("${text}" + suffix + " " + globalThis.count),
});
console.log(String(server.url), import.meta.url.includes("?"), import.meta.main);
`;

test(
  "--hot: new handlers by old connections, old handlers for what is under way",
  LIMIT,
  async (t) => {
    const files = { "server.ts": server("one"), "suffix.ts": `export const suffix = "!";` };
    const running = new Running(t, files, ["--hot", "server.ts"]);
    const url = await running.heard(/http:\S+/);
    const ask = asker(t);
    assert.deepEqual(await ask(url), { text: "one! 1", reused: false });
    const held = fetch(`${url}held`);
    await running.heard(/asked/);

    running.write("server.ts", server("two"));
    assert.equal(await running.heard(/(http.*)\n/), `${url} false true`);
    assert.deepEqual(await ask(url), { text: "two! 2", reused: true });
    assert.deepEqual(await ask(`${url}prepared`), { text: "two, prepared", reused: true });
    await ask(`${url}release`);
    assert.equal(await (await held).text(), "one, held");

    running.replace("suffix.ts", `export const suffix = "?";`);
    await running.heard(/http:\S+/);
    assert.deepEqual(await ask(url), { text: "two? 3", reused: true });
    running.replace("suffix.ts", `export const suffix = ".";`);
    await running.heard(/http:\S+/);
    assert.deepEqual(await ask(url), { text: "two. 4", reused: true });
    running.program.child.kill("SIGTERM");
    assert.deepEqual(await running.program.ended, { code: null, signal: "SIGTERM" });
    assert.equal(running.program.errors, "");
  },
);

test("--hot: what is wrong is told, and the code from before stays", LIMIT, async (t) => {
  const program = (line) => `${line}
    const server = Bun.serve({ port: 0, fetch: () => new Response("${line.length}") });
    console.log(String(server.url));`;
  const running = new Running(t, { "a.ts": program("") }, ["run", "--hot", "a.ts"]);
  const url = await running.heard(/http:\S+/);
  const ask = asker(t);

  running.write("a.ts", program("let wrong: = 1;"));
  assert.match(
    await running.heard(/.*\n.*\n.*\^\n/, "errors"),
    /^bao: \/.*a\.ts:1:12: .*let wrong: = 1;/s,
  );
  assert.equal((await ask(url)).text, "0");
  running.write("a.ts", program(`throw new Error("at the top");`));
  await running.heard(/Error: at the top\n.*a\.ts:1:7/, "errors");
  assert.equal((await ask(url)).text, "0");
  running.write("a.ts", program(`import "./missing";`));
  await running.heard(/Cannot find module/, "errors");
  running.write("missing.ts", "export {}");
  assert.equal(await running.heard(/http:\S+/), url);
  assert.deepEqual(await ask(url), { text: "19", reused: true });
  running.write("a.ts", program(`setTimeout(() => { throw new Error("later"); });`));
  assert.equal(await running.heard(/http:\S+/), url);
  await running.heard(/Error: later/, "errors");
  assert.deepEqual(await ask(url), { text: "48", reused: true });
});

test("--hot: servers are told apart by id, by address and by their order", LIMIT, async (t) => {
  const program = (text) => `
    const serve = (name: string, options = {}) =>
      Bun.serve({ port: 0, ...options, fetch: () => new Response(name + " ${text}") }).url.href;
    const all = { first: serve("first"), second: serve("second"), own: serve("own", { id: "own" }) };
    console.log(JSON.stringify(${text === "new" ? "{ own: all.own, first: all.first, second: all.second }" : "all"}));
    const stopped = Bun.serve({ port: 0, id: "stopped", fetch: () => new Response() }); stopped.stop();`;
  const running = new Running(t, { "a.ts": program("old") }, ["--hot", "a.ts"]);
  const before = JSON.parse(await running.heard(/\{.*\}/));
  assert.equal(new Set(Object.values(before)).size, 3);
  running.write("a.ts", program("new"));
  assert.deepEqual(JSON.parse(await running.heard(/\{.*\}/)), before);
  for (const [name, url] of Object.entries(before)) {
    assert.equal(await (await fetch(url)).text(), `${name} new`);
  }
});

test("--hot: export default, data and CommonJS", LIMIT, async (t) => {
  const served = new Running(
    t,
    {
      "a.ts": `import data from "./data.json"; export default { port: 0, fetch: () => Response.json(data) };`,
      "data.json": `{"a":1}`,
    },
    ["--hot", "a.ts"],
  );
  const url = await served.heard(/http:\S+/);
  served.replace("data.json", `{"a":2}`);
  assert.equal(await served.heard(/http:\S+/), url);
  assert.deepEqual(await (await fetch(url)).json(), { a: 2 });

  const script = (text) => `const { part } = require("./part");
    console.log(Bun.serve({ port: 0, fetch: () => new Response(part + "${text}") }).url.href);`;
  const files = { "a.js": script("1"), "part.js": `exports.part = "a";` };
  const running = new Running(t, files, ["--hot", "a.js"]);
  const address = await running.heard(/http:\S+/);
  running.write("part.js", `exports.part = "b";`);
  assert.equal(await running.heard(/http:\S+/), address);
  assert.equal(await (await fetch(address)).text(), "b1");
  running.write("a.js", script("2"));
  assert.equal(await running.heard(/http:\S+/), address);
  assert.equal(await (await fetch(address)).text(), "b2");
});

async function freePort() {
  const listener = createServer().listen(0);
  await once(listener, "listening");
  const { port } = listener.address();
  listener.close();
  await once(listener, "close");
  return port;
}

test("--watch: the process begins anew, with its arguments and environment", LIMIT, async (t) => {
  const port = await freePort();
  const program = (text) => `import "./part";
    process.on("SIGTERM", () => console.log("told"));
    globalThis.count = (globalThis.count ?? 0) + 1;
    Bun.serve({ fetch: () => new Response("${text} " + globalThis.count) });
    console.log("up", process.pid, process.env.FROM_FILE, process.argv.slice(2).join());`;
  const files = { "a.ts": program("one"), "part.ts": "", ".env": "FROM_FILE=1" };
  const env = { PORT: String(port) };
  const running = new Running(t, files, ["--watch", "a.ts", "x", "--y"], { env });
  const ask = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
  const { pid } = running.program.child;
  await running.heard(new RegExp(`up ${pid} 1 x,--y\n`));
  assert.equal(await ask(), "one 1");

  running.write(".env", "FROM_FILE=2");
  running.replace("a.ts", program("two"));
  await running.heard(new RegExp(`told\nup ${pid} 2 x,--y\n`));
  assert.equal(await ask(), "two 1");

  running.write("part.ts", `throw new Error("wrong now");`);
  await running.heard(/Error: wrong now/, "errors");
  running.write("part.ts", "let a: = 1");
  await running.heard(/part\.ts:1:8: /, "errors");
  running.write("part.ts", "");
  await running.heard(/up/);
  assert.equal(await ask(), "two 1");
  assert.doesNotMatch(running.program.errors, /Warning/);
});

test("--watch: a program that is at its end waits to be changed", LIMIT, async (t) => {
  const running = new Running(t, { "a.ts": `console.log("once");` }, ["--watch", "a.ts"]);
  await running.heard(/once/);
  running.write("a.ts", `console.log("again"); process.exit(3);`);
  await running.heard(/again/);
  assert.deepEqual(await running.program.ended, { code: 3, signal: null });
});
