/** Cookies that handlers set leave with whatever reply does. What the classes do: conformance. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Cookie, CookieMap, Request, Response } from "../lib/index.js";
import { at, start } from "./started.js";

const A = "a=1; Path=/; SameSite=Lax";
const set = (req) => req.cookies.set("a", "1");

/** What a handler comes to; its errors are shown, and kept off the console. */
async function replyTo(t, fetch, options) {
  t.mock.method(console, "error", () => {});
  return at(start({ fetch, ...options }), "/", { redirect: "manual" });
}

const handlers = {
  text: (req) => (set(req), new Response("x")),
  "a promise": async (req) => (await sleep(1), set(req), new Response("x")),
  nothing: (req) => set(req),
  redirect: (req) => (set(req), Response.redirect("/x")),
  "no content": (req) => (set(req), new Response(null, { status: 204 })),
  bytes: (req) => (set(req), new Response(new Uint8Array(100_000))),
  "the platform's": (req) => (set(req), new globalThis.Response("x")),
  "a stream": (req) => (
    set(req),
    new Response(async function* () {
      yield "1";
      await sleep(1);
      yield "2";
    })
  ),
  "a stream that is complete": (req) => (set(req), new Response(new Blob(["x"]).stream())),
  "a throw": (req) => {
    set(req);
    throw new Error("x");
  },
  "a rejection": async (req) => {
    set(req);
    await 1;
    throw new Error("x");
  },
};

for (const [name, handler] of Object.entries(handlers)) {
  for (const development of [false, true]) {
    test(`cookies with ${name}, ${development ? "in development" : "in production"}`, async (t) => {
      const reply = await replyTo(t, handler, { development });
      await reply.bytes();
      assert.deepEqual(reply.headers.getSetCookie(), [A]);
    });
  }
}

test("cookies with what the error handler gives", async (t) => {
  const error = () => new Response("mended", { headers: { "set-cookie": "own=1" } });
  const reply = await replyTo(t, handlers["a throw"], { error });
  assert.equal(await reply.text(), "mended");
  assert.deepEqual(reply.headers.getSetCookie(), ["own=1", A]);
});

test("cookies with a body that is refused", async (t) => {
  t.mock.method(console, "error", () => {});
  const server = start({
    maxRequestBodySize: 3,
    fetch: async (req) => (set(req), await sleep(1), set(req), new Response(await req.text())),
  });
  const body = new Blob(["more than three"]).stream();
  const reply = await at(server, "/", { method: "POST", body, duplex: "half" });
  assert.equal(reply.status, 413);
});

test("cookies are one request's own", async () => {
  const server = start({
    routes: { "/set": handlers.text, "/prepared": new Response("x") },
    fetch: (req) => new Response(String(req.cookies.size)),
  });
  for (const [path, cookies] of [["/set", [A]], ["/", []], ["/prepared", []], ["/set", [A]]]) {
    const reply = await at(server, path);
    await reply.text();
    assert.deepEqual(reply.headers.getSetCookie(), cookies);
  }
});

test("cookies without a socket", async () => {
  const reply = await start({ fetch: handlers.text }).fetch("/");
  assert.deepEqual(reply.headers.getSetCookie(), [A]);
});

test("cookies that are set too late are not sent", async () => {
  const late = Promise.withResolvers();
  const server = start({
    fetch(req) {
      setImmediate(() => late.resolve(set(req)));
      return new Response("x");
    },
  });
  const reply = await at(server);
  await late.promise;
  assert.deepEqual(reply.headers.getSetCookie(), []);
});

test("cookies are read after the reply, too", async () => {
  const kept = Promise.withResolvers();
  const server = start({
    fetch(req) {
      setImmediate(() => kept.resolve(req.cookies.get("a")));
      return new Response("x");
    },
  });
  await at(server, "/", { headers: { cookie: "a=%E2%82%AC" } });
  assert.equal(await kept.promise, "€");
});

test("a program's own toString does not reach the wire unchecked", async () => {
  const server = start({
    fetch(req) {
      const cookie = new Cookie("a", "1");
      cookie.toString = () => "x\r\nInjected: 1";
      req.cookies.set(cookie);
      return new Response("x");
    },
  });
  assert.deepEqual((await at(server)).headers.getSetCookie(), [A]);
});

test("requests that a program makes have no cookies, their copies of incoming ones do", async () => {
  assert.equal(new Request("http://x/", { headers: { cookie: "a=1" } }).cookies, undefined);
  const server = start({
    fetch(req) {
      set(req);
      const copy = req.clone();
      copy.cookies.set("b", "2");
      return Response.json([copy.cookies.get("a"), copy.clone().cookies.get("b")]);
    },
  });
  const reply = await at(server);
  assert.deepEqual(await reply.json(), ["1", "2"]);
  assert.deepEqual(reply.headers.getSetCookie(), [A]);
});

test("a map of very many cookies is read in time", () => {
  const map = new CookieMap("a=%;".repeat(4000));
  assert.equal(map.size, 4000);
  assert.equal(map.get("a"), "\ufffd");
});

test("space around names and values is left out, however much there is within", () => {
  const space = " \t".repeat(8000);
  const map = new CookieMap(`${space}a${space}=${space}b${space}c${space}; d =\te ;`.repeat(50));
  assert.deepEqual([...map].slice(0, 2), [
    ["a", `b${space}c`],
    ["d", "e"],
  ]);
});
