/** The types of the command: a program of ours with what they must refuse, and all examples. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import test from "node:test";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

test("bun.d.ts: the programs of bun_types/ and examples/ts/", async () => {
  const said = await new Promise((resolve) => {
    execFile(here("../node_modules/.bin/tsc"), ["-p", here("bun_types")], (error, stdout, stderr) =>
      resolve(stdout + stderr + (error?.message ?? "")),
    );
  });
  assert.equal(said, "");
});
