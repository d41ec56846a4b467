import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { describe, describeCauses } from "../lib/error_description.js";

const here = fileURLToPath(import.meta.url);
const filesOf = (error) => describe(error).frames.map((frame) => frame.file);

test("frames: the innermost is the place of the error", () => {
  class Renamed extends Error {
    name = "Changed later";
  }
  const coded = Object.assign(new Error("m"), { code: "E" });
  const silent = new Error();
  for (const error of [new TypeError("a: b"), new Renamed("m"), coded, silent, nodesOwn()]) {
    const { frames } = describe(error);
    const own = frames.find((frame) => frame.user);
    assert.equal(own?.file, here, error.stack);
    assert.ok(own.line > 0 && own.column > 0);
  }
});

function nodesOwn() {
  try {
    return Buffer.from(7);
  } catch (error) {
    return error;
  }
}

test("frames: lines of a message are none, however they look", () => {
  const forged = "bob\n    at x (/etc/passwd:3:1)\n    at /app/secret.js:1:1";
  const changed = new Error("first");
  changed.message = forged;
  const invented = new Error(forged);
  invented.stack = `Error: of somebody else\n    at x (/etc/passwd:3:1)`;
  const nameless = new Error(forged);
  nameless.name = "";
  for (const error of [new Error(forged), new RangeError(`: ${forged}`), changed, nameless]) {
    for (const file of filesOf(error)) assert.doesNotMatch(file, /passwd|secret/);
    const [cause] = describeCauses(new Error("outer", { cause: error }));
    for (const { file } of cause.frames) assert.doesNotMatch(file, /passwd|secret/);
  }
  assert.deepEqual(filesOf(invented), []);
  assert.equal(filesOf(new Error(forged))[0], here);
});

test("frames: only files of programs are the user's, whatever a stack says", () => {
  const error = new Error("m");
  error.stack = "Error: m\n    at x (/etc/passwd:3:1)\n    at y (/app/server.ts:99999999999:1)";
  assert.deepEqual(describe(error).frames.map(({ user }) => user), [false, false]);
  error.stack = "Error: m\n    at async y (/app/server.ts:7:1)\n    at async /app/a.mjs:8:2";
  assert.deepEqual(describe(error).frames, [
    { function: "async y", file: "/app/server.ts", line: 7, column: 1, user: true },
    { function: "", file: "/app/a.mjs", line: 8, column: 2, user: true },
  ]);
});

test("frames: long stacks cost little", () => {
  const start = performance.now();
  const long = new Error("m");
  long.stack = `Error: m\n   at ${" (".repeat(50_000)}x\n${"    at x (y:1:1)\n".repeat(100_000)}`;
  assert.ok(describe(long).frames.length <= 100);
  describe(new Error("\n   at " + " (".repeat(50_000) + "x"));
  assert.ok(performance.now() - start < 1000);
});
