import assert from "node:assert/strict";
import test from "node:test";
import { Request, requestFromSlot } from "../lib/request.js";
import { connect } from "../lib/slots.js";
import { compare } from "./cases/compare.js";
import { cases } from "./cases/request.js";

compare(cases);

const HEAD =
  "POST /a/b?c=d HTTP/1.1\r\nHost: example.com:81\r\nX-One: 1\r\nx-one:\t2 \r\n" +
  "Cookie: a=1\r\nCookie: b=2\r\nContent-Type: text/x\r\nContent-Length: 3\r\nEmpty:\r\n\r\n";
const server = { _authority: "localhost:3000" };

const fieldsOfAddon = { "x-one": "native", "content-type": "text/x" };

/**
 * Stands for the addon with one request in slot 7. `body`: its bytes or a Failure; `waits`: how
 * often it is not here yet.
 */
function addon({ body = new Uint8Array(0), waits = 0 } = {}) {
  const calls = [];
  const pieces = 1 + waits;
  const take = (convert) => {
    if (waits-- > 0) return null;
    return typeof body === "number" ? body : convert(body);
  };
  connect({
    field(slot, name) {
      calls.push(`field ${slot} ${name}`);
      return fieldsOfAddon[name] ?? null;
    },
    bodyText() {
      calls.push("bodyText");
      return take((bytes) => new TextDecoder().decode(bytes));
    },
    bodyBytes() {
      calls.push("bodyBytes");
      return take((bytes) => new Uint8Array(bytes));
    },
    bodyPiece() {
      calls.push("bodyPiece");
      if (calls.filter((call) => call === "bodyPiece").length > pieces) return undefined;
      return take((bytes) => new Uint8Array(bytes));
    },
    bodyState() {
      calls.push("bodyState");
      return body.length === 0 ? 0 : 1;
    },
  });
  return calls;
}

const incoming = (head = HEAD) => requestFromSlot(7, head, server);
const bytesOf = (text) => new TextEncoder().encode(text);

/** What the server does when a reply went out, or the exchange failed. */
function detach(request, failure = 0) {
  request._slot = -1;
  if (request._watch !== undefined) request._detached(failure);
}

test("incoming: method and URL come from the head", () => {
  addon();
  const request = incoming();
  assert.equal(request.method, "POST");
  assert.equal(request.url, "http://example.com:81/a/b?c=d");
});

for (const [what, head, url] of [
  ["Host in another place", "GET /x HTTP/1.1\r\nA: b\r\nhOST: h:1\r\n\r\n", "http://h:1/x"],
  ["space around Host", "GET /x HTTP/1.1\r\nHost: \t h \t\r\n\r\n", "http://h/x"],
  ["no Host", "GET /x HTTP/1.0\r\n\r\n", "http://localhost:3000/x"],
  ["an empty Host", "GET /x HTTP/1.1\r\nHost: \r\nA: b\r\n\r\n", "http://localhost:3000/x"],
  ["a target with a host of its own", "GET http://o/p HTTP/1.1\r\nHost: h\r\n\r\n", "http://o/p"],
  ["a target that is a star", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "http://h/"],
]) {
  test(`incoming: the URL with ${what}`, () => {
    addon();
    assert.equal(incoming(head).url, url);
  });
}

test("incoming: one field is asked for without reading all", () => {
  const calls = addon();
  const request = incoming();
  assert.equal(request.headers.get("X-One"), "native");
  assert.equal(request.headers.has("x-two"), false);
  assert.deepEqual(calls, ["field 7 x-one", "field 7 x-two"]);
  assert.throws(() => request.headers.get("a b"), TypeError);
});

test("incoming: all fields are read from the head", () => {
  const calls = addon();
  assert.deepEqual(
    [...incoming().headers],
    [
      ["content-length", "3"],
      ["content-type", "text/x"],
      ["cookie", "a=1; b=2"],
      ["empty", ""],
      ["host", "example.com:81"],
      ["x-one", "1, 2"],
    ],
  );
  assert.deepEqual(calls, []);
});

test("incoming: fields can be changed", () => {
  addon();
  const { headers } = incoming();
  headers.set("x-one", "3");
  headers.delete("host");
  assert.equal(headers.get("X-One"), "3");
  assert.equal(headers.has("host"), false);
});

test("incoming: a Request that is kept knows its head", () => {
  const calls = addon();
  const request = incoming();
  detach(request);
  assert.equal(request.url, "http://example.com:81/a/b?c=d");
  assert.equal(request.method, "POST");
  assert.equal(request.headers.get("x-one"), "1, 2");
  assert.deepEqual(calls, []);
});

test("incoming: a body that is here", async () => {
  const readers = { text: "{}", json: {}, bytes: bytesOf("{}"), arrayBuffer: bytesOf("{}").buffer };
  for (const [name, expected] of Object.entries(readers)) {
    addon({ body: bytesOf("{}") });
    const request = incoming();
    assert.equal(request.bodyUsed, false);
    const reading = request[name]();
    assert.equal(request.bodyUsed, true);
    assert.deepEqual(await reading, expected);
    await assert.rejects(request.text(), TypeError);
  }
});

test("incoming: a Blob has the type of the request", async () => {
  addon({ body: bytesOf("abc") });
  const blob = await incoming().blob();
  assert.equal(blob.type, "text/x");
  assert.equal(await blob.text(), "abc");
});

test("incoming: a body that arrives later", async () => {
  const calls = addon({ body: bytesOf("abc"), waits: 1 });
  const request = incoming();
  const reading = request.text();
  assert.equal(request.bodyUsed, true);
  assert.notEqual(request._watch, undefined);
  request._bodyArrived(0);
  assert.equal(await reading, "abc");
  assert.deepEqual(calls, ["bodyText", "bodyText"]);
});

