/**
 * Applications of the libraries that people use: those of node:http as they run on Node and on
 * bao/http, and those of the web's Request and Response on Bao's server, without an adapter.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { served } from "./programs.js";

const folder = fileURLToPath(new URL("apps/", import.meta.url));

async function started(t, name) {
  const program = await served(t, folder, [name], { env: { XDG_CACHE_HOME: "/dev/null" } });
  const ask = async (path, options) => {
    const reply = await fetch(new URL(path, program.url), { redirect: "manual", ...options });
    return Object.assign(reply, { content: await reply.text() });
  };
  return { ask, program };
}

const json = (value) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

/** What all of them do. */
async function common(ask) {
  const hello = await ask("/");
  assert.deepEqual([hello.status, hello.content], [200, "hello"]);
  assert.equal(hello.headers.get("x-passed"), "yes");
  const user = await ask("/users/7?a=b%20c");
  assert.deepEqual(JSON.parse(user.content), { id: "7", query: { a: "b c" } });
  assert.match(user.headers.get("content-type"), /^application\/json/);
  const echo = await ask("/echo", json({ a: 1 }));
  assert.deepEqual([echo.status, JSON.parse(echo.content)], [201, { a: 1 }]);
  const large = { a: 1, text: "x".repeat(500_000) };
  assert.deepEqual(JSON.parse((await ask("/echo", json(large))).content), large);
  assert.equal((await ask("/stream")).content, "abc");
  const failed = await ask("/fail");
  assert.equal(failed.status, 418);
  assert.match(failed.content, /failed on purpose/);
  assert.equal((await ask("/nothing")).status, 404);
  const together = await Promise.all(Array.from({ length: 30 }, (_, i) => ask(`/users/${i}`)));
  assert.deepEqual(
    together.map(({ content }) => JSON.parse(content).id),
    Array.from({ length: 30 }, (_, i) => `${i}`),
  );
}

const alike = [
  "express.ts", "express_bao.ts", "fastify.ts", "fastify_bao.ts", "plain_http.cjs", "plain_bao.mjs",
  "itty.ts", "h3.ts",
];
for (const name of alike) {
  test(name, { timeout: 60_000 }, async (t) => {
    const { ask, program } = await started(t, name);
    await common(ask);
    assert.equal(program.errors, "");
  });
}

for (const name of ["express.ts", "express_bao.ts"]) {
  test(`${name}: static files and forms`, { timeout: 60_000 }, async (t) => {
    await filesAndForms((await started(t, name)).ask);
  });
}

async function filesAndForms(ask) {
  const file = await ask("/files/itty.ts");
  assert.match(file.content, /^\/\/ itty-router/);
  assert.match(file.headers.get("etag"), /^W\//);
  const part = await ask("/files/itty.ts", { headers: { range: "bytes=3-6" } });
  assert.deepEqual([part.status, part.content], [206, "itty"]);
  assert.equal((await ask("/files/../apps.test.js")).status, 404);
  const form = await ask("/echo", { method: "POST", body: new URLSearchParams("a[b]=c") });
  assert.deepEqual(JSON.parse(form.content), { a: { b: "c" } });
  assert.equal((await ask("/echo", { ...json({}), body: "{" })).status, 400);
}

for (const name of ["fastify.ts", "fastify_bao.ts"]) {
  test(`${name}: schemas, and requests without a socket`, { timeout: 60_000 }, async (t) => {
    const { ask } = await started(t, name);
    assert.equal((await ask("/echo", json({ a: "no number" }))).status, 400);
    assert.deepEqual(JSON.parse((await ask("/injected")).content), { id: "7", query: {} });
  });
}

for (const name of ["hono.ts", "hono_node.ts"]) {
  test(name, { timeout: 60_000 }, async (t) => {
    const { ask, program } = await started(t, name);
    await common(ask);
    await ofHono(ask);
    assert.equal(program.errors, "");
  });
}

async function ofHono(ask) {
  const form = new FormData();
  form.set("name", "of a form");
  form.set("upload", new File(["of a file"], "a.txt"));
  const sent = await ask("/form", { method: "POST", body: form });
  assert.deepEqual(JSON.parse(sent.content), { name: "of a form", upload: "of a file" });
  assert.equal((await ask("/body", { method: "POST", body: "sent back" })).content, "sent back");
  const cookies = await ask("/cookies", { headers: { cookie: "sent=yes" } });
  assert.equal(cookies.content, "yes");
  assert.deepEqual(cookies.headers.getSetCookie(), ["set=1; Path=/; HttpOnly", "other=2; Path=/"]);
  const events = await ask("/events");
  assert.equal(events.headers.get("content-type"), "text/event-stream");
  assert.equal(events.content, "data: at 1\nid: 1\n\ndata: at 2\nid: 2\n\n");
  const moved = await ask("/redirect");
  assert.deepEqual([moved.status, moved.headers.get("location")], [302, "/users/1"]);
  assert.match((await ask("/html")).headers.get("content-type"), /^text\/html/);
  const cloned = await ask("/cloned");
  assert.deepEqual([cloned.status, cloned.content], [202, "cloned"]);
  assert.equal(cloned.headers.get("x-one"), "1");
  assert.equal((await ask("/pipe")).content, "piped");
  const preflight = await ask("/", {
    method: "OPTIONS",
    headers: { "access-control-request-method": "PUT" },
  });
  assert.deepEqual(
    [preflight.status, preflight.headers.get("access-control-allow-origin")],
    [204, "*"],
  );
}

test("h3.ts: several cookies", { timeout: 60_000 }, async (t) => {
  const { ask } = await started(t, "h3.ts");
  const { content, headers } = await ask("/cookies", { headers: { cookie: "sent=yes" } });
  assert.equal(content, "sent=yes");
  assert.deepEqual(headers.getSetCookie(), ["set=1; Path=/", "other=2; Path=/"]);
});

test("hono_bun.ts: files, addresses, WebSockets", { timeout: 60_000 }, async (t) => {
  const { ask, program } = await started(t, "hono_bun.ts");
  const file = await ask("/files/itty.ts");
  assert.match(file.content, /^\/\/ itty-router/);
  assert.equal((await ask("/files/none.ts")).status, 404);
  assert.match((await ask("/address")).content, /^(?:127\.0\.0\.1|::1)$/);

  const socket = new WebSocket(new URL("/socket?name=you", program.url.replace("http", "ws")));
  socket.binaryType = "arraybuffer";
  const heard = async () => (await once(socket, "message"))[0].data;
  assert.equal(await heard(), "hello you");
  socket.send("a");
  assert.equal(await heard(), "text a");
  socket.send(new Uint8Array([1, 2]));
  assert.deepEqual(new Uint8Array(await heard()), new Uint8Array([1, 2]));
  socket.send("bye");
  const [{ code, reason }] = await once(socket, "close");
  assert.deepEqual([code, reason], [4000, "asked to"]);
  assert.equal(program.errors, "");
});
