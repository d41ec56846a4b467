/** How programs end: errors, signals, nothing left to do. */
import assert from "node:assert/strict";
import test from "node:test";

import { programs, run, served } from "./programs.js";

test("an uncaught error shows the TypeScript and exits with 1", async (t) => {
  const thrower = `interface Shape {
  size: number;
}

enum Kind { A }

export function fail(shape: Shape): never {
  throw new Error(\`boom \${shape.size + Kind.A}\`);
}
`;
  const folder = programs(t, {
    "thrower.ts": thrower,
    "now.ts": `import { fail } from "./thrower";\nfail({ size: 1 });\n`,
    "later.ts": `import { fail } from "./thrower";\nsetTimeout(() => fail({ size: 1 }), 1);\nsetInterval(() => {}, 1000);\n`,
    "rejected.ts": `import { fail } from "./thrower";\n(async () => fail({ size: 1 }))();\nsetInterval(() => {}, 1000);\n`,
    "script.cts": `const { fail } = require("./thrower");\nfail({ size: 1 });\n`,
    "meta.ts": `import { fail } from "./thrower";\nimport.meta.dir;\nfail({ size: 1 });\n`,
  });
  for (const name of ["now.ts", "later.ts", "rejected.ts", "script.cts", "meta.ts"]) {
    const { code, errors } = await run(folder, [name]);
    assert.equal(code, 1, name);
    assert.match(errors, /throw new Error\(`boom \$\{shape\.size \+ Kind\.A\}`\)/, name);
    assert.match(errors, /Error: boom 1/);
    assert.match(errors, /thrower\.ts:8:9/);
    const line = { "now.ts": 2, "later.ts": 2, "rejected.ts": 2, "script.cts": 2, "meta.ts": 3 }[
      name
    ];
    assert.match(errors, new RegExp(`${name.replace(".", "\\.")}:${line}:`));
  }
});

test("what cannot be read is shown with its line, without a stack", async (t) => {
  const folder = programs(t, {
    "a.ts": `import "./wrong";`,
    "wrong.ts": `let a = 1;\nlet b: = 2;\n`,
  });
  const { code, errors } = await run(folder, ["a.ts"]);
  assert.equal(code, 1);
  assert.match(errors, /^bao: \/.*wrong\.ts:2:8: .*\n {2}let b: = 2;\n {9}\^\n$/);
});

test("process.exit and process.exitCode are the program's", async (t) => {
  const folder = programs(t, {
    "exit.ts": `process.exit(7);`,
    "code.ts": `process.exitCode = 8; await Bun.sleep(1);`,
    "exit.cts": `process.exit(9);`,
  });
  for (const [name, code] of [
    ["exit.ts", 7],
    ["code.ts", 8],
    ["exit.cts", 9],
  ]) {
    assert.deepEqual(await run(folder, [name]), { code, signal: null, output: "", errors: "" });
  }
});

test("an await that never ends is told when nothing is left", async (t) => {
  const folder = programs(t, { "a.ts": `await new Promise(() => {});` });
  const { code, errors } = await run(folder, ["a.ts"]);
  assert.equal(code, 13);
  assert.match(errors, /^bao: the program waits for something at its top level .*\n$/);
});

test("a process ends when its server is stopped, or is not to keep it", async (t) => {
  const serve = `const server = Bun.serve({ port: 0, fetch: () => new Response("x") });`;
  const folder = programs(t, {
    "stop.ts": `${serve} await fetch(server.url); setTimeout(() => server.stop(true), 1);`,
    "unref.ts": `${serve} server.unref();`,
  });
  for (const name of ["stop.ts", "unref.ts"]) {
    assert.deepEqual(
      await run(folder, [name]),
      { code: 0, signal: null, output: "", errors: "" },
      name,
    );
  }
});

test("signals end a server at once, unless the program handles them", async (t) => {
  const folder = programs(t, {
    "plain.ts": `console.log(String(Bun.serve({ port: 0, fetch: () => new Response("x") }).url));`,
    "handled.ts": `const server = Bun.serve({ port: 0, fetch: () => new Response("x") });
      process.on("SIGTERM", async () => { await server.stop(); console.log("stopped"); process.exitCode = 3; });
      console.log(String(server.url));`,
  });
  for (const signal of ["SIGINT", "SIGTERM"]) {
    const program = await served(t, folder, ["plain.ts"]);
    program.child.kill(signal);
    assert.deepEqual(await program.ended, { code: null, signal });
  }
  const program = await served(t, folder, ["handled.ts"]);
  program.child.kill("SIGTERM");
  assert.deepEqual(await program.ended, { code: 3, signal: null });
  assert.match(program.output, /\nstopped\n$/);
});