test("incoming: a body that never arrives", async () => {
  for (const [failure, name] of [
    [1, "AbortError"],
    [2, "TimeoutError"],
    [3, "QuotaExceededError"],
    [4, "DataError"],
    [6, "AbortError"],
  ]) {
    addon({ body: bytesOf("abc"), waits: 1 });
    const request = incoming();
    const reading = request.json();
    request._bodyArrived(failure);
    await assert.rejects(reading, { name });
    addon({ body: failure });
    await assert.rejects(incoming().text(), { name });
  }
});

test("incoming: a reply before the body was here rejects its reader", async () => {
  addon({ body: bytesOf("abc"), waits: 1 });
  const request = incoming();
  const reading = request.text();
  detach(request);
  await assert.rejects(reading, { name: "AbortError" });
});

test("incoming: nobody has to listen to a reader whose body never arrives", async () => {
  for (const name of ["text", "json", "bytes", "arrayBuffer", "blob", "formData"]) {
    addon({ body: bytesOf("abc"), waits: 1 });
    const request = incoming();
    void request[name]();
    detach(request, 1);
  }
  // An unhandled rejection would fail this test.
  await new Promise(setImmediate);
});

test("incoming: a body that was not read before the reply cannot be read any more", async () => {
  addon({ body: bytesOf("abc") });
  const request = incoming();
  detach(request);
  await assert.rejects(request.text(), { name: "AbortError" });
  const bodiless = incoming("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  detach(bodiless);
  assert.equal(await bodiless.text(), "");
  assert.equal(bodiless.body, null);
});

test("incoming: no body", async () => {
  addon();
  const request = incoming();
  assert.equal(request.body, null);
  assert.equal(await request.text(), "");
  assert.equal(request.bodyUsed, false);
  addon();
  const another = incoming();
  assert.deepEqual(await another.bytes(), new Uint8Array(0));
  assert.equal(another.bodyUsed, false);
  assert.equal(await another.text(), "");
});

test("incoming: body is a stream that asks for the body when it is read", async () => {
  const calls = addon({ body: bytesOf("abc"), waits: 1 });
  const request = incoming();
  const { body } = request;
  assert.equal(request.body, body);
  assert.equal(request.bodyUsed, false);
  assert.deepEqual(calls, ["bodyState"]);
  const reading = body.getReader().read();
  await new Promise(setImmediate);
  request._bodyArrived(0);
  assert.deepEqual((await reading).value, bytesOf("abc"));
  assert.equal(request.bodyUsed, true);
  assert.deepEqual(calls, ["bodyState", "bodyPiece", "bodyPiece"]);
});

test("incoming: a clone reads the same body, taken once", async () => {
  const calls = addon({ body: bytesOf("abc"), waits: 1 });
  const request = incoming();
  request._params = { id: "1" };
  const copy = request.clone();
  assert.equal(copy._slot, -1);
  assert.equal(copy.url, request.url);
  assert.equal(copy.headers.get("x-one"), "1, 2");
  assert.deepEqual(copy.params, { id: "1" });
  const both = Promise.all([request.text(), copy.text()]);
  await new Promise(setImmediate);
  request._bodyArrived(0);
  assert.deepEqual(await both, ["abc", "abc"]);
  assert.deepEqual(calls, ["bodyBytes", "bodyBytes"]);
});

test("incoming: a Request made of it takes its body", async () => {
  addon({ body: bytesOf("abc") });
  const request = incoming();
  const made = new Request(request, { headers: { a: "b" } });
  assert.equal(request.bodyUsed, true);
  assert.equal(made.method, "POST");
  assert.equal(await made.text(), "abc");
  assert.deepEqual([...made.headers], [["a", "b"]]);
});

test("incoming: the signal aborts when the client goes", () => {
  addon();
  const request = incoming();
  assert.equal(request._watch, undefined);
  const { signal } = request;
  assert.equal(signal.aborted, false);
  const copy = request.clone();
  request._clientGone();
  assert.equal(signal.aborted, true);
  assert.equal(signal.reason.name, "AbortError");
  assert.equal(copy.signal.aborted, true);
});

test("incoming: a reply does not abort the signal, a failure does", () => {
  addon();
  const [replied, failed] = [incoming(), incoming()];
  for (const request of [replied, failed]) void request.signal;
  detach(replied, 0);
  detach(failed, 2);
  assert.equal(replied.signal.aborted, false);
  assert.equal(failed.signal.reason.name, "TimeoutError");
});

test("incoming: params", () => {
  addon();
  const request = incoming();
  assert.equal(request.params, undefined);
  request._params = { id: "1" };
  assert.deepEqual(request.params, { id: "1" });
});

test("Request shown on the console", async () => {
  const { inspect } = await import("node:util");
  addon();
  const request = incoming();
  request._params = { id: "1" };
  const shown = inspect(request, { breakLength: Infinity });
  assert.match(
    shown,
    /^Request \{ method: 'POST', url: 'http:.*', headers: Headers \{.*params: \{ id: '1' \}/,
  );
  assert.doesNotMatch(inspect(new Request("http://a")), /params/);
});

test("a Proxy around a Request, and a copy of its fields, find nothing that is null", () => {
  const made = [
    requestFromSlot(-1, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", { _authority: "" }),
    new Request("http://a/"),
  ];
  for (const request of made) {
    request.body;
    assert.ok(Object.values({ ...request }).every((value) => value !== null));
    const around = new Proxy(request, {
      get: (target, name) => target[name]?.bind?.(target) ?? target[name],
    });
    assert.equal(around.method, "GET");
    assert.equal(JSON.stringify(request), "{}");
  }
});
