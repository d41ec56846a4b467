/**
 * bao/http has the shape of node:http: each test runs on both, and both must do the same. What Bao
 * does by itself is in http_own.test.js.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import nodeHttp from "node:http";
import { pipeline, Readable } from "node:stream";
import test from "node:test";
import { promisify } from "node:util";

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

const at = (server, path = "/", init) => fetch(`http://127.0.0.1:${server.port}${path}`, init);

/** What goes over the wire in reply to a request that closes, without the Date. */
async function wire(server, method = "GET", fields = "", body = "") {
  const client = new Client(server);
  client.write(`${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n${body}`);
  await client.closed;
  const [head, ...rest] = client.received.split("\r\n\r\n");
  const [line, ...lines] = head.split("\r\n");
  const known = lines.filter((one) => !/^(?:date|connection|keep-alive):/i.test(one));
  return { line, lines: known.map((one) => one.toLowerCase()).sort(), body: rest.join("\r\n\r\n") };
}

on("a request has method, url, version and fields", async (t, http) => {
  const seen = [];
  const server = await listening(t, http, (req, res) => {
    seen.push([req.method, req.url, req.httpVersion, req.httpVersionMajor, req.httpVersionMinor]);
    seen.push(req.headers, req.rawHeaders, req.headersDistinct["x-twice"], { ...req.trailers });
    seen.push([req.complete, req.aborted, req.destroyed, req.readable]);
    res.end();
  });
  const client = new Client(server);
  client.write(
    "PUT /a%20b?c=d HTTP/1.1\r\nHost: a\r\nX-Twice: 1\r\nx-twice:2 \r\n" +
      "Cookie: a=1\r\nCookie: b=2\r\n" +
      "Content-Length: 0\r\nConnection: close\r\n\r\n");
  await client.closed;
  assert.deepEqual(seen, [
    ["PUT", "/a%20b?c=d", "1.1", 1, 1],
    {
      host: "a", "x-twice": "1, 2", cookie: "a=1; b=2", "content-length": "0", connection: "close",
    },
    [
      "Host", "a", "X-Twice", "1", "x-twice", "2", "Cookie", "a=1", "Cookie", "b=2",
      "Content-Length", "0", "Connection", "close",
    ],
    ["1", "2"],
    {},
    [false, false, false, true],
  ]);
});

on("a socket tells who is there", async (t, http) => {
  const server = await listening(t, http, (req, res) => {
    const { remoteAddress, remoteFamily, localPort, encrypted, readable, writable } = req.socket;
    assert.equal(req.socket, res.socket);
    assert.equal(req.connection, req.socket);
    const seen = { remoteAddress, remoteFamily, localPort, encrypted, readable, writable };
    res.end(JSON.stringify(seen));
  });
  assert.deepEqual(await (await at(server)).json(), {
    remoteAddress: "127.0.0.1", remoteFamily: "IPv4", localPort: server.port,
    readable: true, writable: true,
  });
});

