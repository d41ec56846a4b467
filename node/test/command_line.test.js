/** The command line: options, what a program is told of it, what is refused and how. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { programs, run, served } from "./programs.js";

test("--help and --version", async (t) => {
  const folder = programs(t, { "a.ts": "" });
  for (const option of ["--help", "-h"]) {
    const { code, output } = await run(folder, [option]);
    assert.match(output, /^usage: bao /);
    assert.equal(code, 0);
  }
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  assert.equal((await run(folder, ["--version", "a.ts"])).output, `${version}\n`);
});

test("what cannot be meant is refused in one line", async (t) => {
  const folder = programs(t, { "a.ts": "", "data.json": "{}" });
  const cases = [
    [["--colour", "a.ts"], 2, /^bao: there is no option --colour;.*\n$/],
    [["--port=70000", "a.ts"], 2, /^bao: --port is "70000": give a port.*\n$/],
    [["--port"], 2, /^bao: --port has no value: give a port.*\n$/],
    [["-e"], 2, /^bao: -e has no value: give the code to run.*\n$/],
    [["--hot", "-e", "1"], 2, /^bao: --hot needs a file that can change.*\n$/],
    [["--port=1"], 2, /^bao: say which program to run.*\n$/],
    [["missing.ts"], 1, /^bao: there is no program missing\.ts\n$/],
    [["data.json"], 1, /^bao: data\.json is no program: .*\n$/],
  ];
  for (const [words, code, errors] of cases) {
    const result = await run(folder, words);
    assert.match(result.errors, errors);
    assert.equal(result.code, code, words.join(" "));
    assert.equal(result.output, "");
  }
});

test("a program is told its own path and arguments", async (t) => {
  const folder = programs(t, {
    "args.ts": `console.log(JSON.stringify([process.argv, Bun.argv, Bun.main]));`,
  });
  const { output } = await run(folder, ["--port=1", "args", "-x", "--port=2", "--", "y"]);
  const [argv, ofBun, main] = JSON.parse(output);
  const path = join(folder, "args.ts");
  assert.deepEqual(argv, [process.execPath, path, "-x", "--port=2", "--", "y"]);
  assert.deepEqual(ofBun, argv);
  assert.equal(main, path);
});

test("--port is for a server that names none, and goes before the environment", async (t) => {
  const folder = programs(t, {
    "any.ts": `const server = Bun.serve({ fetch: () => new Response() }); console.log(server.port); server.stop();`,
    "own.ts": `const server = Bun.serve({ port: 0, fetch: () => new Response() });
      console.log(server.port > 1); server.stop();`,
  });
  const env = { BUN_PORT: "1" };
  assert.match((await run(folder, ["--port=0", "any.ts"], { env })).output, /^\d{2,}\n$/);
  assert.match((await run(folder, ["--port", "0", "any.ts"], { env })).output, /^\d{2,}\n$/);
  assert.equal((await run(folder, ["--port=1", "own.ts"])).output, "true\n");
});

test(".env files are read as Bun does, and the environment stays", async (t) => {
  const folder = programs(t, {
    ".env": `A=env\nB=env\nC=env\nD="\${A}!"\n`,
    ".env.development": "B=development\n",
    ".env.local": "A=local\n",
    ".env.test": "B=test\n",
    "env.ts": `const { A, B, C, D } = Bun.env; console.log(A, B, C, D);`,
  });
  assert.equal(
    (await run(folder, ["env.ts"], { env: { C: "own" } })).output,
    "local development own local!\n",
  );
  assert.equal(
    (await run(folder, ["env.ts"], { env: { NODE_ENV: "test" } })).output,
    "env test env env!\n",
  );
});

test("the default export is served, in every form that it has", async (t) => {
  const fetch = `fetch: () => new Response("served")`;
  const folder = programs(t, {
    "object.ts": `export default { port: 0, ${fetch} };`,
    "instance.ts": `class App { port = 0; fetch() { return new Response("served"); } } export default new App();`,
    "function.ts": `export default Object.assign(() => 1, { port: 0, ${fetch} });`,
    "class.ts": `export default class { static port = 0; static fetch() { return new Response("served"); } }`,
    "framework.ts": `class App { routes = [{ path: "/", method: "GET" }]; port = 0; ${fetch.replace("fetch:", "fetch =")} }
      export default new App();`,
    "script.cjs": `module.exports = { port: 0, ${fetch} };`,
    "script.cts": `export default { port: 0, ${fetch} };`,
    "waiting.ts": `await Bun.sleep(1); export default { port: 0, ${fetch} };`,
  });
  const names = [
    "object.ts",
    "instance.ts",
    "framework.ts",
    "function.ts",
    "class.ts",
    "script.cjs",
    "script.cts",
    "waiting.ts",
  ];
  for (const name of names) {
    const program = await served(t, folder, [name]);
    assert.equal(await (await globalThis.fetch(program.url)).text(), "served", name);
    assert.equal(program.output, `${name} is served on ${program.url}\n`);
    program.child.kill();
  }
});

test("other default exports are left alone", async (t) => {
  const folder = programs(t, {
    "server.ts": `const server = Bun.serve({ port: 0, fetch: () => new Response() });
      server.unref(); export default server;`,
    "function.ts": `export default () => new Response();`,
    "number.ts": `export default { fetch: 3 };`,
    "promise.ts": `export default new Promise(() => {});`,
    "imported.ts": `import served from "./object.ts"; console.log(typeof served.fetch);`,
    "object.ts": `export default { port: 0, fetch: () => new Response() };`,
  });
  for (const name of ["server.ts", "function.ts", "number.ts", "promise.ts"]) {
    assert.deepEqual(
      await run(folder, [name]),
      { code: 0, signal: null, output: "", errors: "" },
      name,
    );
  }
  assert.equal((await run(folder, ["imported.ts"])).output, "function\n");
});

test("a default export that cannot be served is refused in one line", async (t) => {
  const folder = programs(t, { "a.ts": `export default { port: "x", fetch() {} };` });
  const { code, errors } = await run(folder, ["a.ts"]);
  assert.equal(code, 1);
  assert.match(errors, /^bao: a\.ts: Option port is "x": .*\n$/);
});

test("-e runs TypeScript as a module of the folder", async (t) => {
  const folder = programs(t, { "part.ts": "export const part: number = 5;" });
  const code = `
    import { part } from "./part";
    import { serve } from "bun";
    enum Kind { plain = "k" }
    console.log(await Promise.resolve(part), Kind.plain, typeof serve, require("path").sep);
    console.log(JSON.stringify([process.argv.slice(1), import.meta.dir === process.cwd()]));
  `;
  for (const words of [["-e", code, "a", "--b"], [`--eval=${code}`, "a", "--b"]]) {
    const { output, errors } = await run(folder, words);
    assert.equal(output, '5 k function /\n[["a","--b"],true]\n');
    assert.equal(errors, "");
  }
  const failed = await run(folder, ["-e", "const a: = 1"]);
  assert.equal(failed.code, 1);
  assert.match(failed.errors, /^bao: .*\[eval\]\.mts:1:10: Unexpected "="\n/);
});

test("-e serves what it exports", async (t) => {
  const folder = programs(t, {});
  mkdirSync(folder);
  const program = ["--port=0", "-e", 'export default { fetch: () => new Response("evaluated") }'];
  const { url } = await served(t, folder, program);
  assert.equal(await (await fetch(url)).text(), "evaluated");
});
