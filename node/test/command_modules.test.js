/** How programs are read: TypeScript in full, and what may be written in imports. */
import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { programs, run } from "./programs.js";

/** Runs the first of the files and expects that it ends well, having said so much. */
async function says(t, files, expected, options) {
  const folder = programs(t, files);
  const { code, output, errors } = await run(folder, [Object.keys(files)[0]], options);
  assert.equal(errors, "");
  assert.equal(output, `${expected}\n`);
  assert.equal(code, 0);
}

test("enums, namespaces, parameter properties, satisfies, abstract classes", (t) =>
  says(
    t,
    {
      "a.ts": `enum Level { Low = 1, High }
      const enum Fixed { A = "fixed" }
      namespace Shapes { export const sides = 4; export namespace Deep { export const x = 5; } }
      abstract class Named { constructor(protected readonly name: string, public level = Level.High) {} abstract say(): string; }
      class Own extends Named { declare extra: number; override say() { return this.name satisfies string; } }
      const own = new Own("own");
      console.log(Level[own.level], Fixed.A, Shapes.sides + Shapes.Deep.x, own.say()!, "extra" in own, <number>1 as unknown);`,
    },
    "High fixed 9 own false 1",
  ));

test("decorators: the standard's, or the older ones where tsconfig.json asks for them", async (t) => {
  const program = `function seen(target: any, context: any) { console.log(typeof target, typeof context); }
    class A { @seen method() {} }`;
  await says(t, { "a.ts": program }, "function object");
  const tsconfig = `{ "compilerOptions": { "experimentalDecorators": true, /* a comment */ }, }`;
  await says(t, { "a.ts": program, "tsconfig.json": tsconfig }, "object string");
});

test("tsx and jsx, in JavaScript, too", async (t) => {
  const runtime = {
    "node_modules/react/package.json": `{ "name": "react", "exports": { "./jsx-runtime": "./jsx.js" } }`,
    "node_modules/react/jsx.js": `exports.jsx = (type, { children }) => "<" + type + ">" + children; exports.Fragment = "f";`,
  };
  const program = `console.log(<p>text</p>, <>more</>);`;
  for (const name of ["a.tsx", "a.jsx", "a.js"])
    await says(t, { [name]: program, ...runtime }, "<p>text <f>more");
  await says(
    t,
    {
      "a.tsx": `const h = (type: string, _: null, child: string) => type + child; ${program.replace(/, <>.*<\/>/, "")}`,
      "tsconfig.json": `{ "extends": "./base" }`,
      "base.json": `{ "compilerOptions": { "jsx": "react", "jsxFactory": "h" } }`,
    },
    "ptext",
  );
});

test("extensions may be left out, or be those of JavaScript; a folder is its index", (t) =>
  says(
    t,
    {
      "a.ts": `import a from "./lib/one"; import b from "./lib/two.js"; import c from "./lib"; import d from "./lib/";
      import e from "./pack"; import f from "./lib/three.mjs"; import g from "./lib/odd.name"; import h from "./lib/one?again";
      console.log(a, b, c, d, e, f, g, h);`,
      "lib/one.ts": `export default "one";`,
      "lib/two.tsx": `export default "two";`,
      "lib/three.mts": `export default "three";`,
      "lib/odd.name.ts": `import up from ".."; export default up;`,
      "lib/index.ts": `export default "index";`,
      "index.js": `export default "top";`,
      "pack/package.json": `{ "main": "main" }`,
      "pack/main.ts": `export default "main";`,
    },
    "one two index index main three top one",
  ));

test("JSON with its members, and text, need no attribute", (t) =>
  says(
    t,
    {
      "a.ts": `import data, { name, default as again } from "./data.json"; import * as all from "./data.json" with { type: "json" };
      import text from "./note.txt"; import html from "./page.html" with { type: "text" };
      console.log(data.list[0], name, again === data, all.name, Object.keys(all).length, text, html, require("./data").name);`,
      "data.json": `{ "name": "n", "list": [1], "class": 2, "a b": 3 }`,
      "note.txt": "note",
      "page.html": "<p>",
    },
    "1 n true n 5 note <p> n",
  ));

