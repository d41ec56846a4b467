/** Small programs as Bun's manual teaches to write them run unchanged. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { served } from "./programs.js";

const folder = fileURLToPath(new URL("conformance/seeds/", import.meta.url));
const run = (test, name, env) =>
  served(test, folder, [`${name}.ts`], { env: { PORT: "0", XDG_CACHE_HOME: "/dev/null", ...env } });
const textOf = async (url, path = "/") => (await fetch(new URL(path, url))).text();

test("a cluster: processes that share a port", { timeout: 60_000 }, async (t) => {
  const first = await run(t, "cluster");
  const { port } = new URL(first.url);
  const second = await run(t, "cluster", { PORT: port });
  assert.equal(new URL(second.url).port, port);
  const names = [first, second].map(({ output }) => /process \w+/.exec(output)[0]);
  const seen = new Set();
  // The kernel spreads connections by a hash of their ports.
  while (seen.size < 2) {
    const reply = await fetch(first.url, { headers: { Connection: "close" } });
    const text = (await reply.text()).trim();
    assert.ok(names.includes(text), text);
    seen.add(text);
  }
});

test("replies that are kept in memory", { timeout: 60_000 }, async (t) => {
  const { url } = await run(t, "buffered");
  const data = await fetch(new URL("/api/data", url));
  assert.equal(data.headers.get("content-type"), "application/json;charset=utf-8");
  assert.deepEqual(await data.json(), { data: [1, 2, 3] });
  assert.equal(await textOf(url, "/api/health-check"), "All good!");
  const redirect = await fetch(new URL("/old-link", url), { redirect: "manual" });
  assert.deepEqual([redirect.status, redirect.headers.get("location")], [301, "/new-link"]);
  assert.equal(await textOf(url, "/api/version.json"), '{"version":"1.0.0"}');
  assert.equal(await textOf(url), "404!");
});

test("a route that is reloaded again and again", { timeout: 60_000 }, async (t) => {
  const { url } = await run(t, "clock");
  const first = await textOf(url, "/api/time");
  while ((await textOf(url, "/api/time")) === first);
  assert.equal(await textOf(url), "404!");
});

test("export default", { timeout: 60_000 }, async (t) => {
  const { url } = await run(t, "default_export");
  assert.equal(await textOf(url), "Bun!");
});

test("abort, timeout, requestIP, counters", { timeout: 60_000 }, async (t) => {
  const { url } = await run(t, "control");
  await assert.rejects(textOf(url, "/slow"));
  const address = String.raw`(::ffff:)?127\.0\.0\.1|::1`;
  const lines = new RegExp(
    `^Client IP: (${address}), Port: \\d+\nActive requests: 1\nActive WebSockets: 0$`,
  );
  assert.match(await textOf(url), lines);
});

test("files, and parts of them", { timeout: 60_000 }, async (t) => {
  const { url } = await run(t, "files");
  const content = readFileSync(join(folder, "files.ts"), "utf8");
  const whole = await fetch(url);
  assert.equal(whole.headers.get("content-type"), "text/javascript;charset=utf-8");
  assert.equal(await whole.text(), content);
  const part = await fetch(url, { headers: { "X-Part": "bytes=3-10" } });
  assert.deepEqual([part.status, await part.text()], [206, content.slice(3, 10)]);
  assert.equal(part.headers.get("content-range"), `bytes 3-9/${content.length}`);
  assert.equal(part.headers.get("content-length"), "7");
  const kept = await fetch(new URL("/index.html", url));
  assert.equal(kept.headers.get("content-type"), "text/html");
  assert.equal(await kept.text(), content);
});

test("a form with a file", { timeout: 60_000 }, async (t) => {
  const { url } = await run(t, "upload");
  const page = await fetch(url);
  assert.equal(page.headers.get("content-type"), "text/html");
  assert.match(await page.text(), /<form/);
  const form = new FormData();
  form.append("name", "Ada");
  form.append("profilePicture", new File(["pixels"], "me.png", { type: "image/png" }));
  const reply = await fetch(new URL("/action", url), { method: "POST", body: form });
  assert.equal(await reply.text(), "Success, Ada: pixels");
  assert.equal(await textOf(url, "/removed"), "false");
});
