/**
 * What people run on node:http: libraries of npm, each on node:http and on bao/http, which must do
 * the same.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import nodeHttp from "node:http";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

import bodyParser from "body-parser";
import compression from "compression";
import express from "express";
import httpProxy from "http-proxy";
import serveStatic from "serve-static";
import { Server as SocketIo } from "socket.io";
import { io } from "socket.io-client";
import supertest from "supertest";
import { WebSocket, WebSocketServer } from "ws";

import baoHttp from "../lib/http.js";
import { listening } from "./http_listening.js";

const both = [["node:http", nodeHttp], ["bao/http", baoHttp]];

/** A test that runs on each of them. */
function on(name, body) {
  for (const [label, http] of both) {
    test(`${label}: ${name}`, { timeout: 20_000 }, (t) => body(t, http));
  }
}

const at = (server, path = "/", init) => fetch(`http://127.0.0.1:${server.port}${path}`, init);

/** The bytes of a reply as they were sent. */
async function raw(server, path, headers) {
  const request = nodeHttp.get({ host: "127.0.0.1", port: server.port, path, headers });
  const [reply] = await once(request, "response");
  const bytes = Buffer.concat(await reply.toArray());
  return { headers: reply.headers, status: reply.statusCode, bytes };
}

for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
  on(`Socket.IO by ${transports.join(", then ")}`, async (t, http) => {
    const server = await listening(t, http, (req, res) => res.end("plain"));
    const sockets = new SocketIo(server);
    t.after(() => sockets.close());
    sockets.on("connection", (socket) => {
      socket.join("room");
      socket.on("ask", (question, answer) => answer(`${question}? ${socket.handshake.query.name}`));
      socket.on("bytes", (bytes) => socket.emit("bytes", bytes));
      socket.on("all", (text) => sockets.to("room").emit("said", text));
    });
    const connected = async (name) => {
      const client = io(`http://127.0.0.1:${server.port}`, {
        transports, query: { name }, forceNew: true, reconnection: false,
      });
      t.after(() => client.close());
      await once(client, "connect");
      return client;
    };
    const [one, two] = await Promise.all([connected("one"), connected("two")]);
    assert.equal(await one.emitWithAck("ask", "who"), "who? one");
    const bytes = Buffer.alloc(100_000, "abc");
    one.emit("bytes", bytes);
    assert.deepEqual(await new Promise((resolve) => one.once("bytes", resolve)), bytes);
    const said = [one, two].map((client) => new Promise((resolve) => client.once("said", resolve)));
    two.emit("all", "hello");
    assert.deepEqual(await Promise.all(said), ["hello", "hello"]);
    assert.equal(await (await at(server)).text(), "plain");
    const gone = new Promise((resolve) => one.once("disconnect", resolve));
    sockets.disconnectSockets();
    assert.equal(await gone, "io server disconnect");
  });
}

on("body-parser", async (t, http) => {
  const app = express();
  app.use(bodyParser.json({ limit: 1000 }), bodyParser.text(), bodyParser.raw());
  app.post("/", (req, res) => {
    res.json(Buffer.isBuffer(req.body) ? { bytes: req.body.length } : { body: req.body });
  });
  app.use((error, req, res, next) => res.status(error.status).json({ type: error.type }));
  const server = await listening(t, http, app);
  const ask = async (type, body) => {
    const headers = { "content-type": type };
    const reply = await at(server, "/", { method: "POST", headers, body });
    return [reply.status, await reply.json()];
  };
  const json = "application/json";
  assert.deepEqual(await ask(json, '{"a":1}'), [200, { body: { a: 1 } }]);
  assert.deepEqual(await ask("text/plain", "text"), [200, { body: "text" }]);
  assert.deepEqual(await ask("application/octet-stream", "1234"), [200, { bytes: 4 }]);
  assert.deepEqual(await ask(json, "{"), [400, { type: "entity.parse.failed" }]);
  const large = JSON.stringify("x".repeat(2000));
  assert.deepEqual(await ask(json, large), [413, { type: "entity.too.large" }]);
});

