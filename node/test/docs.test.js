/**
 * Every program of TypeScript and JavaScript in docs/ and README.md is run: it must serve, and
 * answer.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { getSecure, makeCertificate } from "./certificates.js";
import { programs, repository, served } from "./programs.js";

const own = makeCertificate();

async function answer(url) {
  const reply = await fetch(url);
  await reply.text();
  return reply;
}

const pages = readdirSync(join(repository, "docs"), { recursive: true })
  .filter((name) => name.endsWith(".md"))
  .map((name) => join("docs", name));

for (const page of ["README.md", ...pages]) {
  const text = readFileSync(join(repository, page), "utf8");
  for (const { 1: language, 2: program, index } of text.matchAll(/^```(ts|js)\n(.*?)^```$/gms)) {
    const line = text.slice(0, index).split("\n").length;
    test(`${page}:${line}`, async (t) => {
      const name = `program.${language}`;
      // Pages show the port that everybody uses; tests take any.
      const secure = program.includes("tls:");
      const folder = programs(t, {
        [name]: program.replace("port: 3000", "port: 0").replace("listen(3000", "listen(0"),
        ...(secure && {
          "key.pem": own.key,
          "cert.pem": own.cert,
          "ca.pem": own.cert,
          "tickets.key": "k".repeat(80),
        }),
      });
      // What a page tells to install is there already, for the tests.
      if (program.includes("npm install")) {
        symlinkSync(join(repository, "node/node_modules"), join(folder, "node_modules"));
      }
      const { url, child, errors, ended } = await served(t, folder, [name], { env: { PORT: "0" } });
      const { status } = secure
        ? await getSecure(url, { key: own.key, cert: own.cert, ca: own.cert })
        : await answer(url);
      assert.ok([200, 404].includes(status), `${status}`);
      child.kill("SIGTERM");
      await ended;
      assert.equal(errors, "");
    });
  }
}