test("paths and baseUrl of tsconfig.json", (t) =>
  says(
    t,
    {
      "src/a.ts": `import one from "@/one"; import two from "~two"; import three from "deep/three"; import fs from "fs";
      console.log(one, two, three, typeof fs.statSync, require("@/one").default);`,
      "src/one.ts": `export default 1;`,
      "other/two.ts": `export default 2;`,
      "src/deep/three.ts": `export default 3;`,
      "tsconfig.json": `{ // comments and "quotes" // are fine
      "extends": ["./bases/paths.json", "preset/base.json"] }`,
      "bases/paths.json": `{ "compilerOptions": { "baseUrl": "../src", "paths": { "@/*": ["./missing/*", "./*"], "~two": ["../other/two"] } } }`,
      "node_modules/preset/base.json": `{ "compilerOptions": { "strict": true } }`,
    },
    "1 2 3 function 1",
  ));

test("a file is CommonJS or an ES module by what it says, whatever package.json says", async (t) => {
  const script = `const http = require("http"); const { one } = require("./one");
    module.exports = { typed: typeof http.createServer as string };
    console.log(one, __filename.endsWith("a.ts"), __dirname.length > 1, require.main === module, this === exports);`;
  const one = `export const one: number = 1;`;
  const expected = "1 true true true true";
  await says(t, { "a.ts": script, "one.ts": one }, expected);
  await says(
    t,
    { "a.ts": script, "one.ts": one, "package.json": `{ "type": "module" }` },
    expected,
  );
  const esm = `import { one } from "./one"; await null; console.log(one, typeof module, import.meta.main);`;
  await says(
    t,
    { "a.ts": esm, "one.ts": one, "package.json": `{ "type": "commonjs" }` },
    "1 undefined true",
  );
});

test("an ES module may use require, __dirname and __filename", (t) =>
  says(
    t,
    {
      "a.ts": `import path from "node:path"; const os = require("os"); const { two } = require("./two.cts");
      function own(require: string) { return require; }
      console.log(path.basename(__filename), __dirname === import.meta.dir, typeof os.cpus, two, own("own"), typeof require.resolve);
      await null;`,
      "two.cts": `export const two = 2; import three = require("./three.cjs"); console.log(three);`,
      "three.cjs": `module.exports = "three";`,
    },
    "three\na.ts true function 2 own function",
  ));

test("one that declares these names itself keeps its own", (t) =>
  says(
    t,
    {
      "a.mjs": `import { createRequire } from "node:module"; import { dirname } from "node:path"; import { fileURLToPath } from "node:url";
      const require = createRequire(import.meta.url); const __dirname = dirname(fileURLToPath(import.meta.url));
      console.log(typeof require("fs").statSync, __dirname === import.meta.dirname);`,
    },
    "function true",
  ));

test("plain JavaScript: ES module, CommonJS, a first line for the shell", async (t) => {
  await says(
    t,
    { "a.js": `#!/usr/bin/env bao\nimport fs from "fs"; console.log(typeof fs.statSync);` },
    "function",
  );
  await says(
    t,
    { "a.js": `#!/usr/bin/env bao\nconsole.log(typeof require("fs").statSync, typeof module);` },
    "function object",
  );
  await says(
    t,
    {
      "a.ts": `#!/usr/bin/env bao\nimport fs from "fs"; console.log(typeof fs.statSync, import.meta.file);`,
    },
    "function a.ts",
  );
  await says(t, { "a.cjs": `with ({ x: 1 }) console.log(x, delete Object.x);` }, "1 true");
});

test("import.meta", async (t) => {
  const folder = programs(t, {
    "a.ts": `import other from "./other"; const { dir, file, path, main, env } = import.meta;
      console.log(JSON.stringify([dir, file, path, main, env === process.env, import.meta.resolveSync("./other"), other]));`,
    "other.ts": `export default [import.meta.main, import.meta.file];`,
  });
  const { output } = await run(folder, ["a.ts"]);
  const [a, other] = [join(folder, "a.ts"), join(folder, "other.ts")];
  assert.deepEqual(JSON.parse(output), [folder, "a.ts", a, true, true, other, [false, "other.ts"]]);
});

