/** Responses on routes whose bodies have to be read first: Blobs, forms, the platform's Responses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Response } from "../lib/index.js";
import { at, start } from "./started.js";

const PlatformResponse = globalThis.Response;

/** Asks until the reply is a prepared one. */
async function prepared(server, path) {
  for (;;) {
    const reply = await at(server, path);
    if (reply.headers.has("etag")) return reply;
    await reply.text();
  }
}

test("they are answered from the first request on, and are prepared when they are read", async () => {
  const blob = new Response(new Blob(["<p>"], { type: "text/html" }), { headers: { "X-A": "1" } });
  const form = new FormData();
  form.append("a", "b");
  const server = start({
    routes: {
      "/blob": blob,
      "/methods": { GET: blob, POST: () => new Response("posted") },
      "/form": new Response(form),
      "/platform": new PlatformResponse("theirs", { status: 200, headers: { "X-B": "2" } }),
      "/handler/:id": (request) => new Response(request.params.id),
    },
  });
  const first = await at(server, "/blob");
  assert.equal(first.headers.get("content-type"), "text/html");
  assert.equal(await first.text(), "<p>");
  for (const path of ["/blob", "/methods"]) {
    const reply = await prepared(server, path);
    assert.equal(reply.headers.get("content-type"), "text/html");
    assert.equal(reply.headers.get("x-a"), "1");
    assert.equal(await reply.text(), "<p>");
    const etag = reply.headers.get("etag");
    assert.equal((await at(server, path, { headers: { "If-None-Match": etag } })).status, 304);
  }
  assert.equal((await (await prepared(server, "/form")).formData()).get("a"), "b");
  const platform = await prepared(server, "/platform");
  assert.equal(platform.headers.get("x-b"), "2");
  assert.equal(await platform.text(), "theirs");
  assert.equal(await (await at(server, "/methods", { method: "POST" })).text(), "posted");
  assert.equal(await (await at(server, "/handler/7")).text(), "7");
  assert.equal(blob.bodyUsed, false);
});

/** A Blob whose bytes come when the test says so. */
function slowBlob() {
  const { promise, resolve } = Promise.withResolvers();
  const blob = new Blob(["late"]);
  blob.arrayBuffer = () => promise;
  return { blob, arrive: () => resolve(new TextEncoder().encode("late").buffer) };
}

test("what is read too late does not undo a reload", async () => {
  const { blob, arrive } = slowBlob();
  const server = start({ routes: { "/": new Response(blob) } });
  const early = at(server);
  while (server.pendingRequests === 0) await new Promise(setImmediate);
  server.reload({ routes: { "/": () => new Response("new") } });
  assert.equal(await (await at(server)).text(), "new");
  arrive();
  assert.equal(await (await early).text(), "late");
  assert.equal(await (await at(server)).text(), "new");
});

test("a server that was stopped meanwhile stays so", async () => {
  const { blob, arrive } = slowBlob();
  const server = start({ routes: { "/": new Response(blob) } });
  await server.stop(true);
  arrive();
  await new Promise(setImmediate);
  await assert.rejects(at(server));
});

test("what cannot be read is an error of each request", async () => {
  const blob = new Blob(["x"]);
  blob.arrayBuffer = () => Promise.reject(new Error("gone"));
  const error = (given) => new Response(given.message, { status: 503 });
  const server = start({ routes: { "/": new Response(blob) }, error });
  for (let i = 0; i < 2; i++) {
    const reply = await at(server);
    assert.deepEqual([reply.status, await reply.text()], [503, "gone"]);
  }
});

test("the numbers of handlers are used again", async () => {
  const server = start({ routes: { "/": new Response(new Blob(["0"])) } });
  for (let i = 1; i <= 200; i++) {
    server.reload({
      routes: {
        "/": new Response(new Blob([String(i)])),
        "/handler": () => new Response(`handler ${i}`),
      },
    });
    assert.equal(await (await at(server, "/handler")).text(), `handler ${i}`);
    assert.equal(await (await at(server)).text(), String(i));
  }
  assert.equal(await (await prepared(server, "/")).text(), "200");
});
