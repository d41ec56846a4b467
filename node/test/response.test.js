import assert from "node:assert/strict";
import test from "node:test";
import { isResponse, replyParts, Response } from "../lib/response.js";
import { compare } from "./cases/compare.js";
import { cases } from "./cases/response.js";
import { cases as statics } from "./cases/response_statics.js";

compare(cases);
compare(statics);

const PlatformResponse = globalThis.Response;
const TEXT = "text/plain;charset=utf-8";

test("reply: a plain Response can be told by its fields", () => {
  const { _body, _type, _status, _headers, _used } = new Response("x");
  assert.deepEqual(
    { _body, _type, _status, _headers, _used },
    {
      _body: "x",
      _type: TEXT,
      _status: 200,
      _headers: null,
      _used: false,
    },
  );
  assert.equal(Response.json(1)._headers, null);
  assert.equal(new Response("x", { status: 404 })._headers, null);
});

test("reply: text, with and without fields", () => {
  assert.deepEqual(replyParts(new Response("x", { status: 201 })), {
    status: 201,
    lines: null,
    type: TEXT,
    body: "x",
  });
  const fields = { headers: { "X-A": "1", b: "2" } };
  assert.deepEqual(replyParts(new Response("x", fields)), {
    status: 200,
    lines: "X-A: 1\r\nb: 2\r\n",
    type: TEXT,
    body: "x",
  });
});

test("reply: fields that were looked at have the type", () => {
  const response = new Response("x");
  response.headers.set("a", "b");
  const { lines, type } = replyParts(response);
  assert.equal(lines, `Content-Type: ${TEXT}\r\na: b\r\n`);
  assert.equal(type, null);
});

test("reply: nothing, bytes, and statuses without body", () => {
  assert.deepEqual(replyParts(new Response()), {
    status: 200,
    lines: null,
    type: null,
    body: null,
  });
  assert.deepEqual(replyParts(new Response(new Uint8Array([1]))).body, new Uint8Array([1]));
  assert.deepEqual(replyParts(new Response("x", { status: 204 })), {
    status: 204,
    lines: null,
    type: null,
    body: null,
  });
});

test("reply: bodies that must be waited for", async () => {
  const form = new FormData();
  form.set("a", "b");
  for (const [body, type] of [
    [new Blob(["x"], { type: "a/b" }), /^a\/b$/],
    [new Blob(["x"]).stream(), /^null$/],
    [form, /^multipart\/form-data; boundary=[-a-z0-9]{20,70}$/],
  ]) {
    const response = new Response(body, { status: 202 });
    const waiting = replyParts(response);
    assert(waiting instanceof Promise);
    assert.equal(response.bodyUsed, true);
    const parts = await waiting;
    assert.equal(parts.status, 202);
    assert.match(String(parts.type), type);
    assert(parts.body.length > 0);
  }
});

test("reply: a stream that fails rejects", async () => {
  const failing = new ReadableStream({
    pull() {
      throw new RangeError("half-way");
    },
  });
  await assert.rejects(async () => replyParts(new Response(failing)), RangeError);
});

test("reply: a used Response, an error", () => {
  const response = new Response("x");
  replyParts(response);
  assert.equal(response.bodyUsed, true);
  assert.throws(() => replyParts(response), { name: "TypeError", message: /already used/ });
  assert.throws(() => replyParts(Response.error()), TypeError);
  // There is nothing to use twice.
  const empty = new Response(null, { status: 404 });
  replyParts(empty);
  assert.equal(replyParts(empty).status, 404);
});

test("reply: a Response of the platform", async () => {
  const headers = [
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
    ["x", "y"],
  ];
  const given = new PlatformResponse("é", { status: 201, headers });
  const parts = await replyParts(given);
  assert.equal(parts.status, 201);
  assert.deepEqual(parts.body, new TextEncoder().encode("é"));
  assert.equal(
    parts.lines,
    "content-type: text/plain;charset=UTF-8\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nx: y\r\n",
  );
  await assert.rejects(async () => replyParts(given), TypeError);
  assert.equal((await replyParts(new PlatformResponse(null))).body, null);
  await assert.rejects(async () => replyParts(PlatformResponse.error()), TypeError);
});

test("reply: a Response of fetch goes on decoded, without the fields of its transfer", async () => {
  const [{ createServer }, { gzipSync }] = await Promise.all([
    import("node:http"),
    import("node:zlib"),
  ]);
  const upstream = createServer((request, reply) => {
    reply.setHeader("content-encoding", "gzip");
    reply.setHeader("x-a", "b");
    reply.end(gzipSync("hello"));
  });
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  try {
    const response = await fetch(`http://127.0.0.1:${upstream.address().port}/`);
    const { lines, body } = await replyParts(response);
    assert.equal(new TextDecoder().decode(body), "hello");
    assert.match(lines, /^x-a: b\r$/m);
    assert.doesNotMatch(lines, /encoding|content-length|connection|keep-alive/);
  } finally {
    upstream.closeAllConnections();
    upstream.close();
  }
});

test("isResponse", () => {
  class Mine extends Response {}
  for (const value of [new Response(), new Mine(), new PlatformResponse()]) {
    assert.equal(isResponse(value), true);
  }
  for (const value of [null, undefined, "x", {}, { status: 200 }, Response]) {
    assert.equal(isResponse(value), false);
  }
});

test("streams may give strings and bytes of all kinds, and nothing else", async () => {
  const chunks = async function* () {
    yield "a";
    yield new Uint8Array([66]);
    yield new Uint16Array([0x4343]);
    yield new Uint8Array([68]).buffer;
  };
  assert.equal(await new Response(chunks).text(), "aBCCD");
  const wrong = async function* () {
    yield { a: 1 };
  };
  await assert.rejects(new Response(wrong).text(), TypeError);
});

test("textStream gives the body as text", async () => {
  let text = "";
  for await (const chunk of new Response(new TextEncoder().encode("grüße")).textStream()) {
    text += chunk;
  }
  assert.equal(text, "grüße");
});

test("Response shown on the console", async () => {
  const { inspect } = await import("node:util");
  const shown = inspect(new Response("x", { status: 404 }), { breakLength: Infinity });
  assert.match(shown, /^Response \{ status: 404, .*headers: Headers \{ 'content-type': /);
});
