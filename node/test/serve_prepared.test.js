/** Responses on routes whose bodies have to be read first: Blobs, forms, the platform's Responses. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { file, Response } from "../lib/index.js";
import { at, start } from "./started.js";
import { Client, errorsOf } from "./wire.js";

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

// -- What programs read before they start

const HTML = { "Content-Type": "text/html;charset=utf-8" };

/** Another server, and the URL of what it has at that path. */
function other(fetch) {
  const server = start({ fetch });
  return (path = "/") => new URL(path, server.url).href;
}

test("bytes of a file have the type that the program gives, and an ETag of their hash", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bao-prepared-"));
  const path = join(folder, "page.html");
  writeFileSync(path, "<p>first</p>");
  const source = file(path);
  const bytes = await source.bytes();
  const server = start({
    routes: {
      "/bytes": new Response(bytes, { headers: { "Content-Type": source.type } }),
      "/blob": new Response(new Blob([bytes], { type: "text/plain" })),
    },
  });
  writeFileSync(path, "<p>second</p>");
  const [first, second] = [await prepared(server, "/bytes"), await prepared(server, "/blob")];
  rmSync(folder, { recursive: true });
  assert.equal(first.headers.get("content-type"), "text/html;charset=utf-8");
  assert.equal(second.headers.get("content-type"), "text/plain");
  assert.equal(await first.text(), "<p>first</p>");
  const etag = first.headers.get("etag");
  assert.match(etag, /^"[^"]+"$/);
  assert.equal(second.headers.get("etag"), etag);
  assert.equal((await at(server, "/bytes", { headers: { "If-None-Match": etag } })).status, 304);
  const head = await at(server, "/bytes", { method: "HEAD" });
  assert.deepEqual(
    ["etag", "content-length", "content-type"].map((name) => head.headers.get(name)),
    [etag, "12", "text/html;charset=utf-8"],
  );
});

test("a fetched Response keeps its status, type and fields, and is asked for once", async () => {
  let requests = 0;
  const url = other((req) => {
    ++requests;
    if (req.url.endsWith("/tagged")) return new Response("t", { headers: { ETag: '"theirs"' } });
    return new Response(ReadableStream.from(["<p>", "one"]), {
      headers: { ...HTML, "X-One": "1", Age: "100", Date: "Sun, 06 Nov 1994 08:49:37 GMT" },
    });
  });
  const server = start({
    routes: { "/": await fetch(url()), "/tagged": await fetch(url("/tagged")) },
  });
  const reply = await prepared(server, "/");
  const { headers } = reply;
  assert.equal(await reply.text(), "<p>one");
  assert.equal(headers.get("content-type"), "text/html;charset=utf-8");
  assert.equal(headers.get("content-length"), "6");
  assert.equal(headers.get("x-one"), "1");
  // It is made now, not when the other server had made it (RFC 9110 section 6.6.1).
  assert.equal(headers.get("age"), null);
  assert.ok(Math.abs(Date.parse(headers.get("date")) - Date.now()) < 60_000);
  for (const etag of [headers.get("etag"), "*"]) {
    const again = await at(server, "/", { headers: { "If-None-Match": etag } });
    assert.deepEqual([again.status, await again.text()], [304, ""]);
  }
  const tagged = { headers: { "If-None-Match": '"theirs"' } };
  while ((await at(server, "/tagged", tagged)).status !== 304);
  assert.equal(requests, 2);
});

test("a fetched Response that was compressed is decoded, and compressed anew once", async () => {
  const url = other(() => new Response("x".repeat(5000), { headers: HTML }));
  const compressed = start({
    compression: true,
    fetch: () => new Response("x".repeat(5000), { headers: HTML }),
  });
  const source = await fetch(compressed.url);
  assert.ok(source.headers.get("content-encoding"));
  const server = start({ compression: true, routes: { "/": source, "/b": await fetch(url()) } });
  for (const path of ["/", "/b"]) {
    const plain = await prepared(server, path);
    const client = new Client(server);
    client.get(path, "Accept-Encoding: gzip\r\nConnection: close\r\n");
    await client.closed;
    const etag = /^etag: (.*)\r$/im.exec(client.received)[1];
    assert.match(client.received, /^Content-Encoding: gzip\r$/m);
    assert.match(client.received, /^vary: Accept-Encoding\r$/im);
    assert.ok(etag.startsWith('W/"'));
    assert.equal(await plain.text(), "x".repeat(5000));
    const headers = { "If-None-Match": etag, "Accept-Encoding": "gzip" };
    assert.equal((await at(server, path, { headers })).status, 304);
  }
});

test("a fetched Response that ends half-way is an error of each request", async () => {
  const url = other(() => {
    const pieces = async function* () {
      yield "half";
      await new Promise(setImmediate);
      throw new Error("broken");
    };
    return new Response(pieces);
  });
  let source;
  await errorsOf(async () => (source = await fetch(url())));
  const error = () => new Response("no", { status: 502 });
  const server = start({ routes: { "/": source }, error });
  await errorsOf(async () => {
    for (let i = 0; i < 2; i++) {
      await at(server).then(
        async (reply) => assert.notEqual(await reply.text().catch(() => "cut"), "half"),
        () => {},
      );
    }
  });
});

test("a reload while a prepared Response is being sent changes none of its bytes", async () => {
  const first = "1".repeat(8 << 20);
  const server = start({ routes: { "/": new Response(new Blob([first])) } });
  await (await prepared(server, "/")).body.cancel();
  const slow = new Client(server);
  slow.get("/", "");
  await slow.until("\r\n\r\n1");
  slow.socket.pause();
  server.reload({ routes: { "/": new Response(new Blob(["second"])) } });
  assert.equal(await (await prepared(server, "/")).text(), "second");
  slow.socket.resume();
  slow.get("/", "Connection: close\r\n");
  await slow.closed;
  const [, body, next] = slow.received.split(/\r\n\r\n|HTTP\/1\.1 200/).slice(1);
  assert.equal(body.length, first.length);
  assert.equal(body, first);
  assert.ok(slow.received.endsWith("second"), next);
});

test("a stream is refused, with what to do instead", () => {
  assert.throws(() => start({ routes: { "/": new Response(ReadableStream.from(["a"])) } }), {
    name: "TypeError",
    message:
      'Route "/" has a Response whose body is a stream: ' +
      "give its bytes() or blob(), or a handler that returns it",
  });
});