on("serve-static", async (t, http) => {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  const files = serveStatic(folder, { index: false });
  const server = await listening(t, http, (req, res) => files(req, res, () => {
    res.statusCode = 404;
    res.end("none");
  }));
  const whole = await raw(server, "/wire.js");
  assert.match(`${whole.bytes}`, /^\/\*\* For tests: bytes over sockets/);
  assert.equal(Number(whole.headers["content-length"]), whole.bytes.length);
  const { etag } = whole.headers;
  assert.equal((await raw(server, "/wire.js", { "if-none-match": etag })).status, 304);
  const part = await raw(server, "/wire.js", { range: "bytes=4-6" });
  assert.deepEqual([part.status, `${part.bytes}`], [206, "For"]);
  assert.equal((await raw(server, "/none.js")).status, 404);
  const head = await at(server, "/wire.js", { method: "HEAD" });
  assert.equal(Number(head.headers.get("content-length")), whole.bytes.length);
  // A client that goes away in the middle.
  const cut = nodeHttp.get({ host: "127.0.0.1", port: server.port, path: "/http.test.js" });
  const [reply] = await once(cut, "response");
  reply.destroy();
  assert.equal((await raw(server, "/wire.js")).bytes.length, whole.bytes.length);
});

on("compression", async (t, http) => {
  const app = express();
  app.use(compression({ threshold: 100 }));
  const text = "compressible ".repeat(5000);
  app.get("/text", (req, res) => res.type("text").send(text));
  app.get("/short", (req, res) => res.type("text").send("short"));
  app.get("/events", (req, res) => {
    res.type("text/event-stream");
    res.write("data: 1\n\n");
    res.flush();
    setImmediate(() => res.end("data: 2\n\n"));
  });
  const server = await listening(t, http, app);
  const gzip = await raw(server, "/text", { "accept-encoding": "gzip" });
  assert.equal(gzip.headers["content-encoding"], "gzip");
  assert.equal(gzip.headers.vary, "Accept-Encoding");
  assert.equal(gzip.headers["content-length"], undefined);
  assert.equal(`${gunzipSync(gzip.bytes)}`, text);
  const brotli = await raw(server, "/text", { "accept-encoding": "br" });
  assert.equal(`${brotliDecompressSync(brotli.bytes)}`, text);
  assert.equal((await raw(server, "/text", {})).headers["content-encoding"], undefined);
  const short = await raw(server, "/short", { "accept-encoding": "gzip" });
  assert.equal(short.headers["content-encoding"], undefined);
  const events = await raw(server, "/events", { "accept-encoding": "gzip" });
  assert.equal(`${gunzipSync(events.bytes)}`, "data: 1\n\ndata: 2\n\n");
});

on("http-proxy, with WebSockets", async (t, http) => {
  const target = await listening(t, http, (req, res) => {
    res.setHeader("x-host", req.headers.host);
    req.pipe(res);
  });
  const sockets = new WebSocketServer({ server: target });
  sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(`back ${data}`)));
  const there = `http://127.0.0.1:${target.port}`;
  const proxy = httpProxy.createProxyServer({ target: there, ws: true });
  t.after(() => proxy.close());
  proxy.on("error", (error, req, res) => res.writeHead?.(502).end(error.code));
  const server = await listening(t, http, (req, res) => {
    proxy.web(req, res, req.url === "/lost" ? { target: "http://127.0.0.1:1" } : {});
  });
  server.on("upgrade", (req, socket, head) => proxy.ws(req, socket, head));

  const large = "x".repeat(2_000_000);
  const reply = await at(server, "/", { method: "POST", body: large });
  assert.equal(reply.headers.get("x-host"), `127.0.0.1:${server.port}`);
  assert.equal(await reply.text(), large);
  const lost = await at(server, "/lost");
  assert.deepEqual([lost.status, await lost.text()], [502, "ECONNREFUSED"]);
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
  await once(socket, "open");
  socket.send("and forth");
  assert.equal(`${(await once(socket, "message"))[0]}`, "back and forth");
  socket.close();
  await once(socket, "close");
});

on("supertest", async (t, http) => {
  const app = express();
  app.get("/user", (req, res) => res.cookie("a", "b").status(201).json({ name: "you" }));
  app.post("/user", express.json(), (req, res) => res.json(req.body));
  const server = http.createServer(app);
  t.after(() => server.listening && server.close());
  const asks = supertest(server);
  const reply = await asks.get("/user").expect("Content-Type", /json/).expect(201);
  assert.deepEqual(reply.body, { name: "you" });
  assert.deepEqual(reply.headers["set-cookie"], ["a=b; Path=/"]);
  await asks.post("/user").send({ a: 1 }).expect(200, { a: 1 });
  await asks.get("/none").expect(404);
});