test("types that are imported and exported like values vanish", (t) =>
  says(
    t,
    {
      "a.ts": `import { Shape, area } from "./shapes"; import type Unused from "./missing"; import "./types";
      const shape: Shape = { side: 3 }; console.log(area(shape));`,
      "shapes.ts": `export interface Shape { side: number } export const area = (shape: Shape) => shape.side ** 2;`,
      "types.ts": `export type Nothing = never;`,
    },
    "9",
  ));

test("packages: Node's rules, sources of TypeScript, paths without extension", (t) =>
  says(
    t,
    {
      "a.ts": `import esm from "esm"; import cjs, { named } from "cjs"; import deep from "cjs/lib/deep"; import source from "source";
      console.log(esm, cjs.named, named, deep, source);`,
      "node_modules/esm/package.json": `{ "type": "module", "exports": { "import": "./i.js", "bun": "./none.js" } }`,
      "node_modules/esm/i.js": `export default "esm";`,
      "node_modules/cjs/package.json": `{ "main": "./lib/main" }`,
      "node_modules/cjs/lib/main.js": `exports.named = "named";`,
      "node_modules/cjs/lib/deep.js": `module.exports = "deep";`,
      "node_modules/source/package.json": `{ "main": "./source.ts" }`,
      "node_modules/source/source.ts": `export { E as default } from "./inner";`,
      "node_modules/source/inner.ts": `enum Kind { A = "typed" } export const E: Kind = Kind.A;`,
    },
    "esm named named deep typed",
  ));

test("a linked package of a workspace is read like the program", async (t) => {
  const folder = programs(t, {
    "app/a.ts": `import { word } from "linked"; console.log(word);`,
    "app/node_modules/.keep": "",
    "linked/package.json": `{ "name": "linked", "main": "src/index.ts" }`,
    "linked/src/index.ts": `export * from "./word";`,
    "linked/src/word.ts": `export const word: string = "linked";`,
  });
  symlinkSync("../../linked", join(folder, "app/node_modules/linked"));
  assert.equal((await run(folder, ["app/a.ts"])).output, "linked\n");
});

test("workers and forked processes read TypeScript and have Bun", (t) =>
  says(
    t,
    {
      "a.ts": `import { Worker } from "node:worker_threads"; import { fork } from "node:child_process"; import { once } from "node:events";
      const [said] = await once(new Worker(new URL("./b.ts", import.meta.url)), "message");
      const [told] = await once(fork(import.meta.dir + "/c.ts"), "message");
      console.log(said, told);`,
      "b.ts": `import { parentPort } from "node:worker_threads"; enum E { A = "worker" }
      const server = Bun.serve({ port: 0, fetch: () => new Response(E.A) });
      parentPort!.postMessage(await (await fetch(server.url)).text()); server.stop();`,
      "c.ts": `enum E { A = "forked" } process.send!(E.A + typeof Bun.serve, () => process.disconnect());`,
    },
    "worker forkedfunction",
  ));

test("what was transpiled before is taken again, unless it changed", async (t) => {
  const { writeFileSync, readdirSync } = await import("node:fs");
  const folder = programs(t, { "a.ts": `enum E { A = 1 } console.log(E.A);` });
  const isEntry = (name) => name !== "code"; // which is Node's own
  const remembered = () => readdirSync(join(folder, ".cache/bao")).filter(isEntry);
  assert.equal((await run(folder, ["a.ts"])).output, "1\n");
  const [entry] = remembered();
  assert.equal((await run(folder, ["a.ts"])).output, "1\n");
  writeFileSync(join(folder, "a.ts"), `enum E { A = 2 } console.log(E.A);`);
  assert.equal((await run(folder, ["a.ts"])).output, "2\n");
  assert.deepEqual(remembered(), [entry]);
  assert.equal(
    (await run(folder, ["a.ts"], { env: { XDG_CACHE_HOME: "/dev/null" } })).output,
    "2\n",
  );
});