on("fields are set, read and removed", async (t, http) => {
  const server = await listening(t, http, (req, res) => {
    res.setHeader("X-One", 1).setHeader("Set-Cookie", ["a=1", "b=2"]);
    res.setHeader("x-gone", "x");
    res.removeHeader("X-Gone");
    res.appendHeader("x-one", "2");
    res.setHeaders(new Map([["X-Map", "m"]]));
    assert.deepEqual(res.getHeader("x-ONE"), [1, "2"]);
    assert.deepEqual(res.getHeaderNames(), ["x-one", "set-cookie", "x-map"]);
    assert.deepEqual(res.getRawHeaderNames(), ["X-One", "Set-Cookie", "X-Map"]);
    assert.deepEqual({ ...res.getHeaders() },
      { "x-one": [1, "2"], "set-cookie": ["a=1", "b=2"], "x-map": "m" });
    assert.equal(res.hasHeader("set-cookie"), true);
    assert.equal(res.hasHeader("x-gone"), false);
    assert.throws(() => res.setHeader("a b", "x"), { code: "ERR_INVALID_HTTP_TOKEN" });
    assert.throws(() => res.setHeader("a", "x\r\ny"), { code: "ERR_INVALID_CHAR" });
    assert.throws(() => res.setHeader("a", "\u0100"), { code: "ERR_INVALID_CHAR" });
    assert.equal(res.setHeader("x-gone", "\u00e4"), res);
    res.removeHeader("x-gone");
    assert.throws(() => res.setHeader("a", undefined), { code: "ERR_HTTP_INVALID_HEADER_VALUE" });
    res.end("x");
    assert.throws(() => res.setHeader("a", "b"), { code: "ERR_HTTP_HEADERS_SENT" });
    assert.throws(() => res.removeHeader("a"), { code: "ERR_HTTP_HEADERS_SENT" });
  });
  const { lines } = await wire(server);
  assert.deepEqual(lines, [
    "content-length: 1", "set-cookie: a=1", "set-cookie: b=2", "x-map: m",
    "x-one: 1", "x-one: 2",
  ]);
});

const heads = {
  "a status": (res) => (res.statusCode = 418),
  "writeHead(status)": (res) => res.writeHead(404),
  "a reason phrase": (res) => (res.statusMessage = "Very well"),
  "writeHead with a reason phrase": (res) => res.writeHead(404, "Gone Fishing", { a: "b" }),
  "writeHead with an object": (res) => res.writeHead(201, { "X-A": "1", "X-B": ["2", "3"] }),
  "writeHead with a list": (res) => res.writeHead(200, ["X-A", "1", "X-A", "2"]),
  "writeHead with pairs": (res) => res.writeHead(200, [["X-A", "1"], ["X-A", "2"]]),
  "writeHead over setHeader": (res) => res.setHeader("X-A", "0").writeHead(200, { "x-a": "1" }),
  "writeHead with a list over setHeader": (res) =>
    res.setHeader("X-A", "0").writeHead(200, ["x-a", "1", "x-a", "2"]),
  "Connection: close": (res) => res.setHeader("Connection", "close"),
};
for (const [name, head] of Object.entries(heads)) {
  test(`both send the same head: ${name}`, async (t) => {
    const replies = [];
    for (const [, http] of both) {
      const server = await listening(t, http, (req, res) => {
        head(res);
        res.end("text");
      });
      replies.push(await wire(server));
    }
    // Whoever decides on the head first gives Node no length to say, but there is one.
    const length = (reply) => ({
      ...reply,
      lines: reply.lines.filter((line) => !/^(?:content-length|transfer-encoding)/.test(line)),
      body: /\r\n/.test(reply.body) ? "text" : reply.body,
    });
    assert.deepEqual(length(replies[1]), length(replies[0]));
  });
}

on("wrong heads are refused", async (t, http) => {
  const server = await listening(t, http, (req, res) => {
    assert.throws(() => res.writeHead(99), { code: "ERR_HTTP_INVALID_STATUS_CODE" });
    assert.throws(() => res.writeHead(1000), { code: "ERR_HTTP_INVALID_STATUS_CODE" });
    assert.throws(() => res.writeHead(200, { "a b": "c" }), { code: "ERR_INVALID_HTTP_TOKEN" });
    assert.throws(() => res.writeHead(200, { a: "\n" }), { code: "ERR_INVALID_CHAR" });
    assert.equal(res.headersSent, false);
    assert.equal(res.writeHead(204), res);
    assert.equal(res.headersSent, true);
    assert.throws(() => res.writeHead(200), { code: "ERR_HTTP_HEADERS_SENT" });
    res.end();
  });
  assert.equal((await at(server)).status, 204);
});

