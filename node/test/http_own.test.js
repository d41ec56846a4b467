/** What bao/http does by itself, or does not do; http.test.js compares it with node:http. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { get } from "node:https";
import nodeHttp from "node:http";
import { createRequire } from "node:module";
import test from "node:test";
import { connect as connectSecurely } from "node:tls";

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

test("Server can be called and extended as in node:http", async (t) => {
  const server = http.Server((req, res) => res.end("called")).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  assert.ok(server instanceof http.Server);
  assert.equal(await (await fetch(`http://127.0.0.1:${server.address().port}/`)).text(), "called");
  class Own extends http.Server {
    say = "own";
  }
  assert.equal(new Own().say, "own");
});

test("classes of the program make its requests and responses", async (t) => {
  class Request extends http.IncomingMessage {
    get path() {
      return this.url.split("?")[0];
    }
  }
  class Response extends nodeHttp.ServerResponse {
    json(value) {
      this.end(JSON.stringify(value));
    }
  }
  const server = await listening(t, (req, res) => {
    res.json([req.path, req instanceof Request, res instanceof Response]);
  }, { IncomingMessage: Request, ServerResponse: Response });
  const reply = await fetch(`http://127.0.0.1:${server.port}/a?b`);
  assert.deepEqual(await reply.json(), ["/a", true, true]);
});

test("wrong options have the codes of node:http", () => {
  const wrong = [
    [{ keepAliveTimeout: "1" }, "ERR_INVALID_ARG_TYPE"],
    [{ requestTimeout: -1 }, "ERR_OUT_OF_RANGE"],
    [{ IncomingMessage: {} }, "ERR_INVALID_ARG_TYPE"],
    [{ joinDuplicateHeaders: 1 }, "ERR_INVALID_ARG_TYPE"],
    [{ headersTimeout: 2, requestTimeout: 1 }, "ERR_OUT_OF_RANGE"],
  ];
  for (const [options, code] of wrong) assert.throws(() => http.createServer(options), { code });
});

test("CONNECT without a listener is refused", async (t) => {
  const server = await listening(t, () => assert.fail("it is no request"));
  const client = new Client(server);
  client.write("CONNECT a.b:80 HTTP/1.1\r\nHost: a.b\r\n\r\n");
  await client.closed;
  assert.match(client.received, /^HTTP\/1\.1 501 /);
});

test("an upgrade with a body, or in HTTP/1.0, is a request", async (t) => {
  const server = await listening(t, (req, res) => req.pipe(res));
  server.on("upgrade", () => assert.fail("it is a request"));
  const client = new Client(server);
  client.write("POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n" +
    "Content-Length: 4\r\n\r\nbody");
  await client.until("body");
  client.write("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
  await client.until(/200 OK[^]*200 OK/);
  client.close();
});

test("clientError tells of what the engine refuses", async (t) => {
  const server = await listening(t, () => {}, { maxHeaderSize: 1000 });
  for (const [text, status, code] of [
    ["GARBAGE\r\n\r\n", 400, "HPE_STRICT"],
    [`GET / HTTP/1.1\r\nX: ${"y".repeat(1000)}\r\n\r\n`, 431, "HPE_HEADER_OVERFLOW"],
  ]) {
    const told = once(server, "clientError");
    const client = new Client(server);
    client.write(text);
    const [error, socket] = await told;
    assert.deepEqual([error.code, error.statusCode, socket.writable], [code, status, false]);
    assert.match(error.message, /^Parse Error: /);
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    await client.closed;
    assert.match(client.received, new RegExp(`^HTTP/1.1 ${status} `));
  }
});

test("more connections than there may be are dropped", async (t) => {
  const server = await listening(t, (req, res) => res.end("x"));
  server.maxConnections = 1;
  const first = new Client(server);
  first.get("/");
  await first.until("200 OK");
  const dropped = once(server, "drop");
  const second = new Client(server);
  const [{ remotePort, localPort }] = await dropped;
  assert.deepEqual([remotePort, localPort], [second.socket.localPort, server.port]);
  await second.closed;
  first.close();
});

test("bodies that do not come in time end in 408", async (t) => {
  const server = await listening(t, (req, res) => req.pipe(res),
    { requestTimeout: 20, connectionsCheckingInterval: 20 });
  const client = new Client(server);
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
  await client.closed;
  assert.match(client.received, /^HTTP\/1\.1 408 /);
  const half = new Client(server);
  half.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
  await half.closed;
  assert.ok(half.reset || !half.received.includes("\r\n0\r\n"));
});

test("a client that has sent its end gets its reply if the server allows it", async (t) => {
  const server = await listening(t, async (req, res) => {
    for await (const piece of req) res.write(piece);
    setImmediate(() => res.end("late"));
  });
  server.httpAllowHalfOpen = true;
  const client = new Client(server);
  client.write("POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nbody ");
  client.socket.end();
  await client.closed;
  assert.match(client.received, /body late$/);
});

test("sockets of TLS are told, know their protection, and can be taken over", async (t) => {
  const { key, cert } = makeCertificate();
  const server = await listening(t, (req, res) => res.end("plain"), { key, cert });
  const told = [];
  server.on("connection", (socket) => told.push(socket));
  server.on("secureConnection", (socket) => told.push(socket));
  server.on("upgrade", (req, socket, head) => {
    told.push(socket);
    const { encrypted, authorized, servername } = socket;
    const facts = [encrypted, authorized, servername, socket.getProtocol()];
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n\r\n${facts} ${socket.getCipher().name}`);
    socket.write(head);
    socket.pipe(socket);
  });
  const client = connectSecurely({ port: server.port, ca: cert, servername: "localhost" });
  client.setEncoding("latin1");
  client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhead ");
  let received = "";
  const until = async (text) => {
    while (!received.includes(text)) received += (await once(client, "data"))[0];
  };
  await until("head ");
  const large = "y".repeat(300_000);
  client.write(large);
  await until(large);
  assert.match(received, /true,false,localhost,TLSv1\.3 TLS_\w+head y/);
  client.end();
  await once(client, "close");
  assert.equal(told.length, 3);
  assert.equal(new Set(told).size, 1);
});
