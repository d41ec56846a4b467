/**
 * Connections that leave HTTP: the events `upgrade` and `connect` of node:http and of bao/http,
 * which must do the same.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import nodeHttp from "node:http";
import { connect } from "node:net";
import { Duplex } from "node:stream";
import test from "node:test";

import { WebSocket, WebSocketServer } from "ws";

import baoHttp from "../lib/http.js";
import { listening } from "./http_listening.js";
import { Client } from "./wire.js";

const both = [["node:http", nodeHttp], ["bao/http", baoHttp]];

/** A test that runs on each of them. */
function on(name, body) {
  for (const [label, http] of both) {
    test(`${label}: ${name}`, { timeout: 20_000 }, (t) => body(t, http));
  }
}

const ASKS = "Connection: keep-alive, Upgrade\r\nUpgrade: echo\r\n";
const SWITCHES = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n";

/** A server that speaks another protocol after an upgrade: what comes goes back. */
async function echoing(t, http, take = () => {}) {
  const server = await listening(t, http, (req, res) => res.end(`plain ${req.url}`));
  server.on("upgrade", (req, socket, head) => {
    socket.write(SWITCHES);
    take(req, socket, head);
    socket.write(head);
    socket.pipe(socket);
  });
  return server;
}

on("a connection is handed over", async (t, http) => {
  const seen = [];
  const server = await echoing(t, http, (req, socket, head) => {
    seen.push(req.method, req.url, req.headers.upgrade, req.upgrade, req.socket === socket);
    seen.push(socket instanceof Duplex, Buffer.isBuffer(head), `${head}`, socket.remoteAddress);
    seen.push(socket.readable, socket.writable, socket.destroyed, socket.localPort === server.port);
  });
  const client = new Client(server);
  client.write(`GET /a HTTP/1.1\r\nHost: a\r\n${ASKS}\r\nfirst `);
  await client.until("\r\n\r\nfirst ");
  client.write("second");
  await client.until("first second");
  assert.ok(client.received.startsWith(SWITCHES));
  client.socket.end();
  await client.closed;
  assert.deepEqual(seen, [
    "GET", "/a", "echo", true, true, true, true, "first ", "127.0.0.1", true, true, false, true,
  ]);
});

on("requests before it are answered, on the same socket", async (t, http) => {
  const sockets = new Set();
  const server = await listening(t, http, (req, res) => {
    sockets.add(req.socket);
    res.end("plain");
  });
  server.on("upgrade", (req, socket) => {
    sockets.add(socket);
    socket.end(`${SWITCHES}over`);
  });
  const client = new Client(server);
  client.get("/");
  await client.until("plain");
  client.write(`GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /up HTTP/1.1\r\nHost: a\r\n${ASKS}\r\n`);
  await client.until("over");
  client.socket.end();
  await client.closed;
  assert.equal(client.received.match(/plain/g).length, 2);
  assert.ok(client.received.endsWith(`${SWITCHES}over`));
  assert.equal(sockets.size, 1);
});

on("without a listener, or the option upgrade, it is a request like others", async (t, http) => {
  const plain = await listening(t, http, (req, res) => res.end(`plain ${req.upgrade}`));
  const upgrading = await listening(t, http, (req, res) => res.end(`plain ${req.upgrade}`));
  upgrading.on("upgrade", () => assert.fail("nobody has asked for it"));
  for (const [server, fields] of [[plain, ASKS], [upgrading, "Upgrade: echo\r\n"],
    [upgrading, "Connection: upgrade\r\n"]]) {
    const client = new Client(server);
    client.get("/", fields);
    await client.until("plain false");
    client.close();
  }
});

on("the program may decide by request", async (t, http) => {
  const options = { shouldUpgradeCallback: (req) => req.url === "/up" };
  const server = await listening(t, http, (req, res) => res.end("plain"), options);
  server.on("upgrade", (req, socket) => socket.end(`${SWITCHES}over`));
  const client = new Client(server);
  client.get("/", ASKS);
  await client.until("plain");
  client.get("/up", ASKS);
  await client.until("over");
  client.close();
});

