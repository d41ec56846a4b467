/** docs/bun.md says what is there, and nothing else. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { page } from "../bun_page.js";
import { repository } from "./programs.js";

test("docs/bun.md is what node/bun_page.js makes of the object Bun", () => {
  assert.equal(readFileSync(join(repository, "docs/bun.md"), "utf8"), page());
});
