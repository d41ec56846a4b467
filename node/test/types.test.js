/** The types are checked with programs that they must accept, and lines that they must refuse. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import test from "node:test";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

test("types: the programs in types/", async () => {
  const compiler = here("../node_modules/.bin/tsc");
  const output = await new Promise((resolve) => {
    execFile(compiler, ["-p", here("types")], (error, stdout) =>
      resolve(stdout + (error?.message ?? "")),
    );
  });
  assert.equal(output, "");
});
