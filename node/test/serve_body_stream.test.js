/** Bodies of requests as streams: piece by piece, only as fast as the program reads. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { test as anyTest } from "node:test";
import { Response } from "../lib/index.js";
import { at, start } from "./started.js";
import { Client } from "./wire.js";

/** What is waited for may never come if the library is at fault. */
const test = (name, action) => anyTest(name, { timeout: 20_000 }, action);

const head = (length, path = "/") =>
  `POST ${path} HTTP/1.1\r\nHost: test\r\nContent-Length: ${length}\r\n\r\n`;

/** A promise, and what settles it. */
function deferred() {
  let resolve;
  const promise = new Promise((give) => (resolve = give));
  return { promise, resolve };
}

test("pieces come as they are sent", async () => {
  const pieces = [];
  let told = deferred();
  const server = start({
    async fetch(request) {
      const decoder = new TextDecoder();
      for await (const piece of request.body) {
        pieces.push(decoder.decode(piece));
        told.resolve();
        told = deferred();
      }
      return new Response(pieces.join("|"));
    },
  });
  const client = new Client(server);
  for (const piece of ["ab", "cd"]) {
    const { promise } = told;
    client.write((pieces.length === 0 ? head(6) : "") + piece);
    await promise;
  }
  client.write("ef");
  await client.until("\r\n\r\nab|cd|ef");
});

test("a body that is here needs no more than the first read", async () => {
  const server = start({
    async fetch(request) {
      const { value } = await request.body.getReader().read();
      return new Response(value);
    },
  });
  const reply = await at(server, "/", { method: "POST", body: "hello" });
  assert.equal(await reply.text(), "hello");
});

test("a request without a body has none, and an empty one too", async () => {
  const server = start({ fetch: (request) => new Response(String(request.body)) });
  assert.equal(await (await at(server)).text(), "null");
  const empty = await at(server, "/", { method: "POST", body: "" });
  assert.equal(await empty.text(), "null");
});

test("bytes into the reader's own buffer", async () => {
  const server = start({
    async fetch(request) {
      const reader = request.body.getReader({ mode: "byob" });
      let text = "";
      for (;;) {
        const { done, value } = await reader.read(new Uint8Array(3));
        if (done) return new Response(text);
        text += new TextDecoder().decode(value) + ",";
      }
    },
  });
  const reply = await at(server, "/", { method: "POST", body: "abcdefgh" });
  assert.equal(await reply.text(), "abc,def,gh,");
});

test("text() and json() of a body whose stream was looked at", async () => {
  const server = start({
    async fetch(request) {
      const { body } = request;
      assert.equal(request.bodyUsed, false);
      const value = await request.json();
      assert.equal(request.bodyUsed, true);
      assert.equal(body.locked, false);
      await assert.rejects(request.text(), TypeError);
      return Response.json(value);
    },
  });
  const reply = await at(server, "/", { method: "POST", body: '{"a":[1,2]}' });
  assert.deepEqual(await reply.json(), { a: [1, 2] });
});

test("an echo that goes on after the handler has returned", async () => {
  const server = start({ fetch: (request) => new Response(request.body) });
  const bytes = randomBytes(5_000_000);
  const reply = await at(server, "/", { method: "POST", body: bytes });
  assert.ok(bytes.equals(Buffer.from(await reply.arrayBuffer())));
});

test("a chunked body, and the request behind it", async () => {
  const server = start({
    async fetch(request) {
      let length = 0;
      if (request.body) for await (const piece of request.body) length += piece.length;
      return new Response(String(length));
    },
  });
  const client = new Client(server);
  const chunked = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
  client.write(`${chunked}3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n${head(2)}xy`);
  await client.until(/\r\n\r\n7HTTP[^]*\r\n\r\n2$/);
});

test("the client waits while nobody reads, and everything arrives", async () => {
  const size = 64 << 20;
  const stalled = deferred();
  const goOn = deferred();
  const server = start({
    maxRequestBodySize: size,
    async fetch(request) {
      const hash = createHash("sha1");
      const reader = request.body.getReader();
      hash.update((await reader.read()).value);
      stalled.resolve();
      await goOn.promise;
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return new Response(hash.digest("hex"));
        assert.ok(value.length <= 256 * 1024);
        hash.update(value);
      }
    },
  });
  const upload = httpRequest(server.url, { method: "POST", headers: { "Content-Length": size } });
  const replied = once(upload, "response");
  const hash = createHash("sha1");
  let sent = 0;
  const piece = randomBytes(1 << 20);
  // Until the kernel takes no more.
  while (sent < size) {
    hash.update(piece);
    sent += piece.length;
    if (!upload.write(piece) && upload.writableLength > 8 << 20) break;
    await new Promise(setImmediate);
  }
  await stalled.promise;
  assert.ok(sent < size, "the client is not read from");
  const before = process.memoryUsage().rss;
  goOn.resolve();
  for (; sent < size; sent += piece.length) {
    hash.update(piece);
    if (!upload.write(piece)) await once(upload, "drain");
  }
  upload.end();
  const [reply] = await replied;
  const [digest] = await reply.toArray();
  assert.equal(digest.toString(), hash.digest("hex"));
  assert.ok(process.memoryUsage().rss - before < 64 << 20, "memory is bounded");
});

// -- Bodies that do not arrive

for (const [name, end] of Object.entries({
  "a reset": (client) => client.socket.resetAndDestroy(),
  "an end inside of it": (client) => client.socket.end(),
})) {
  test(`${name} is an AbortError of the stream`, async () => {
    const failed = deferred();
    const begun = deferred();
    const server = start({
      async fetch(request) {
        const reader = request.body.getReader();
        await reader.read();
        begun.resolve();
        await reader.read().catch(failed.resolve);
        return new Response("nobody reads this");
      },
    });
    const client = new Client(server);
    client.write(`${head(100)}some`);
    await begun.promise;
    end(client);
    assert.equal((await failed.promise).name, "AbortError");
  });
}

test("a body over the limit is a QuotaExceededError and 413", async () => {
  const failed = deferred();
  const server = start({
    maxRequestBodySize: 10,
    async fetch(request) {
      try {
        for await (const piece of request.body) assert.ok(piece.length <= 10);
      } catch (error) {
        failed.resolve(error);
      }
      return new Response("too late");
    },
  });
  const client = new Client(server);
  client.write("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.write("6\r\n012345\r\n6\r\n678901\r\n0\r\n\r\n");
  assert.equal((await failed.promise).name, "QuotaExceededError");
  await client.until(/^HTTP\/1.1 413 /);
});

test("what is read behind the reply is over", async () => {
  const read = deferred();
  const server = start({
    fetch(request) {
      const reader = request.body.getReader();
      read.resolve(reader.read().then(() => reader.read()).catch((error) => error));
      return new Response("early");
    },
  });
  const client = new Client(server);
  client.write(`${head(10)}some`);
  await client.until("\r\n\r\nearly");
  client.write("thing!");
  assert.equal((await read.promise).name, "AbortError");
});

test("a stream that is cancelled lets the reply and the next request through", async () => {
  const server = start({
    async fetch(request) {
      if (request.body === null) return new Response("next");
      const reader = request.body.getReader();
      await reader.read();
      await reader.cancel();
      return new Response("enough");
    },
  });
  const client = new Client(server);
  client.write(head(100_000) + "x".repeat(100_000) + "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  await client.until(/\r\n\r\nenoughHTTP[^]*\r\n\r\nnext$/);
});