const endings = {
  "nothing": (res) => res.end(),
  "a text": (res) => res.end("t\u00e4xt"),
  "bytes": (res) => res.end(Buffer.from("bytes")),
  "latin-1": (res) => res.end("\u00e4", "latin1"),
  "hex": (res) => res.end("616263", "hex"),
  "pieces": (res) => {
    res.write("a");
    res.write(Buffer.from("b"));
    res.write("63", "hex");
    res.end("d");
  },
  "a piece and an end": (res) => {
    res.write("a");
    res.end();
  },
  "a length that was said": (res) => {
    res.setHeader("Content-Length", 4);
    res.write("ab");
    res.end("cd");
  },
  "204": (res) => res.writeHead(204).end(),
  "304": (res) => res.writeHead(304, { etag: '"a"' }).end(),
};
for (const [name, ending] of Object.entries(endings)) {
  test(`both send the same content: ${name}`, async (t) => {
    const replies = [];
    for (const [, http] of both) {
      const server = await listening(t, http, (req, res) => ending(res));
      const get = await at(server);
      const head = await wire(server, "HEAD");
      replies.push([get.status, await get.text(), head.line, head.body]);
    }
    assert.deepEqual(replies[1], replies[0]);
  });
}

on("a HEAD has the length that was said, and no content", async (t, http) => {
  const server = await listening(t, http, (req, res) => {
    res.setHeader("Content-Length", 12);
    res.end();
  });
  const { lines, body } = await wire(server, "HEAD");
  assert.deepEqual([lines, body], [["content-length: 12"], ""]);
});

on("states change as the reply is sent", async (t, http) => {
  const states = [];
  const names = ["headersSent", "writableEnded", "writableFinished", "destroyed", "closed"];
  const server = await listening(t, http, (req, res) => {
    const note = () => states.push(names.filter((name) => res[name]).join(" "));
    note();
    res.on("finish", note).on("close", note);
    res.write("a");
    note();
    res.end("b");
  });
  await (await at(server)).text();
  while (states.length < 4) await new Promise(setImmediate);
  assert.deepEqual(states, [
    "",
    "headersSent",
    "headersSent writableEnded writableFinished",
    "headersSent writableEnded writableFinished destroyed closed",
  ]);
});

on("finish and close come once, callbacks too", async (t, http) => {
  const events = [];
  let over;
  const isOver = new Promise((resolve) => (over = resolve));
  const server = await listening(t, http, (req, res) => {
    req.on("end", () => events.push("req end")).on("close", () => events.push("req close"));
    res.on("prefinish", () => events.push("prefinish"));
    res.on("finish", () => events.push("finish")).on("close", () => events.push("close"));
    res.on("close", () => setImmediate(over));
    res.end("x", () => events.push("callback"));
  });
  await (await at(server, "/", { method: "POST", body: "unread" })).text();
  await isOver;
  assert.deepEqual(events.filter((event) => event.startsWith("req")), ["req end", "req close"]);
  const ofReply = events.filter((event) => !event.startsWith("req") && event !== "prefinish");
  assert.deepEqual(ofReply.sort(), ["callback", "close", "finish"]);
});

on("writing after the end is an error", async (t, http) => {
  const codes = [];
  const server = await listening(t, http, (req, res) => {
    res.on("error", ({ code }) => codes.push(code));
    res.end("whole");
    res.write("more", (error) => codes.push(`callback ${error?.code}`));
    res.end("more");
  });
  assert.equal(await (await at(server)).text(), "whole");
  while (codes.length < 2) await new Promise(setImmediate);
  assert.ok(codes.every((code) => code.endsWith("ERR_STREAM_WRITE_AFTER_END")), `${codes}`);
});

on("wrong content is refused", async (t, http) => {
  const server = await listening(t, http, (req, res) => {
    assert.throws(() => res.write(1), { code: "ERR_INVALID_ARG_TYPE" });
    assert.throws(() => res.write(null), { code: "ERR_STREAM_NULL_VALUES" });
    assert.throws(() => res.end({}), { code: "ERR_INVALID_ARG_TYPE" });
    res.end("still");
  });
  assert.equal(await (await at(server)).text(), "still");
});

