/** Trailer fields (RFC 9110 section 6.5) of requests and of streamed replies. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test as anyTest } from "node:test";
import { Headers, Request, Response } from "../lib/index.js";
import { start } from "./started.js";
import { Client, errorsOf } from "./wire.js";

/** What is waited for may never come if the library is at fault. */
const test = (name, action) => anyTest(name, { timeout: 20_000 }, action);

/** A chunked request with the body "hello" and these trailer lines. */
const chunked = (lines, fields = "") =>
  "POST / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n" +
  `${fields}\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n${lines}\r\n`;

/** The whole reply to that text. */
async function replyTo(server, text) {
  const client = new Client(server);
  client.write(text);
  await client.closed;
  return client.received;
}

const bodyOf = (reply) => reply.slice(reply.indexOf("\r\n\r\n") + 4);

// -- Of requests

const readers = {
  "text()": (req) => req.text(),
  "bytes()": (req) => req.bytes(),
  "its stream": async (req) => {
    for await (const piece of req.body) assert.equal(piece.length > 0, true);
  },
};

for (const [name, read] of Object.entries(readers)) {
  test(`trailers are there once the body was read by ${name}`, async () => {
    const server = start({
      async fetch(req) {
        const before = req.trailers;
        assert.ok(before instanceof Headers);
        assert.equal(before.count, 0);
        await read(req);
        assert.equal(req.trailers, req.trailers);
        return Response.json(req.trailers);
      },
    });
    const reply = await replyTo(server, chunked("X-Sum: 7\r\nx-two: \xe4\r\nX-Two: c\r\n"));
    assert.deepEqual(JSON.parse(bodyOf(reply)), { "x-sum": "7", "x-two": "Ã¤, c" });
  });
}

test("trailers that come after the body are waited for with its end", async () => {
  const server = start({
    fetch: async (req) => new Response(`${await req.text()} ${req.trailers.get("X-Sum")}`),
  });
  const client = new Client(server);
  const text = chunked("X-Sum: 7\r\n");
  client.write(text.slice(0, text.indexOf("X-Sum") + 3));
  while (server.pendingRequests === 0) await new Promise(setImmediate);
  client.write(text.slice(text.indexOf("X-Sum") + 3));
  await client.closed;
  assert.equal(bodyOf(client.received), "hello 7");
});

test("trailers that belong into the head are left out (RFC 9110 section 6.5.1)", async () => {
  const server = start({
    async fetch(req) {
      await req.text();
      return Response.json(req.trailers);
    },
  });
  const lines = "Content-Length: 3\r\nHost: b\r\nAuthorization: x\r\nCookie: a=b\r\nX-Ok: 1\r\n";
  assert.deepEqual(JSON.parse(bodyOf(await replyTo(server, chunked(lines)))), { "x-ok": "1" });
});

test("there are no trailers without a reader, a chunked body, or a request", async () => {
  const server = start({
    fetch: async (req) => {
      if (req.method === "PUT") await req.text();
      return Response.json(req.trailers);
    },
  });
  assert.equal(bodyOf(await replyTo(server, chunked("X-Sum: 7\r\n"))), "{}");
  const put = "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
  assert.equal(bodyOf(await replyTo(server, put)), "{}");
  assert.equal(new Request("http://a/").trailers.count, 0);
});

test("trailers that were asked for are good for ever", async () => {
  const kept = [];
  const server = start({
    async fetch(req) {
      await req.text();
      kept.push(req, req.trailers);
      return new Response("done");
    },
  });
  await replyTo(server, chunked("X-Sum: 7\r\n"));
  assert.equal(kept[0].trailers, kept[1]);
  assert.equal(kept[1].get("x-sum"), "7");
});

// -- Of replies

async function* slowly(...chunks) {
  for (const chunk of chunks) {
    await new Promise(setImmediate);
    yield chunk;
  }
}

const GET = "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

const givers = {
  "an object": { "X-Sum": "7", "X-Two": "a" },
  pairs: [
    ["X-Sum", "7"],
    ["X-Two", "a"],
  ],
  Headers: new Headers({ "X-Sum": "7", "X-Two": "a" }),
  "a function": () => ({ "X-Sum": "7", "X-Two": "a" }),
  "an async function": async () => {
    await new Promise(setImmediate);
    return new Headers({ "X-Sum": "7", "X-Two": "a" });
  },
};

for (const [name, trailers] of Object.entries(givers)) {
  test(`a stream's trailers may be ${name}`, async () => {
    const server = start({ fetch: () => new Response(slowly("a", "bc"), { trailers }) });
    const reply = await replyTo(server, GET);
    assert.equal(bodyOf(reply), "1\r\na\r\n2\r\nbc\r\n0\r\nX-Sum: 7\r\nX-Two: a\r\n\r\n");
    assert.match(reply, /\r\nTransfer-Encoding: chunked\r\n/);
  });
}

