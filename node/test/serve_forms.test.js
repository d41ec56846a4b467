/** Forms that clients make large or malformed, and limits of bodies by route. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Request, Response } from "../lib/index.js";
import { at, start } from "./started.js";

const TYPE = "multipart/form-data; boundary=XX";
const part = (parameters, content = "x") =>
  `--XX\r\nContent-Disposition: form-data; ${parameters}\r\n\r\n${content}\r\n`;
const form = (body, type = TYPE, options) =>
  new Request("http://x/", { method: "POST", body, headers: { "content-type": type } }).formData(
    options,
  );

test("forms have at most 1000 parts unless the program says otherwise", async () => {
  const many = (count) => part('name="a"').repeat(count) + "--XX--\r\n";
  assert.equal([...(await form(many(1000)))].length, 1000);
  await assert.rejects(form(many(1001)), {
    name: "RangeError",
    message: "A form has more than 1000 parts: formData({ maxParts }) allows more",
  });
  assert.equal([...(await form(many(1001), TYPE, { maxParts: 1001 }))].length, 1001);
  await assert.rejects(form(many(3), TYPE, { maxParts: 2 }), RangeError);
  await assert.rejects(form(many(1), TYPE, { maxParts: "x" }), TypeError);
  await assert.rejects(form(many(1001), 'multipart/form-data; a=b; boundary="XX"'), RangeError);
});

test("url-encoded forms, too", async () => {
  const type = "application/x-www-form-urlencoded";
  assert.equal([...(await form("a=1&".repeat(1000), type))].length, 1000);
  await assert.rejects(form("a=1&".repeat(1001), type), RangeError);
});

test("a hostile form is refused before it costs much", async () => {
  await assert.rejects(form(part('name="a"; filename="b"').repeat(500_000)), RangeError);
});

for (const [what, body, type] of [
  ["without its last boundary", part('name="a"')],
  ["without a name", part('filename="a"') + "--XX--"],
  ["empty", ""],
  ["without a boundary", part('name="a"') + "--XX--", "multipart/form-data"],
  ["of another type", "a=1", "text/plain"],
]) {
  test(`a form ${what} is a TypeError`, async () => {
    await assert.rejects(form(body, type), TypeError);
  });
}

test("names may be those of Object.prototype", async () => {
  const entries = [...(await form(part('name="__proto__"') + part('name="toString"') + "--XX--"))];
  assert.deepEqual(entries, [["__proto__", "x"], ["toString", "x"]]);
});

test("a form that is refused does not end the process, nor its connection's next request", async (t) => {
  t.mock.method(console, "error", () => {});
  const server = start({ fetch: async (req) => Response.json([...(await req.formData()).keys()]) });
  const post = (body) => at(server, "/", { method: "POST", body, headers: { "content-type": TYPE } });
  assert.equal((await post(part('name="a"'))).status, 500);
  assert.deepEqual(await (await post(part('name="a"') + "--XX--")).json(), ["a"]);
});

// -- Limits by route

const length = async (req) => new Response(String((await req.text()).length));
const limited = () =>
  start({
    maxRequestBodySize: 10,
    routes: {
      "/large": { maxRequestBodySize: 20, POST: length },
      "/small": { maxRequestBodySize: 5, POST: length, PUT: length },
      "/endless": { maxRequestBodySize: Infinity, POST: length },
    },
    fetch: length,
  });

test("a route's limit takes the place of the server's", async () => {
  const server = limited();
  const post = (path, size, method = "POST") => at(server, path, { method, body: "x".repeat(size) });
  for (const [path, size, status] of [
    ["/", 10, 200],
    ["/", 11, 413],
    ["/large", 20, 200],
    ["/large", 21, 413],
    ["/small", 5, 200],
    ["/small", 6, 413],
    ["/endless", 100_000, 200],
  ]) {
    const reply = await post(path, size);
    assert.equal(reply.status, status, `${path} ${size}`);
    if (status === 200) assert.equal(await reply.text(), String(size));
  }
  assert.equal((await post("/small", 6, "PUT")).status, 413);
});

test("a route's limit holds for bodies without a length, and after a reload", async (t) => {
  t.mock.method(console, "error", () => {});
  const server = limited();
  const stream = (size) => new Blob(["x".repeat(size)]).stream();
  const post = (path, size) =>
    at(server, path, { method: "POST", body: stream(size), duplex: "half" });
  assert.equal((await post("/large", 20)).status, 200);
  assert.equal((await post("/large", 21)).status, 413);
  server.reload({ fetch: length });
  assert.equal((await post("/large", 11)).status, 413);
});

test("a limit that is none is refused", () => {
  for (const [maxRequestBodySize, shown] of [[-1, "-1"], [1.5, "1.5"], ["5", '"5"']]) {
    assert.throws(() => start({ routes: { "/a": { maxRequestBodySize, GET: length } } }), {
      name: "TypeError",
      message: `Route "/a" has the maxRequestBodySize ${shown}: give a whole number that is not negative`,
    });
  }
  assert.throws(() => start({ routes: { "/a": { maxRequestBodySize: 1 } } }), /lists no method/);
});
