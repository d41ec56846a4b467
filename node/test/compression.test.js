/** Content codings of replies and of requests. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliDecompressSync, deflateSync, gunzipSync, gzipSync } from "node:zlib";
import { Response } from "../lib/index.js";
import { at, start } from "./started.js";
import { Client } from "./wire.js";

const text = Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join("");

/** Asks by hand, because fetch decodes what it gets and adds a field of its own. */
async function ask(server, accepted, path = "/") {
  const client = new Client(server);
  const encoding = accepted === null ? "" : `Accept-Encoding: ${accepted}\r\n`;
  client.get(path, `Connection: close\r\n${encoding}`);
  await client.closed;
  const bytes = Buffer.from(client.received, "latin1");
  const end = bytes.indexOf("\r\n\r\n");
  const head = bytes.subarray(0, end).toString("latin1");
  const field = (name) => new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1].trim();
  return { head, field, body: bytes.subarray(end + 4) };
}

test("the platform's fetch gets what was sent", async () => {
  const server = start({ fetch: () => new Response(text), compression: true });
  const reply = await at(server);
  assert.match(reply.headers.get("content-encoding"), /^(br|gzip|zstd)$/);
  assert.equal(reply.headers.get("vary"), "Accept-Encoding");
  assert.equal(await reply.text(), text);
});

test("each coding is decoded by Node's zlib", async () => {
  const server = start({
    routes: { "/prepared": new Response(text) },
    fetch: () => new Response(text, { headers: { ETag: '"x"' } }),
    compression: true,
  });
  for (const path of ["/", "/prepared"]) {
    const gzip = await ask(server, "gzip", path);
    assert.equal(gzip.field("content-encoding"), "gzip");
    assert.match(gzip.field("etag"), /^W\//);
    assert.equal(gunzipSync(gzip.body).toString(), text);
    const br = await ask(server, "br", path);
    assert.equal(br.field("content-encoding"), "br");
    assert.equal(brotliDecompressSync(br.body).toString(), text);
    const plain = await ask(server, null, path);
    assert.equal(plain.field("content-encoding"), undefined);
    assert.equal(plain.field("vary"), "Accept-Encoding");
    assert.equal(plain.body.toString(), text);
  }
});

test("it is off unless asked for", async () => {
  for (const compression of [undefined, null, false]) {
    const server = start({ fetch: () => new Response(text), compression });
    const reply = await ask(server, "gzip, br, zstd");
    assert.equal(reply.field("content-encoding"), undefined);
    assert.equal(reply.field("vary"), undefined);
  }
});

test("codings and the smallest size are options", async () => {
  const server = start({
    fetch: () => new Response("abc".repeat(20)),
    compression: { codings: ["gzip"], minSize: 50 },
  });
  assert.equal((await ask(server, "br, gzip;q=0.5")).field("content-encoding"), "gzip");
  assert.equal((await ask(server, "br")).field("content-encoding"), undefined);
});

test("a stream is flushed at each piece", async () => {
  const gates = [Promise.withResolvers(), Promise.withResolvers()];
  const server = start({
    fetch: () =>
      new Response(
        (async function* () {
          yield "data: 1\n\n";
          await gates[0].promise;
          yield "data: 2\n\n";
          await gates[1].promise;
        })(),
        { headers: { "Content-Type": "text/event-stream" } },
      ),
    compression: true,
  });
  const reply = await at(server, "/", { headers: { "Accept-Encoding": "gzip" } });
  assert.equal(reply.headers.get("content-encoding"), "gzip");
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  for (const [i, gate] of gates.entries()) {
    assert.equal((await reader.read()).value, `data: ${i + 1}\n\n`);
    gate.resolve();
  }
  assert.equal((await reader.read()).done, true);
});

test("wrong options are told", () => {
  const cases = [
    [7, "Option compression is 7: give true, false, or an object with codings and minSize"],
    [
      { codings: "gzip" },
      'Option compression.codings is "gzip": give an array of names: "zstd", "br", "gzip"',
    ],
    [{ codings: ["deflate"] }, 'Option compression.codings is "deflate": name zstd, br or gzip'],
    [
      { minSize: -1 },
      "Option compression.minSize is -1: give a whole number that is not negative",
    ],
  ];
  for (const [compression, message] of cases) {
    assert.throws(() => start({ fetch: () => new Response(), compression }), {
      name: "TypeError",
      message,
    });
  }
  assert.throws(() => start({ fetch: () => new Response(), decodeRequestBodies: 1 }), {
    message: "Option decodeRequestBodies is 1: give true or false",
  });
});

const post = (body, coding) => ({
  method: "POST",
  body,
  headers: coding === undefined ? {} : { "Content-Encoding": coding },
});

test("request bodies are decoded if that is asked for", async () => {
  const fetch = async (request) => new Response(await request.text());
  const server = start({ fetch, decodeRequestBodies: true });
  assert.equal(await (await at(server, "/", post(gzipSync(text), "gzip"))).text(), text);
  assert.equal(await (await at(server, "/", post(deflateSync(text), "deflate"))).text(), text);
  assert.equal(await (await at(server, "/", post("plain"))).text(), "plain");
  const raw = start({ fetch: async (request) => new Response(await request.bytes()) });
  const reply = await at(raw, "/", post(gzipSync("a"), "gzip"));
  assert.equal(gunzipSync(await reply.bytes()).toString(), "a");
});

test("the pieces of a stream are decoded, too", async () => {
  const server = start({
    async fetch(request) {
      let size = 0;
      for await (const piece of request.body) size += piece.length;
      return Response.json(size);
    },
    decodeRequestBodies: true,
  });
  const reply = await at(server, "/", post(gzipSync("a".repeat(3_000_000)), "gzip"));
  assert.equal(await reply.json(), 3_000_000);
});

test("what cannot be decoded is refused", async () => {
  const server = start({
    fetch: async (request) => new Response(await request.text()),
    decodeRequestBodies: true,
    maxRequestBodySize: 1000,
  });
  const unknown = await at(server, "/", post("x", "br"));
  assert.equal(unknown.status, 415);
  assert.equal(unknown.headers.get("accept-encoding"), "gzip, deflate");
  assert.equal((await at(server, "/", post("no gzip", "gzip"))).status, 400);
  assert.equal((await at(server, "/", post(gzipSync("a".repeat(1001)), "gzip"))).status, 413);
  assert.equal((await at(server, "/", post(gzipSync("a".repeat(1000)), "gzip"))).status, 200);
});
