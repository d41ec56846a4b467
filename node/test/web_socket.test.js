/** WebSockets: the events and methods of ServerWebSocket, against Node's own client. */
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { test } from "node:test";
import { connect as connectSecurely } from "node:tls";

import { makeCertificate } from "./certificates.js";
import { at, start } from "./started.js";
import { Client, library, run } from "./wire.js";

const HANDSHAKE =
  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/** A server that makes a WebSocket of each request. */
const sockets = (websocket, options) =>
  start({
    fetch(request, server) {
      if (!server.upgrade(request, options?.(request))) return new Response("no", { status: 400 });
    },
    websocket,
  });

/** An open client; `next()` resolves to the data of the next message, in order. */
async function connect(server, path = "", protocols) {
  const client = new WebSocket(server.url.href.replace("http", "ws") + path, protocols);
  client.binaryType = "arraybuffer";
  const messages = [];
  const waiting = [];
  client.addEventListener("message", ({ data }) => {
    if (waiting.length > 0) waiting.shift()(data);
    else messages.push(data);
  });
  client.next = () =>
    messages.length > 0 ? messages.shift() : new Promise((resolve) => waiting.push(resolve));
  client.closed = once(client, "close").then(([{ code, reason }]) => [code, reason]);
  await Promise.race([once(client, "open"), client.closed]);
  return client;
}

test("text and bytes come and go", async () => {
  const types = [];
  const server = sockets({
    message(ws, message) {
      types.push(typeof message === "string" ? "string" : message.constructor.name);
      assert.equal(ws.send(message), Buffer.byteLength(message));
    },
  });
  const client = await connect(server);
  client.send("héllo");
  assert.equal(await client.next(), "héllo");
  client.send(new Uint8Array([0, 255]));
  assert.deepEqual(new Uint8Array(await client.next()), new Uint8Array([0, 255]));
  client.send("");
  assert.equal(await client.next(), "");
  client.send("x".repeat(300_000));
  assert.equal((await client.next()).length, 300_000);
  assert.deepEqual(types, ["string", "Buffer", "string", "string"]);
  client.close();
});

test("binaryType says what bytes come as", async () => {
  const given = [];
  const server = sockets({
    async message(ws, message) {
      given.push(message.constructor.name);
      const type = ["arraybuffer", "uint8array", "blob"][given.length - 1];
      if (type) ws.binaryType = type;
      ws.send("next");
    },
  });
  const client = await connect(server);
  for (let i = 0; i < 4; i++) {
    client.send(new Uint8Array(3));
    await client.next();
  }
  assert.deepEqual(given, ["Buffer", "ArrayBuffer", "Uint8Array", "Blob"]);
});

test("everything that can be sent", async () => {
  const results = [];
  const server = sockets({
    open(ws) {
      results.push(
        ws.send("text"), ws.sendText("é"), ws.send(new Uint16Array([1, 2])),
        ws.sendBinary(new ArrayBuffer(3)), ws.send(new DataView(new ArrayBuffer(4), 1)),
        ws.send(new Blob(["blob"])), ws.send("after the blob"), ws.send(""), ws.send(5),
        ws.send({}));
    },
  });
  const client = await connect(server);
  const sizes = [];
  for (let i = 0; i < 10; i++) {
    const data = await client.next();
    sizes.push(typeof data === "string" ? data : data.byteLength);
  }
  assert.deepEqual(sizes,
    ["text", "é", 4, 3, 3, 4, "after the blob", "", "5", "[object Object]"]);
  assert.deepEqual(results, [4, 2, 4, 3, 3, 4, 14, 0, 1, 15]);
});