on("a body is read by events", async (t, http) => {
  const server = await listening(t, http, (req, res) => {
    let text = "";
    req.setEncoding("utf8");
    req.on("data", (piece) => (text += piece));
    req.on("end", () => res.end(JSON.stringify([text.length, req.complete, text.at(-1)])));
  });
  const body = "\u00e4".repeat(300_000);
  const reply = await at(server, "/", { method: "POST", body });
  assert.deepEqual(await reply.json(), [300_000, true, "\u00e4"]);
});

on("a body is read by for await, by readable, by pipe", async (t, http) => {
  const server = await listening(t, http, async (req, res) => {
    if (req.url === "/pipe") return req.pipe(res);
    if (req.url === "/pipeline") return pipeline(req, res, () => {});
    let length = 0;
    if (req.url === "/await") {
      for await (const piece of req) length += piece.length;
      return res.end(`${length}`);
    }
    req.on("readable", () => {
      for (let piece; (piece = req.read()) !== null; ) length += piece.length;
    });
    req.on("end", () => res.end(`${length}`));
  });
  const body = Buffer.alloc(1_000_000, "x");
  for (const path of ["/pipe", "/pipeline"]) {
    const reply = await at(server, path, { method: "POST", body });
    assert.ok(Buffer.from(await reply.arrayBuffer()).equals(body), path);
  }
  for (const path of ["/await", "/readable"]) {
    assert.equal(await (await at(server, path, { method: "POST", body })).text(), "1000000");
    assert.equal(await (await at(server, path)).text(), "0");
  }
});

on("a reply may come before the body, and without it", async (t, http) => {
  const server = await listening(t, http, (req, res) => res.end("early"));
  for (let i = 0; i < 3; ++i) {
    const reply = await at(server, "/", { method: "POST", body: "x".repeat(100_000) });
    assert.equal(await reply.text(), "early");
  }
});

