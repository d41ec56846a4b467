/**
 * Every program of TypeScript and JavaScript in docs/ and README.md is run: it must serve, and
 * answer.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { programs, repository, served } from "./programs.js";

const pages = readdirSync(join(repository, "docs")).map((name) => join("docs", name));

for (const page of ["README.md", ...pages]) {
  const text = readFileSync(join(repository, page), "utf8");
  for (const { 1: language, 2: program, index } of text.matchAll(/^```(ts|js)\n(.*?)^```$/gms)) {
    const line = text.slice(0, index).split("\n").length;
    test(`${page}:${line}`, async (t) => {
      const name = `program.${language}`;
      // Pages show the port that everybody uses; tests take any.
      const folder = programs(t, { [name]: program.replace("port: 3000", "port: 0") });
      const { url, child, errors, ended } = await served(t, folder, [name], { env: { PORT: "0" } });
      const reply = await fetch(url);
      assert.ok([200, 404].includes(reply.status), `${reply.status}`);
      await reply.text();
      child.kill("SIGTERM");
      await ended;
      assert.equal(errors, "");
    });
  }
}