test("wrong arguments are told", async () => {
  const errors = [];
  const server = sockets({
    open(ws) {
      for (const wrong of [
        () => ws.send(), () => ws.send(Symbol("x")), () => ws.sendText(new Uint8Array(1)),
        () => ws.sendBinary("x"), () => ws.publish("", "x"), () => ws.publish("t"),
        () => ws.publish(5, "x"), () => ws.subscribe(""), () => ws.unsubscribe(5),
        () => ws.cork(5), () => ws.close("x"), () => ws.close(70_000), () => ws.ping(5),
        () => (ws.binaryType = "x"),
      ]) {
        assert.throws(wrong, (error) => errors.push(error.message) > 0);
      }
    },
  });
  await connect(server);
  assert.equal(errors.length, 14);
  for (const message of errors) assert.match(message, /send|publish|topic|cork|close|ping|Type/);
});

test("the program closes", async () => {
  const events = [];
  const server = sockets({
    message(ws) {
      assert.equal(ws.readyState, 1);
      ws.close(4000, "enough");
      events.push("closed", ws.readyState, ws.send("late"), ws.getBufferedAmount());
      ws.close();
      ws.terminate();
    },
    close(ws, code, reason) {
      events.push(code, reason, ws.readyState, ws.subscriptions.length, ws.remoteAddress);
    },
  });
  const client = await connect(server);
  client.send("x");
  assert.deepEqual(await client.closed, [4000, "enough"]);
  assert.deepEqual(events, [4000, "enough", 3, 0, "127.0.0.1", "closed", 3, 0, 0]);
});

test("the client closes, or vanishes", async () => {
  const events = [];
  const told = Promise.withResolvers();
  const server = sockets({
    close(ws, code, reason) {
      events.push([code, reason]);
      if (events.length === 2) told.resolve();
    },
  });
  const client = await connect(server);
  client.close(3001, "bye");
  assert.deepEqual(await client.closed, [3001, "bye"]);
  const raw = new Client(server);
  raw.get("/", HANDSHAKE);
  await raw.until("\r\n\r\n");
  raw.close();
  await told.promise;
  assert.deepEqual(events, [[3001, "bye"], [1006, ""]]);
  assert.equal(server.pendingWebSockets, 0);
});

test("pings and pongs", async () => {
  const events = [];
  const told = Promise.withResolvers();
  const server = sockets({
    open(ws) {
      events.push(ws.ping("who"), ws.pong(new Uint8Array(2)));
      assert.throws(() => ws.ping("é".repeat(63)), /at most 125 bytes, not 126/);
    },
    pong(ws, data) {
      events.push(data.constructor.name, data.toString());
      told.resolve();
    },
  });
  await connect(server);
  await told.promise;
  assert.deepEqual(events, [3, 2, "Buffer", "who"]);
});