on("a stream is piped as fast as it is taken", async (t, http) => {
  let produced = 0;
  const piece = Buffer.alloc(64 * 1024, "s");
  const server = await listening(t, http, (req, res) => {
    Readable.from((function* () {
      for (; produced < 400; ++produced) yield piece;
    })()).pipe(res);
  });
  const client = new Client(server);
  client.socket.pause();
  client.get("/", "Connection: close\r\n");
  let before = -1;
  for (let calm = 0; calm < 20; calm = produced === before ? calm + 1 : 0) {
    before = produced;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(produced < 400, `${produced} pieces for a client that reads nothing`);
  client.socket.resume();
  await client.closed;
  assert.equal(client.received.match(/s+/g).join("").length >= 400 * piece.length, true);
});

on("drain comes when there is room again", async (t, http) => {
  let drains = 0;
  const server = await listening(t, http, async (req, res) => {
    for (let i = 0; i < 200; ++i) {
      if (res.write(Buffer.alloc(64 * 1024))) continue;
      assert.equal(res.writableNeedDrain, true);
      await once(res, "drain");
      ++drains;
    }
    res.end();
  });
  assert.equal((await (await at(server)).arrayBuffer()).byteLength, 200 * 64 * 1024);
  assert.ok(drains > 0);
});

on("a client that goes away is heard of", async (t, http) => {
  const events = [];
  let told;
  const closed = new Promise((resolve) => (told = resolve));
  const server = await listening(t, http, (req, res) => {
    req.on("aborted", () => events.push("aborted"));
    req.on("error", ({ code }) => events.push(code));
    req.on("close", () => events.push("req close"));
    res.on("finish", () => events.push("finish"));
    res.on("close", () => {
      events.push("res close");
      setImmediate(told, [res.writableFinished, res.destroyed, req.destroyed]);
    });
    res.write("begun");
  });
  const client = new Client(server);
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  await client.until("begun");
  client.socket.resetAndDestroy();
  assert.deepEqual(await closed, [false, true, true]);
  assert.deepEqual(events.sort(), ["ECONNRESET", "aborted", "req close", "res close"]);
});

for (const who of ["req", "res", "socket"]) {
  on(`${who}.destroy ends the connection`, async (t, http) => {
    const server = await listening(t, http, (req, res) => {
      res.write("begun");
      if (who === "req") req.destroy();
      else if (who === "res") res.destroy();
      else req.socket.destroy();
    });
    await assert.rejects(async () => (await at(server)).text());
  });
}

on("pipelined requests are answered in order", async (t, http) => {
  const server = await listening(t, http, (req, res) => {
    setTimeout(() => res.end(`<${req.url}>`), req.url === "/1" ? 20 : 0);
  });
  const client = new Client(server);
  client.get("/1");
  client.get("/2");
  client.get("/3", "Connection: close\r\n");
  await client.closed;
  assert.deepEqual(client.received.match(/<\/\d>/g), ["</1>", "</2>", "</3>"]);
});

on("trailers come and go", async (t, http) => {
  const server = await listening(t, http, async (req, res) => {
    res.setHeader("Trailer", "x-sum");
    res.write(`before ${JSON.stringify(req.rawTrailers)}, `);
    for await (const piece of req) res.write(piece);
    res.write(` then ${JSON.stringify([req.trailers, req.rawTrailers])}`);
    res.addTrailers({ "X-Sum": "abc" });
    res.end();
  });
  const client = new Client(server);
  client.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" +
    "Connection: close\r\n\r\n" +
    "4\r\nbody\r\n0\r\nX-Check: 1\r\n\r\n");
  await client.closed;
  const content = client.received.replace(/\r\n/g, "");
  assert.match(content, /before \[\]/);
  assert.match(content, /\{"x-check":"1"\},\["X-Check","1"\]/);
  assert.match(client.received, /\r\n0\r\nX-Sum: abc\r\n\r\n$/);
});

on("connections are kept alive, and closed when told to", async (t, http) => {
  const server = await listening(t, http, (req, res) => {
    if (req.url === "/last") res.setHeader("connection", "close");
    if (req.url === "/own") res.shouldKeepAlive = false;
    res.end(req.url);
  });
  for (const last of ["/last", "/own"]) {
    const client = new Client(server);
    client.get("/");
    await client.until(/\r\n\r\n\/$/);
    client.get(last);
    await client.closed;
    assert.match(client.received, /connection: close/i);
  }
});

on("HTTP/1.0 is answered", async (t, http) => {
  const server = await listening(t, http, (req, res) => {
    res.write(req.httpVersion);
    res.end(`${req.httpVersionMinor}`);
  });
  const client = new Client(server);
  client.write("GET / HTTP/1.0\r\n\r\n");
  await client.closed;
  assert.match(client.received, /\r\n\r\n1\.00$/);
  assert.doesNotMatch(client.received, /chunked/);
});

on("100 Continue is sent when the body is wanted", async (t, http) => {
  const server = await listening(t, http, (req, res) => req.pipe(res));
  const client = new Client(server);
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n" +
    "Connection: close\r\n\r\n");
  await client.until("HTTP/1.1 100 Continue\r\n\r\n");
  client.write("body");
  await client.closed;
  assert.match(client.received, /body/);
});

on("checkContinue decides about bodies", async (t, http) => {
  const server = await listening(t, http, (req, res) => res.end("request"));
  server.on("checkContinue", (req, res) => res.writeHead(413).end("too large"));
  const client = new Client(server);
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n" +
    "Connection: close\r\n\r\n");
  await client.until("too large");
  assert.match(client.received, /^HTTP\/1\.1 413 /);
  client.close();
});