on("an upgrade may be refused on the socket", async (t, http) => {
  const server = await listening(t, http, () => {});
  server.on("upgrade", (req, socket) => {
    socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
  });
  const client = new Client(server);
  client.get("/", ASKS);
  client.socket.end();
  await client.closed;
  assert.equal(client.received, "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
});

on("bytes go both ways with backpressure", async (t, http) => {
  const size = 24 * 1024 * 1024;
  let isBehind = false;
  let received = 0;
  const server = await listening(t, http, () => {});
  server.on("upgrade", async (req, socket, head) => {
    socket.write(SWITCHES);
    received = head.length;
    socket.on("data", (piece) => (received += piece.length));
    const all = once(socket, "end");
    const piece = Buffer.alloc(65536, "x");
    for (let sent = 0; sent < size; sent += piece.length) {
      if (socket.write(piece)) continue;
      isBehind = true;
      await once(socket, "drain");
    }
    await all;
    socket.end();
  });
  const socket = connect(server.port, "127.0.0.1");
  socket.write(`GET / HTTP/1.1\r\nHost: a\r\n${ASKS}\r\n`);
  let count = 0;
  socket.on("data", ({ length }) => (count += length));
  const ended = once(socket, "end");
  socket.end(Buffer.alloc(size));
  await ended;
  assert.equal(count, SWITCHES.length + size);
  assert.equal(received, size);
  assert.ok(isBehind);
});

on("who does not read slows the client down", async (t, http) => {
  const server = await listening(t, http, () => {});
  const taken = new Promise((resolve) => {
    server.on("upgrade", (req, socket) => {
      socket.write(SWITCHES);
      resolve(socket);
    });
  });
  const client = connect(server.port, "127.0.0.1");
  client.write(`GET / HTTP/1.1\r\nHost: a\r\n${ASKS}\r\n`);
  const socket = await taken;
  const size = 32 * 1024 * 1024;
  const written = new Promise((resolve) => client.end(Buffer.alloc(size), resolve));
  const first = await Promise.race([written.then(() => "all"), once(client, "data")]);
  assert.notEqual(first, "all");
  assert.ok(socket.readableLength < 1024 * 1024);
  let count = 0;
  for await (const piece of socket) count += piece.length;
  assert.equal(count, size);
  await written;
  socket.destroy();
});

on("both ends are told, each for itself", async (t, http) => {
  const events = [];
  const server = await listening(t, http, () => {});
  server.on("upgrade", (req, socket) => {
    socket.on("end", () => {
      events.push(`end, writable ${socket.writable}`);
      socket.end("last");
    });
    socket.on("finish", () => events.push("finish"));
    socket.on("close", (hadError) => events.push(`close ${hadError}`));
    socket.resume();
  });
  const client = new Client(server);
  client.get("/", ASKS);
  client.socket.end();
  await client.closed;
  assert.equal(client.received, "last");
  while (events.length < 3) await new Promise(setImmediate);
  assert.deepEqual(events, ["end, writable true", "finish", "close false"]);
});

on("a lost connection is an error, and a close", async (t, http) => {
  const server = await listening(t, http, () => {});
  const over = new Promise((resolve) => {
    server.on("upgrade", (req, socket) => {
      const events = [];
      socket.on("error", ({ code }) => events.push(code));
      socket.on("close", (hadError) => resolve([...events, hadError, socket.destroyed]));
      socket.resume();
      socket.write(SWITCHES);
    });
  });
  const client = connect(server.port, "127.0.0.1");
  client.write(`GET / HTTP/1.1\r\nHost: a\r\n${ASKS}\r\n`);
  await once(client, "data");
  client.resetAndDestroy();
  assert.deepEqual(await over, ["ECONNRESET", true, true]);
});

on("destroy ends the connection, with an error if there is one", async (t, http) => {
  const server = await listening(t, http, () => {});
  const events = [];
  server.on("upgrade", (req, socket) => {
    socket.on("error", ({ message }) => events.push(message));
    socket.on("close", (hadError) => events.push(hadError));
    if (req.url === "/error") socket.destroy(new Error("on purpose"));
    else if (req.url === "/soon") socket.write("soon", () => events.push("written"));
    if (req.url === "/soon") socket.destroySoon();
    else socket.destroy();
    assert.equal(socket.writable, false);
  });
  for (const url of ["/", "/error", "/soon"]) {
    const client = new Client(server);
    client.get(url, ASKS);
    await client.closed;
    if (url === "/soon") assert.equal(client.received, "soon");
  }
  while (events.length < 5) await new Promise(setImmediate);
  assert.deepEqual(events, [false, "on purpose", true, "written", false]);
});

on("a timeout is an event", async (t, http) => {
  const server = await listening(t, http, () => {});
  server.on("upgrade", (req, socket) => {
    socket.setTimeout(30, () => socket.end(`silent for ${socket.timeout}`));
  });
  const client = new Client(server);
  client.get("/", ASKS);
  await client.until("silent for 30");
  client.close();
});

on("an open one keeps the server from its close, and is not cut by closeAllConnections",
  async (t, http) => {
    const server = http.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const taken = once(server, "upgrade");
    const client = new Client({ port: server.address().port });
    client.get("/", ASKS);
    const [, socket] = await taken;
    socket.resume();
    let isClosed = false;
    const closed = once(server, "close").then(() => (isClosed = true));
    server.close();
    server.closeAllConnections();
    socket.write("still");
    await client.until("still");
    assert.equal(isClosed, false);
    socket.end();
    client.socket.end();
    await closed;
  });

on("CONNECT makes a tunnel", async (t, http) => {
  const target = await listening(t, http, (req, res) => res.end("of the target"));
  const proxy = await listening(t, http, (req, res) => res.end("plain"));
  proxy.on("connect", (req, socket, head) => {
    assert.equal(req.method, "CONNECT");
    const [host, port] = req.url.split(":");
    const through = connect(port, host, () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      through.write(head);
      through.pipe(socket);
      socket.pipe(through);
    });
    for (const one of [socket, through]) one.on("error", () => {});
  });
  const client = new Client(proxy);
  const authority = `127.0.0.1:${target.port}`;
  client.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  await client.until("200 Connection Established\r\n\r\n");
  client.get("/", "Connection: close\r\n");
  await client.until("of the target");
  client.close();
});

