/** What bao/http does by itself, or does not do; http.test.js compares it with node:http. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { get } from "node:https";
import nodeHttp from "node:http";
import { createRequire } from "node:module";
import test from "node:test";

import http from "../lib/http.js";
import { makeCertificate } from "./certificates.js";
import { listening as listeningOn } from "./http_listening.js";
import { Client, run } from "./wire.js";

const express = createRequire(import.meta.url)("express");

const listening = (t, listener, options) => listeningOn(t, http, listener, options);

test("a whole reply has a length, whoever has made its head", async (t) => {
  const server = await listening(t, (req, res) => res.writeHead(200, { "x-a": "b" }).end("text"));
  const client = new Client(server);
  client.get("/", "Connection: close\r\n");
  await client.closed;
  assert.match(client.received, /^HTTP\/1\.1 200 OK\r\nx-a: b\r\nDate: /);
  assert.match(client.received, /\r\nContent-Length: 4\r\n\r\ntext$/);
});

test("options that would be passed over are refused", () => {
  const wrong = { insecureHTTPParser: true, requireHostHeader: false, pfx: "x" };
  for (const [name, value] of Object.entries(wrong)) {
    const said = JSON.stringify(value);
    assert.throws(() => http.createServer({ [name]: value }), {
      message:
        `Option ${name} of createServer is not part of bao/http when it is ${said}: leave it out`,
    });
  }
  assert.throws(() => http.createServer("x"), {
    message: 'createServer() needs an object of options, not "x"',
  });
});

test("heads that are too large are refused, by the option", async (t) => {
  const server = await listening(t, (req, res) => res.end(), { maxHeaderSize: 1000 });
  const client = new Client(server);
  client.get("/", `X: ${"y".repeat(1000)}\r\n`);
  await client.closed;
  assert.match(client.received, /^HTTP\/1\.1 431 /);
});

test("silent requests live on by default, and end by the server's timeout", async (t) => {
  const listener = (req, res) => req.url === "/later" && setTimeout(() => res.end("late"), 250);
  const server = await listening(t, listener, { keepAliveTimeout: 100 });
  const patient = new Client(server);
  patient.get("/later");
  await patient.until("late");
  await patient.closed;
  server.setTimeout(100);
  const cut = new Client(server);
  cut.get("/never");
  await cut.closed;
  assert.equal(cut.received, "");
});

test("with key and certificate it speaks TLS", async (t) => {
  const { key, cert } = makeCertificate();
  const server = await listening(t, (req, res) => {
    res.end(`${req.socket.encrypted} ${req.socket.getProtocol()}`);
  }, { key, cert });
  const request = get({ port: server.port, ca: cert, servername: "localhost" });
  const [reply] = await once(request, "response");
  assert.equal((await reply.toArray()).join(""), "true TLSv1.3");
});

test("what a listener throws ends the process, as in node:http", async () => {
  const library = new URL("../lib/http.js", import.meta.url).href;
  const { code, errors } = await run(`
    import http from ${JSON.stringify(library)};
    const server = http.createServer(() => { throw new Error("thrown on purpose"); });
    server.listen(0, "127.0.0.1", () => {
      fetch("http://127.0.0.1:" + server.address().port).catch(() => {});
    });
  `);
  assert.equal(code, 1);
  assert.match(errors, /thrown on purpose/);
});

test("an unreferenced server does not keep the process", async () => {
  const library = new URL("../lib/http.js", import.meta.url).href;
  const { code } = await run(`
    import http from ${JSON.stringify(library)};
    http.createServer().listen(0).unref();
    http.createServer().unref().listen(0);
  `);
  assert.equal(code, 0);
});

test("who is there is still known when the reply is sent", async (t) => {
  let told;
  const known = new Promise((resolve) => (told = resolve));
  const server = await listening(t, (req, res) => {
    res.on("finish", () => told(req.socket.remoteAddress));
    res.end();
  });
  await fetch(`http://127.0.0.1:${server.port}/`);
  assert.equal(await known, "127.0.0.1");
});

test("an application of Express finds its prototypes, also behind a function", async (t) => {
  const app = express();
  app.use((req, res) => {
    res.json([
      req.get("host") !== undefined, req instanceof nodeHttp.IncomingMessage,
      Object.getPrototypeOf(req) === app.request, Object.getPrototypeOf(res) === app.response,
    ]);
  });
  const direct = await listening(t, app);
  const wrapped = await listening(t, (req, res) => {
    assert.equal(Object.getPrototypeOf(req), http.IncomingMessage.prototype);
    app(req, res);
  });
  for (const { port } of [direct, wrapped]) {
    const reply = await fetch(`http://127.0.0.1:${port}/`);
    assert.deepEqual(await reply.json(), [true, true, true, true]);
  }
});

test("another listener gets objects of the module again", async (t) => {
  const server = await listening(t, express());
  await (await fetch(`http://127.0.0.1:${server.port}/`)).text();
  server.removeAllListeners("request");
  server.on("request", (req, res) => {
    res.end(`${Object.getPrototypeOf(req) === http.IncomingMessage.prototype}`);
  });
  assert.equal(await (await fetch(`http://127.0.0.1:${server.port}/`)).text(), "true");
});