test("the function runs once, when the content has ended", async () => {
  const events = [];
  async function* content() {
    yield "a";
    events.push("end");
  }
  const trailers = () => {
    events.push("trailers");
    return { "X-Events": events.join() };
  };
  const server = start({ fetch: () => new Response(content(), { trailers }) });
  assert.equal(bodyOf(await replyTo(server, GET)), "1\r\na\r\n0\r\nX-Events: end,trailers\r\n\r\n");
  assert.deepEqual(events, ["end", "trailers"]);
});

test("a stream that is over at once has them, too; one whose function gives none has a length", async () => {
  const given = [{ "X-A": "1" }, undefined, null, {}];
  const server = start({
    fetch: () => new Response(ReadableStream.from(["ab"]), { trailers: () => given.shift() }),
  });
  assert.equal(bodyOf(await replyTo(server, GET)), "2\r\nab\r\n0\r\nX-A: 1\r\n\r\n");
  while (given.length > 0) assert.equal(bodyOf(await replyTo(server, GET)), "ab");
});

test("Node's client reads them", async () => {
  const server = start({ fetch: () => new Response(slowly("a"), { trailers: { "X-Sum": "7" } }) });
  const trailers = await new Promise((resolve, reject) => {
    request(server.url, (response) => {
      response.resume();
      response.on("end", () => resolve(response.trailers));
    })
      .on("error", reject)
      .end();
  });
  assert.deepEqual({ ...trailers }, { "x-sum": "7" });
});

test("HTTP/1.0, a declared length, HEAD and local requests have no room for them", async () => {
  let calls = 0;
  const server = start({
    fetch: (req) =>
      new Response(slowly("ab"), {
        headers: req.url.endsWith("/length") ? { "Content-Length": "2" } : {},
        trailers: () => ({ "X-Calls": String(++calls) }),
      }),
  });
  const old = await replyTo(server, "GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  assert.equal(bodyOf(old), "ab");
  assert.equal(bodyOf(await replyTo(server, GET.replace("/", "/length"))), "ab");
  calls = 0;
  assert.equal(bodyOf(await replyTo(server, GET.replace("GET", "HEAD"))), "");
  assert.equal(calls, 0);
  assert.equal(await (await server.fetch("/")).text(), "ab");
});

test("a copy has the same", async () => {
  const server = start({
    fetch: () => new Response(slowly("a"), { trailers: { "X-Sum": "7" } }).clone(),
  });
  assert.match(await replyTo(server, GET), /0\r\nX-Sum: 7\r\n\r\n$/);
});

test("compressed content has them behind it", async () => {
  const server = start({
    compression: true,
    fetch: () =>
      new Response(slowly("x".repeat(5000)), {
        headers: { "Content-Type": "text/plain" },
        trailers: { "X-Sum": "7" },
      }),
  });
  const reply = await replyTo(server, GET.replace("\r\n\r\n", "\r\nAccept-Encoding: gzip\r\n\r\n"));
  assert.match(reply, /\r\nContent-Encoding: gzip\r\n/);
  assert.match(reply, /0\r\nX-Sum: 7\r\n\r\n$/);
});

test("a function that fails, or gives what cannot be sent, resets the connection", async () => {
  const functions = [
    () => {
      throw new Error("no sum");
    },
    () => ({ "Content-Length": "5" }),
    () => ({ "X-Bad": "a\r\nb" }),
    () => 5,
  ];
  for (const trailers of functions) {
    const server = start({ fetch: () => new Response(slowly("a"), { trailers }) });
    let reply;
    const printed = await errorsOf(async () => (reply = await replyTo(server, GET)));
    assert.doesNotMatch(reply, /0\r\n\r\n$/);
    assert.equal(printed.length, 1);
  }
});

test("a client that goes away while they are waited for is no error", async () => {
  const { promise, resolve } = Promise.withResolvers();
  const { promise: asked, resolve: ask } = Promise.withResolvers();
  const trailers = () => (ask(), promise);
  const headers = { "Content-Length": "2" };
  const server = start({ fetch: () => new Response(slowly("a"), { headers, trailers }) });
  const printed = await errorsOf(async () => {
    const client = new Client(server);
    client.write(GET);
    await asked;
    client.close();
    while (server.pendingRequests > 0) await new Promise(setImmediate);
    resolve({ "X-Sum": "7" });
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  });
  assert.deepEqual(printed, []);
});

test("what can be known before is refused at once", () => {
  const trailers = { "X-Sum": "7" };
  for (const body of ["text", null, new Uint8Array(1), new Blob(["x"])]) {
    assert.throws(() => new Response(body, { trailers }), {
      name: "TypeError",
      message: "Response: trailers stand behind a stream, and this body is none",
    });
  }
  assert.throws(() => Response.json({}, { trailers }), TypeError);
  assert.throws(() => new Response(slowly("a"), { trailers: { "Set-Cookie": "a=b" } }), {
    name: "TypeError",
    message: 'Field "set-cookie" may not stand in a trailer: set it in headers',
  });
  assert.throws(() => new Response(slowly("a"), { trailers: 5 }), TypeError);
  assert.throws(() => new Response(slowly("a"), { trailers: { "X-Bad": "a\nb" } }), TypeError);
});