// -- npm's ws

async function conversation(url, options) {
  const socket = new WebSocket(url, options);
  const heard = [];
  socket.on("message", (data, isBinary) => heard.push(isBinary ? data : `${data}`));
  await once(socket, "open");
  return { socket, heard };
}

for (const perMessageDeflate of [false, true]) {
  on(`ws with a server, ${perMessageDeflate ? "compressed" : "plain"}`, async (t, http) => {
    const server = await listening(t, http, (req, res) => res.end("plain"));
    const sockets = new WebSocketServer({ server, perMessageDeflate });
    sockets.on("connection", (socket, req) => {
      socket.send(`hello ${req.url} from ${req.socket.remoteAddress}`);
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
      socket.on("ping", () => socket.send("pinged"));
    });
    const { socket, heard } = await conversation(`ws://127.0.0.1:${server.port}/a?b`,
      { perMessageDeflate });
    const large = Buffer.alloc(3_000_000, "abc");
    for (const message of ["one", large, "x".repeat(70_000)]) socket.send(message);
    socket.ping();
    while (heard.length < 5) await once(socket, "message");
    assert.deepEqual(heard.filter((one) => one !== "pinged"), [
      "hello /a?b from 127.0.0.1", "one", large, "x".repeat(70_000),
    ]);
    assert.equal(await (await fetch(`http://127.0.0.1:${server.port}/`)).text(), "plain");
    socket.close(4000, "done");
    const [code, reason] = await once(socket, "close");
    assert.deepEqual([code, `${reason}`], [4000, "done"]);
  });
}

