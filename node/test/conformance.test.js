/**
 * Programs written for Bun do under `bao` what they do under Bun, but for a list of betterments.
 * `conformance/record.sh` writes down what they do under Bun.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { betterments, expectedOf } from "./conformance/compare.js";
import { programs, recordOf } from "./conformance/driver.js";

const cache = mkdtempSync(join(tmpdir(), "bao-"));
after(() => rmSync(cache, { recursive: true, force: true }));

const bao = {
  command: fileURLToPath(new URL("../bin/bao", import.meta.url)),
  env: { BAO_NODE: process.execPath, XDG_CACHE_HOME: cache },
};

for (const program of programs) {
  test(`${program}: as on Bun, or better`, { timeout: 60_000 }, async () => {
    assert.deepEqual(await recordOf(bao, program), expectedOf(program));
  });
}

test("every betterment is needed, and told", () => {
  const used = new Set();
  for (const program of programs) expectedOf(program, used);
  const page = readFileSync(new URL("../../docs/differences.md", import.meta.url), "utf8");
  for (const entry of betterments) {
    assert.ok(used.has(entry), `no case needs "${entry.what}" (${entry.cases})`);
    if (Array.isArray(entry.cases)) {
      for (const name of entry.cases) assert.ok(used.has(name), `there is no case ${name}`);
    }
    assert.ok(page.includes(`| ${entry.what} |`), `docs/differences.md lacks "${entry.what}"`);
  }
});
