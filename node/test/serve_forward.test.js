/** Handlers that return what fetch() gave them: a proxy. */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { test as anyTest } from "node:test";
import { Response } from "../lib/index.js";
import { at, start } from "./started.js";
import { Client, errorsOf } from "./wire.js";

/** What is waited for may never come if the library is at fault. */
const test = (name, action) => anyTest(name, { timeout: 20_000 }, action);

/** A proxy in front of a server with that handler. */
function proxied(handler) {
  const origin = start({ fetch: handler });
  return start({
    fetch({ method, url, headers }) {
      const { pathname } = new URL(url);
      const kept = { "If-None-Match": headers.get("if-none-match") ?? '"none"' };
      return fetch(new URL(pathname, origin.url), { method, headers: kept, redirect: "manual" });
    },
  });
}

/** The fields of the reply, their names in lower case, and its content as it was sent. */
async function ask(server, method, path = "/", fields = "") {
  const client = new Client(server);
  client.write(`${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`);
  await client.closed;
  const [head, ...content] = client.received.split("\r\n\r\n");
  const [line, ...lines] = head.split("\r\n");
  const pairs = lines.map((text) => text.split(": "));
  return {
    status: Number(line.split(" ")[1]),
    fields: Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value])),
    content: content.join("\r\n\r\n"),
    reset: client.reset,
  };
}

test("status, fields and content are sent on", async () => {
  const headers = { "Content-Type": "text/x-a", "X-One": "1" };
  const server = proxied(() => new Response("hello", { status: 418, headers }));
  const { status, fields, content } = await ask(server, "GET");
  assert.deepEqual([status, content], [418, "hello"]);
  assert.equal(fields["content-type"], "text/x-a");
  assert.equal(fields["x-one"], "1");
  assert.equal(fields["content-length"], "5");
});

test("the reply to HEAD has the length of that to GET (RFC 9110 section 9.3.2)", async () => {
  const server = proxied(() => new Response("hello"));
  const { status, fields, content } = await ask(server, "HEAD");
  assert.deepEqual([status, fields["content-length"], content], [200, "5", ""]);
});

test("where the content would be decoded on the way HEAD has no length", async () => {
  const body = gzipSync("hello".repeat(100));
  const headers = { "Content-Encoding": "gzip", "Content-Type": "text/plain" };
  const server = proxied(() => new Response(body, { headers }));
  const got = await (await at(server)).text();
  assert.equal(got, "hello".repeat(100));
  const { fields, content } = await ask(server, "HEAD");
  assert.equal(fields["content-length"], undefined);
  assert.equal(fields["content-encoding"], undefined);
  assert.equal(fields["content-type"], "text/plain");
  assert.equal(content, "");
});

test("replies without content stay so", async () => {
  const server = proxied((req) => {
    if (req.headers.get("if-none-match") === '"a"') {
      return new Response(null, { status: 304, headers: { ETag: '"a"' } });
    }
    return new Response(null, { status: req.url.endsWith("/204") ? 204 : 200 });
  });
  const known = await ask(server, "GET", "/", 'If-None-Match: "a"\r\n');
  assert.deepEqual([known.status, known.fields.etag, known.content], [304, '"a"', ""]);
  const none = await ask(server, "GET", "/204");
  assert.deepEqual([none.status, none.fields["content-length"]], [204, undefined]);
  const empty = await ask(server, "GET");
  assert.deepEqual([empty.status, empty.content], [200, ""]);
});

test("a redirect is the client's to follow", async () => {
  const server = proxied(() => Response.redirect("/there"));
  const { status, fields } = await ask(server, "GET");
  assert.deepEqual([status, fields.location], [302, "/there"]);
});

test("content that ends half-way is a reset", async () => {
  const server = proxied(() => {
    return new Response(async function* () {
      yield "half";
      await new Promise(setImmediate);
      throw new Error("broken");
    });
  });
  let reply;
  await errorsOf(async () => (reply = await ask(server, "GET")));
  assert.doesNotMatch(reply.content, /0\r\n\r\n$/);
});