on("ws without a server, by path, and refused", async (t, http) => {
  const server = await listening(t, http, (req, res) => res.end("plain"));
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (req, socket, head) => {
    if (req.url !== "/sockets") {
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(req, socket, head, (webSocket) => {
      sockets.emit("connection", webSocket, req);
    });
  });
  sockets.on("connection", (socket) => socket.close(1000, "that is all"));
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/sockets`);
  const [code, reason] = await once(socket, "close");
  assert.deepEqual([code, `${reason}`], [1000, "that is all"]);
  const refused = new WebSocket(`ws://127.0.0.1:${server.port}/other`);
  const [error] = await once(refused, "error");
  assert.match(error.message, /404/);
});

on("ws hears of clients that vanish, and ends them by force", async (t, http) => {
  const server = await listening(t, http, () => {});
  const sockets = new WebSocketServer({ server });
  const connected = once(sockets, "connection");
  const { socket: client } = await conversation(`ws://127.0.0.1:${server.port}`);
  const [socket] = await connected;
  client.terminate();
  const [code] = await once(socket, "close");
  assert.equal(code, 1006);
  const reconnected = once(sockets, "connection");
  const { socket: other } = await conversation(`ws://127.0.0.1:${server.port}`);
  (await reconnected)[0].terminate();
  assert.equal((await once(other, "close"))[0], 1006);
  assert.equal(sockets.clients.size, 0);
});

on("what has come is read although both ends have ended", async (t, http) => {
  const server = await listening(t, http, () => {});
  const size = 400_000;
  const read = Promise.withResolvers();
  server.on("upgrade", async (req, socket, head) => {
    socket.end(SWITCHES);
    let count = head.length;
    try {
      for await (const piece of socket) {
        count += piece.length;
        await new Promise(setImmediate);
      }
      read.resolve(count);
    } catch (error) {
      read.reject(error);
    }
  });
  const client = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  client.write(`GET / HTTP/1.1\r\nHost: a\r\n${ASKS}\r\n`);
  client.once("data", () => client.end(Buffer.alloc(size)));
  assert.equal(await read.promise, size);
});

on("replies before a connection that is destroyed leave", async (t, http) => {
  const server = await listening(t, http, (req, res) => {
    if (req.url === "/b") req.socket.destroy();
    else res.end("first reply");
  });
  server.on("upgrade", (req, socket) => {
    socket.write("HTTP/1.1 401 Unauthorized\r\n\r\n");
    socket.destroy();
  });
  const first = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
  const refused = new Client(server);
  refused.write(`${first}GET / HTTP/1.1\r\nHost: a\r\n${ASKS}\r\n`);
  await refused.closed;
  assert.match(refused.received, /first replyHTTP\/1\.1 401 /);
  const destroyed = new Client(server);
  destroyed.write(`${first}GET /b HTTP/1.1\r\nHost: a\r\n\r\n`);
  await destroyed.closed;
  assert.match(destroyed.received, /first reply$/);
});

on("the last connection of a server that closes may leave HTTP", async (t, http) => {
  let isClosed = false;
  const server = http.createServer({
    shouldUpgradeCallback() {
      server.close(() => (isClosed = true));
      return true;
    },
  });
  server.on("upgrade", (req, socket) => {
    socket.write(SWITCHES);
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = new Client(server.address());
  client.write(`GET / HTTP/1.1\r\nHost: a\r\n${ASKS}\r\n`);
  await client.until(SWITCHES);
  client.write("still here");
  await client.until("still here");
  client.socket.end();
  await client.closed;
  if (!isClosed) await once(server, "close");
});

on("the socket of a refused request is not the next client's", async (t, http) => {
  const sockets = [];
  const server = await listening(t, http, (req, res) => {
    sockets.push(req.socket);
    req.on("aborted", () => req.socket.destroy()).on("error", () => {}).resume();
    if (req.method === "GET") res.end("mine");
  });
  server.on("clientError", (error, socket) => socket.destroy());
  const refused = new Client(server);
  refused.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  while (sockets.length === 0) await new Promise(setImmediate);
  refused.write("zzz\r\n");
  await refused.closed;
  const next = new Client(server);
  next.get("/");
  await next.until("mine");
  assert.notEqual(sockets[1], sockets[0]);
  sockets[0].destroy();
  next.received = "";
  next.get("/");
  await next.until("mine");
});