test("data and headers of the upgrade", async () => {
  const server = sockets(
    { open: (ws) => ws.send(JSON.stringify(ws.data)) },
    (request) => ({
      data: { path: new URL(request.url).pathname },
      headers: new Headers([["Sec-WebSocket-Protocol", "chat"], ["X-One", "1"]]),
    }),
  );
  const client = await connect(server, "room", ["soap", "chat"]);
  assert.equal(client.protocol, "chat");
  assert.deepEqual(JSON.parse(await client.next()), { path: "/room" });
  const raw = new Client(server);
  raw.get("/", HANDSHAKE);
  const head = await raw.until("\r\n\r\n");
  assert.match(head, /^HTTP\/1\.1 101 /);
  assert.match(head, /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
  assert.match(head, /\r\nx-one: 1\r\n/i);
  raw.close();
});

test("what cannot be upgraded", async () => {
  const results = [];
  const server = start({
    fetch(request, server) {
      for (const wrong of [
        () => server.upgrade(), () => server.upgrade({}), () => server.upgrade(request, 5),
        () => server.upgrade(request, { headers: "x" }),
        () => server.upgrade(request, { headers: { "a b": "c" } }),
      ]) {
        assert.throws(wrong, TypeError);
      }
      assert.equal(server.upgrade(new globalThis.Request("http://x/")), false);
      results.push(server.upgrade(request), server.upgrade(request));
      return new Response("plain");
    },
    websocket: { open() {} },
  });
  assert.equal(await (await at(server)).text(), "plain");
  const raw = new Client(server);
  raw.get("/", HANDSHAKE.replace("13", "8"));
  assert.match(await raw.until("\r\n\r\n"), /^HTTP\/1\.1 426 [^]*\r\nSec-WebSocket-Version: 13\r\n/);
  const client = await connect(server);
  assert.deepEqual(results, [false, false, false, false, true, false]);
  assert.equal(client.readyState, 1);
});

test("without the option there are no WebSockets", async () => {
  const server = start({ fetch: (request, server) => server.upgrade(request), error: (error) =>
    new Response(error.message) });
  assert.match(await (await at(server)).text(), /set the "websocket" object/);
  assert.equal(server.publish("t", "x"), 0);
  assert.equal(server.subscriberCount("t"), 0);
});

test("a handler may upgrade later", async () => {
  const server = start({
    async fetch(request, server) {
      await new Promise((resolve) => setImmediate(resolve));
      server.upgrade(request, { data: 7 });
    },
    websocket: { open: (ws) => ws.send(`${ws.data}`) },
  });
  const client = await connect(server);
  assert.equal(await client.next(), "7");
  assert.equal(server.pendingRequests, 0);
});

test("topics", async () => {
  const results = [];
  const server = sockets({
    open(ws) {
      results.push(ws.subscribe("chat"), ws.subscribe("chat"), ws.isSubscribed("chat"));
      results.push(ws.subscriptions.join(), ws.unsubscribe("none"));
    },
    message(ws, message) {
      results.push(ws.publish("chat", message), ws.publishText("none", "x"));
      results.push(ws.publishBinary("chat", new Uint8Array(3)));
    },
  });
  const [a, b] = [await connect(server), await connect(server)];
  assert.deepEqual(results.slice(0, 5), [true, true, true, "chat", false]);
  results.length = 0;
  assert.equal(server.subscriberCount("chat"), 2);
  a.send("hello");
  assert.equal(await b.next(), "hello");
  assert.equal((await b.next()).byteLength, 3);
  assert.deepEqual(results, [5, 0, 3]);
  assert.equal(server.publish("chat", "to all"), 6);
  assert.equal(server.publish("none", "x"), 0);
  assert.equal(await a.next(), "to all");
  assert.equal(await b.next(), "to all");
  assert.throws(() => server.publish("", "x"), /topic/);
  assert.throws(() => server.publish("t"), TypeError);
  b.close();
  await b.closed;
  assert.equal(server.subscriberCount("chat"), 1);
});

test("publishToSelf", async () => {
  const server = sockets({
    publishToSelf: true,
    open: (ws) => ws.subscribe("t"),
    message: (ws, message) => ws.publish("t", message),
  });
  const client = await connect(server);
  client.send("me");
  assert.equal(await client.next(), "me");
});

test("a cork, and handlers' this", async () => {
  const server = sockets({
    message(ws) {
      assert.equal(this, undefined);
      const result = ws.cork((same) => {
        assert.equal(same, ws);
        ws.send("one");
        ws.send("two");
        return 5;
      });
      assert.equal(result, 5);
      assert.throws(() => ws.cork(() => { throw new Error("in the cork"); }), /in the cork/);
      assert.equal(ws.cork(() => ws.close()), undefined);
    },
  });
  const client = await connect(server);
  client.send("x");
  assert.deepEqual([await client.next(), await client.next()], ["one", "two"]);
  assert.deepEqual(await client.closed, [1000, ""]);
});

test("pause and resume", async () => {
  let kept;
  const server = sockets({
    open(ws) {
      kept = ws;
      ws.pause();
    },
    message: (ws, message) => ws.send(message),
  });
  const client = await connect(server);
  client.send("x");
  assert.equal(kept.isPaused, true);
  kept.resume();
  assert.equal(kept.isPaused, false);
  assert.equal(await client.next(), "x");
});

test("backpressure, and drain", async () => {
  const results = new Set();
  const drained = Promise.withResolvers();
  const server = sockets({
    backpressureLimit: 1 << 20,
    open(ws) {
      const large = "x".repeat(1 << 18);
      while (!results.has(0)) results.add(ws.send(large));
      assert.ok(ws.getBufferedAmount() > 0);
    },
    drain: (ws) => drained.resolve(ws.getBufferedAmount()),
  });
  await connect(server);
  assert.equal(await drained.promise, 0);
  assert.ok(results.has(-1));
});

test("errors of handlers go to error", async () => {
  const server = sockets({
    open: (ws) => ws.data === "/open" && assert.fail("open threw"),
    message: () => { throw new Error("message threw"); },
    error: (error, ws) => ws.send(error.message),
  }, (request) => ({ data: new URL(request.url).pathname }));
  const client = await connect(server);
  client.send("x");
  assert.equal(await client.next(), "message threw");
  const other = await connect(server, "open");
  assert.deepEqual(await other.closed, [1011, ""]);
});

test("without error they are uncaught", async () => {
  const { output, errors, code } = await run(`
    import { serve } from ${JSON.stringify(library)};
    const server = serve({
      port: 0,
      fetch: (request, server) => { server.upgrade(request); },
      websocket: {
        message(ws, message) {
          if (message === "throw") throw new Error("first");
          return Promise.reject(new Error("second"));
        },
      },
    });
    process.on("uncaughtException", (error, origin) => {
      console.log(error.message, origin);
      if (error.message === "second") process.exit(3);
    });
    const client = new WebSocket(server.url.href.replace("http", "ws"));
    client.onopen = () => { client.send("throw"); client.send("reject"); };
  `);
  assert.equal(output, "first uncaughtException\nsecond unhandledRejection\n", errors);
  assert.equal(code, 3);
});

test("stop and reload", async () => {
  const events = [];
  const server = sockets({
    message: (ws) => ws.send("old"),
    close: (ws, code, reason) => events.push(code, reason),
  });
  const client = await connect(server);
  client.send("x");
  assert.equal(await client.next(), "old");
  server.reload({ fetch: () => new Response("plain") });
  client.send("x");
  assert.equal(await client.next(), "old");
  server.reload({
    fetch: () => new Response("plain"),
    websocket: {
      message: (ws) => ws.send("new"),
      close: (ws, code, reason) => events.push(code, reason),
    },
  });
  client.send("x");
  assert.equal(await client.next(), "new");
  assert.equal(server.pendingWebSockets, 1);
  let stopped = false;
  const stopping = server.stop().then(() => (stopped = true));
  client.send("x");
  assert.equal(await client.next(), "new");
  assert.equal(stopped, false);
  await server.stop(true);
  await stopping;
  assert.deepEqual(await client.closed, [1001, "Server closed"]);
  assert.deepEqual(events, [1001, "Server closed"]);
  assert.equal(server.pendingWebSockets, 0);
});

test("a socket that is kept is safe for ever", async () => {
  let kept;
  const server = sockets({ open: (ws) => (kept = ws) }, () => ({ data: "mine" }));
  const client = await connect(server);
  client.close();
  await client.closed;
  await server.stop(true);
  assert.deepEqual(
    [kept.readyState, kept.send("x"), kept.ping(), kept.publish("t", "x"), kept.subscribe("t"),
      kept.unsubscribe("t"), kept.isSubscribed("t"), kept.subscriptions.length, kept.isPaused,
      kept.getBufferedAmount(), kept.remoteAddress, kept.data, kept.cork(() => 5)],
    [3, 0, 0, 0, false, false, false, 0, false, 0, undefined, "mine", 5]);
  kept.close();
  kept.terminate();
  kept.pause();
  kept.resume();
});

test("contexts of handlers are kept apart", async () => {
  const storage = new AsyncLocalStorage();
  const seen = [];
  const server = sockets({
    message(ws, message) {
      seen.push(storage.getStore());
      storage.enterWith(message);
      ws.send(message);
    },
  });
  const client = await connect(server);
  for (const text of ["one", "two"]) {
    client.send(text);
    await client.next();
  }
  assert.deepEqual(seen, [undefined, undefined]);
});

test("compression is agreed on and used if asked for", async () => {
  for (const perMessageDeflate of [true, { compress: "4KB", decompress: "dedicated" }]) {
    const server = sockets({ perMessageDeflate, message: (ws, m) => ws.send(m, true) });
    const client = await connect(server);
    assert.match(client.extensions, /permessage-deflate/);
    for (const text of ["x".repeat(5000), "x".repeat(5000), "short", ""]) {
      client.send(text);
      assert.equal(await client.next(), text);
    }
    client.close();
  }
});

test("over TLS", async () => {
  const server = start({
    tls: makeCertificate(),
    fetch: (request, server) => void server.upgrade(request, { data: request.url }),
    websocket: {
      open: (ws) => ws.send(ws.data.slice(0, 6)),
      message: (ws, message) => ws.send(message),
    },
  });
  const client = connectSecurely({ port: server.port, rejectUnauthorized: false });
  let text = "";
  client.setEncoding("latin1").on("data", (piece) => (text += piece));
  const until = async (wanted) => {
    while (!text.endsWith(wanted)) await once(client, "data");
  };
  client.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${HANDSHAKE}\r\n`);
  await until("\r\n\r\n\x81\x06https:");
  client.write("\x81\x82\0\0\0\0hi", "latin1");
  await until("\x81\x02hi");
  client.destroy();
});

test("cookies of a request that is upgraded", async () => {
  const server = start({
    routes: {
      "/": (request, server) => {
        request.cookies.set("seen", "1");
        server.upgrade(request);
      },
    },
    websocket: { open() {} },
  });
  const raw = new Client(server);
  raw.get("/", HANDSHAKE);
  assert.match(await raw.until("\r\n\r\n"), /\r\nset-cookie: seen=1/i);
  raw.close();
});

test("limits", async () => {
  const events = [];
  const server = sockets({
    maxPayloadLength: 10,
    idleTimeout: 0.05,
    sendPings: false,
    close: (ws, code) => events.push(code),
  });
  const client = await connect(server);
  client.send("more than ten bytes");
  assert.equal((await client.closed)[0], 1009);
  const silent = await connect(server);
  assert.equal((await silent.closed)[0], 1006);
  assert.deepEqual(events, [1009, 1006]);
});

test("wrong options are refused", () => {
  const refused = (websocket, message) =>
    assert.throws(() => start({ fetch() {}, websocket }), { name: "TypeError", message });
  refused(5,
    "Option websocket is 5: give an object of handlers (Expected websocket to be an object)");
  refused({ open: 5 }, /^Option websocket\.open is 5: give a function, or leave it out \(websocket/);
  refused({ idleTimeout: -1 },
    "Option websocket.idleTimeout is -1: give a number of seconds, 0 for none");
  refused({ maxPayloadLength: 2 ** 32 },
    "Option websocket.maxPayloadLength is 4294967296: give at most 4294967295 bytes");
  refused({ backpressureLimit: "a" },
    'Option websocket.backpressureLimit is "a": give a whole number that is not negative');
  refused({ sendPings: 5 }, "Option websocket.sendPings is 5: give true or false");
  refused({ publishToSelf: "" }, 'Option websocket.publishToSelf is "": give true or false');
  refused({ perMessageDeflate: 5 },
    /^Option websocket\.perMessageDeflate is 5: give true, false or an object \(websocket expects/);
  refused({ perMessageDeflate: { compress: "7KB" } },
    /^Option websocket\.perMessageDeflate\.compress is "7KB": give "disable", "shared"/);
});
