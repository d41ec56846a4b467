/** emitDecoratorMetadata: what decorators are told of types. */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { programs, run } from "./programs.js";

const installed = (name) => fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url));

const CONFIGURATION = JSON.stringify({
  compilerOptions: { experimentalDecorators: true, emitDecoratorMetadata: true, target: "es2022" },
});

const PROGRAM = `import "reflect-metadata";
import { Engine } from "./engine";
enum Kind { Small }
const seen = (target: object, key?: string) => {};
@seen
class Car {
  @seen name: string = "car";
  constructor(readonly engine: Engine, readonly doors: number) {}
  @seen start(when: Date, kind: Kind): Promise<boolean> { return Promise.resolve(import.meta.main); }
}
const types = (key: string, member?: string) => Reflect.getMetadata(key, member ? Car.prototype : Car, member!);
const names = (list: Function[]) => list.map(({ name }) => name).join();
console.log(names(types("design:paramtypes")), names(types("design:paramtypes", "start")),
  types("design:returntype", "start").name, types("design:type", "name").name,
  await new Car(new Engine(), 4).start(new Date(), Kind.Small));
`;

function project(t, files, packages) {
  const folder = programs(t, { "tsconfig.json": CONFIGURATION, ...files });
  mkdirSync(join(folder, "node_modules"));
  for (const [name, from] of Object.entries(packages)) {
    symlinkSync(installed(from), join(folder, "node_modules", name));
  }
  return folder;
}

test("the project's TypeScript writes it, and lines stay what they are", async (t) => {
  const files = {
    "a.ts": PROGRAM,
    "engine.ts": `export class Engine {}`,
    "wrong.ts": `const seen = (target: object) => {};\n\n@seen class A {\n  b(): never { throw new Error("here"); }\n}\nnew A().b();\n`,
    "unread.ts": `@seen class A {\n  b: = 1;\n}\n`,
    "plain.ts": `const text: string = "a@b"; console.log(text);`,
  };
  const packages = { typescript: "typescript-5", "reflect-metadata": "reflect-metadata" };
  const folder = project(t, files, packages);
  const { output, errors } = await run(folder, ["a.ts"]);
  assert.equal(errors, "");
  assert.equal(output, "Engine,Number Date,Number Promise String true\n");
  assert.match((await run(folder, ["wrong.ts"])).errors, /Error: here\n.*wrong\.ts:4:2\d\)/);
  assert.match((await run(folder, ["unread.ts"])).errors, /^bao: .*unread\.ts:2:6: /);
  assert.equal((await run(folder, ["plain.ts"])).output, "a@b\n");
});

test("a project without a TypeScript that can do it is told", async (t) => {
  const files = { "a.ts": `const seen = (a: object) => {};\n@seen class A {}` };
  for (const [packages, why] of [
    [{}, /there is no TypeScript/],
    [{ typescript: "typescript" }, /TypeScript 7[.\d]* cannot be asked/],
  ]) {
    const { code, errors } = await run(project(t, files, packages), ["a.ts"]);
    assert.equal(code, 1);
    assert.match(errors, /^bao: .*a\.ts: tsconfig\.json wants emitDecoratorMetadata, but /);
    assert.match(errors, why);
  }
});