on("flushHeaders sends the head before content is there", async (t, http) => {
  let finish;
  const server = await listening(t, http, (req, res) => {
    res.setHeader("x-early", "yes");
    res.flushHeaders();
    finish = () => res.end("later");
  });
  const reply = await at(server);
  assert.equal(reply.headers.get("x-early"), "yes");
  finish();
  assert.equal(await reply.text(), "later");
});

on("listen takes its arguments as it always did", async (t, http) => {
  const listen = (...given) => {
    const server = http.createServer((req, res) => res.end());
    t.after(() => server.listening && server.close());
    return new Promise((resolve, reject) => {
      server.on("error", reject);
      assert.equal(server.listen(...given, () => resolve(server)), server);
    });
  };
  assert.equal((await listen(0, "127.0.0.1")).address().address, "127.0.0.1");
  assert.equal((await listen({ port: 0, host: "127.0.0.1" })).address().family, "IPv4");
  assert.equal((await listen("0", "127.0.0.1", 511)).listening, true);
  assert.ok((await listen(0)).address().port > 0);
  assert.ok((await listen()).address().port > 0);
  const path = `\0bao-http-${process.pid}`;
  assert.equal((await listen(path)).address(), path);
  assert.equal((await listen({ path: `${path}2` })).address(), `${path}2`);
  assert.throws(() => http.createServer().listen(65536), { code: "ERR_SOCKET_BAD_PORT" });
  assert.throws(() => http.createServer().listen({}), { code: "ERR_INVALID_ARG_VALUE" });
  const twice = await listen(0);
  assert.throws(() => twice.listen(0), { code: "ERR_SERVER_ALREADY_LISTEN" });
});

on("a port in use is an event", async (t, http) => {
  const first = await listening(t, http, () => {});
  const second = http.createServer().listen(first.port, "127.0.0.1");
  const [error] = await once(second, "error");
  assert.deepEqual(
    [error.code, error.syscall, error.address, error.port],
    ["EADDRINUSE", "listen", "127.0.0.1", first.port]);
  assert.equal(second.listening, false);
  assert.equal(second.address(), null);
});

on("close lets requests finish", async (t, http) => {
  const events = [];
  let begun;
  const isBegun = new Promise((resolve) => (begun = resolve));
  const server = http.createServer((req, res) => begun(res)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const asked = fetch(`http://127.0.0.1:${server.address().port}/`);
  const res = await isBegun;
  const closed = promisify(server.close.bind(server))().then(() => events.push("closed"));
  server.on("close", () => events.push("close"));
  assert.equal(server.listening, false);
  res.setHeader("connection", "close");
  res.end("last");
  assert.equal(await (await asked).text(), "last");
  await closed;
  assert.deepEqual(events.sort(), ["close", "closed"]);
  const [error] = await new Promise((resolve) => server.close((...given) => resolve(given)));
  assert.equal(error.code, "ERR_SERVER_NOT_RUNNING");
});

on("closeAllConnections cuts requests that are under way", async (t, http) => {
  const server = await listening(t, http, (req, res) => {
    res.write("begun");
    server.closeAllConnections();
  });
  await assert.rejects(async () => (await at(server)).text());
});

on("await using closes the server", async (t, http) => {
  let port;
  {
    await using server = http.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address());
  }
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
});

on("the names of the module are there", async (t, http) => {
  assert.equal(http.STATUS_CODES[404], "Not Found");
  assert.ok(http.METHODS.includes("PATCH"));
  assert.ok(new http.Server() instanceof http.Server);
  assert.equal(typeof http.maxHeaderSize, "number");
  const server = await listening(t, http, (req, res) => {
    assert.ok(req instanceof http.IncomingMessage && res instanceof http.ServerResponse);
    assert.ok(req instanceof nodeHttp.IncomingMessage && res instanceof nodeHttp.ServerResponse);
    res.end("right");
  });
  assert.equal(await (await at(server)).text(), "right");
});
