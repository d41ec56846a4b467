/**
 * What listeners do with requests and responses, on node:http and on bao/http: what they see, in
 * which order, and what goes over the wire must be the same, but for how content is framed.
 */
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import nodeHttp from "node:http";
import { finished, PassThrough, pipeline } from "node:stream";
import test from "node:test";

import baoHttp from "../lib/http.js";
import { Client } from "./wire.js";

const GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const HEAD = "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const post = (body) =>
  "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
  `Content-Length: ${body.length}\r\n\r\n${body}`;
const getWith = (fields) => `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`;

/** What a reply says, however its content is framed. */
function decoded(text, isHead = false) {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return text;
  const [line, ...lines] = text.slice(0, end).split("\r\n");
  const rest = text.slice(end + 4);
  const fields = lines.map((one) => one.toLowerCase()).filter(isOfProgram).sort();
  const next = rest.search(/HTTP\/1\.1 [1-5]\d\d /);
  if (next > 0) return [line, ...fields, rest.slice(0, next), decoded(rest.slice(next))];
  if (/^HTTP\/1\.1 1/.test(line)) return [line, ...fields, decoded(rest)];
  const isChunked = /\r\ntransfer-encoding: chunked/i.test(text.slice(0, end));
  return [line, ...fields, isChunked && !isHead ? dechunked(rest) : rest];
}

function isOfProgram(line) {
  return !/^(?:date|connection|keep-alive|content-length|transfer-encoding):/.test(line);
}

function dechunked(text) {
  const line = text.indexOf("\r\n");
  const size = Number.parseInt(text.slice(0, line), 16);
  if (!(size >= 0)) return `cut short ${text}`;
  if (size === 0) return text.slice(line + 2) === "\r\n" ? "" : `, ${text.slice(line + 2)}`;
  return text.slice(line + 2, line + 2 + size) + dechunked(text.slice(line + 4 + size));
}

/** The socket that a server was told of first, by its log. */
const kept = new WeakMap();

/** What an attempt comes to: a value, or the code of an error. */
function tried(action) {
  try {
    const value = action();
    return typeof value === "object" || typeof value === "function" ? "an object" : value;
  } catch (error) {
    return `${error.name} ${error.code}`;
  }
}

function note(log, emitter, name, events) {
  for (const event of events) {
    emitter.on(event, (given) => {
      const error = given instanceof Error ? ` ${given.code ?? given.message}` : "";
      log.push(`${name} ${event}${error}`);
    });
  }
}

const REQUEST_EVENTS = ["data", "end", "close", "error", "aborted"];
const RESPONSE_EVENTS = ["finish", "close", "error", "pipe"];
const BOTH_EVENTS = (log, req, res) => {
  note(log, req, "req", REQUEST_EVENTS);
  note(log, res, "res", RESPONSE_EVENTS);
};

async function seenOn(http, { listener, request = GET, options = {}, setUp, leaves = false }) {
  const log = [];
  const server = http.createServer(options, (req, res) => void listener?.(req, res, log));
  setUp?.(server, log);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const gone = leaves ? new Promise((resolve) => server.once("request", (req, res) => {
    res.on("close", resolve);
    client.close();
  })) : undefined;
  const client = new Client({ port: server.address().port });
  client.write(request);
  await client.closed;
  await gone;
  server.closeAllConnections();
  server.close();
  await once(server, "close");
  for (let i = 0; i < 3; i++) await new Promise(setImmediate);
  return { log, reply: leaves ? "" : decoded(client.received, request === HEAD) };
}

/** What a listener sees, of a GET or of the request of `rest`, perhaps in another order. */
function alike(name, listener, { isOrdered = true, ...rest } = {}) {
  test(`both do the same: ${name}`, { timeout: 20_000 }, async () => {
    const node = await seenOn(nodeHttp, { listener, ...rest });
    const bao = await seenOn(baoHttp, { listener, ...rest });
    if (!isOrdered) for (const { log } of [node, bao]) log.sort();
    assert.deepEqual(bao, node);
  });
}

// -- Events and states

alike("events of a request without a body", (req, res, log) => {
  BOTH_EVENTS(log, req, res);
  res.end("x");
});
alike("events with a body that nobody reads", (req, res, log) => {
  note(log, req, "req", ["end", "close", "error", "aborted"]);
  note(log, res, "res", RESPONSE_EVENTS);
  res.end("x");
}, { request: post("abc") });
alike("events with a body that is read", (req, res, log) => {
  BOTH_EVENTS(log, req, res);
  req.on("end", () => res.end("x"));
}, { request: post("abc") });
alike("states of a response", (req, res, log) => {
  const states = () => [
    res.headersSent, res.finished, res.writableEnded, res.writableFinished, res.writable,
    res.destroyed, res.closed, res.errored, res.writableObjectMode, res.writableNeedDrain,
    res.sendDate, res.shouldKeepAlive, res.statusCode, res.statusMessage,
  ];
  log.push(states());
  res.write("a");
  log.push(states());
  res.on("close", () => log.push(states()));
  res.end("b");
  log.push(states());
});
alike("states of a request", (req, res, log) => {
  log.push([
    req.complete, req.aborted, req.upgrade, req.statusCode, req.readable, req.readableFlowing,
    req.readableObjectMode, req.readableEncoding, req.rawTrailers, req.destroyed, req.errored,
  ]);
  res.end();
});
alike("callbacks of write and end", (req, res, log) => {
  log.push(res.write("a", () => log.push("a")), res.write("b", "utf8", () => log.push("b")));
  res.end("c", () => log.push("end"));
});
alike("end with a callback alone", (req, res, log) => void res.end(() => log.push("end")));
alike("end with an encoding", (req, res, log) => void res.end("61", "hex", () => log.push("end")));
alike("end again", (req, res, log) => {
  note(log, res, "res", RESPONSE_EVENTS);
  res.end("a");
  log.push(tried(() => res.end()), tried(() => res.end("b")));
  res.end((error) => log.push(`callback ${error?.code}`));
});
alike("write after the end", (req, res, log) => {
  note(log, res, "res", RESPONSE_EVENTS);
  res.end("a");
  log.push(tried(() => res.write("b", (error) => log.push(error.code))));
});
alike("wrong content", (req, res, log) => {
  for (const wrong of [null, undefined, 5, {}]) log.push(tried(() => res.write(wrong)));
  for (const wrong of [5, {}]) log.push(tried(() => res.end(wrong)));
  log.push(tried(() => res.write("a", "no encoding")));
  res.end();
});
alike("kinds of content", (req, res) => {
  res.write(new Uint8Array([97]));
  res.write("\xe4", "latin1");
  res.write("YQ==", "base64");
  res.write("");
  res.end(Buffer.from("b"));
});
alike("cork", (req, res, log) => {
  res.cork();
  log.push(res.write("a"), res.write("b"));
  res.uncork();
  res.cork();
  res.write("c");
  res.end("d");
});
alike("end within a callback of write", (req, res) => void res.write("a", () => res.end("b")));

// -- Fields and heads

alike("fields in all ways", (req, res, log) => {
  res.setHeader("X-Number", 5).setHeader("X-List", ["1", "2"]);
  res.appendHeader("x-list", "3");
  res.appendHeader("Set-Cookie", "a");
  res.appendHeader("set-cookie", ["b", "c"]);
  res.setHeader("x-removed", "x");
  res.removeHeader("X-Removed");
  log.push({ ...res.getHeaders() }, res.getHeaderNames(), res.getRawHeaderNames());
  log.push(res.hasHeader("X-NUMBER"), res.hasHeader("none"), res.getHeader("none"));
  for (const bad of ["", "a b", "a:b", 5, undefined]) {
    log.push(tried(() => res.setHeader(bad, "x")));
  }
  for (const bad of [null, undefined, "a\nb", ["a\r"]]) {
    log.push(tried(() => res.setHeader("x", bad)));
  }
  log.push(tried(() => res.getHeader()), tried(() => res.hasHeader()));
  log.push(tried(() => res.removeHeader()), tried(() => res.setHeaders({ a: 1 })));
  res.setHeaders(new Headers({ "x-set": "yes" }));
  res.end();
  log.push(res.headersSent, res.getHeaderNames());
});
alike("too late for fields", (req, res, log) => {
  res.write("x");
  for (const late of [
    () => res.setHeader("a", "b"), () => res.appendHeader("a", "b"), () => res.removeHeader("a"),
    () => res.writeHead(200), () => res.setHeaders(new Map()), () => res.flushHeaders(),
    () => res.writeEarlyHints({ link: "</a>; rel=preload" }), () => res.writeContinue(),
  ]) log.push(tried(late));
  res.end();
});
const heads = {
  "over setHeader": (res) => {
    res.setHeader("a", 1);
    res.setHeader("B", 2);
    res.writeHead(200, { b: 3, c: [4, 5] });
  },
  "with a length": (res) => res.writeHead(200, { "Content-Length": 4 }),
  "with nothing": (res) => res.writeHead(200, undefined, { a: "b" }),
  "with a reason": (res) => res.writeHead(299, "Rather good"),
  "of no known status": (res) => void (res.statusCode = 299),
  "as a string": (res) => void (res.statusCode = "404"),
};
for (const [name, head] of Object.entries(heads)) {
  alike(`a head ${name}`, (req, res, log) => {
    head(res);
    log.push({ ...res.getHeaders() });
    res.end("text");
    log.push(res.statusMessage, res.headersSent);
  });
}
alike("wrong heads", (req, res, log) => {
  for (const bad of [0, 99, 1000, "abc", NaN, null]) log.push(tried(() => res.writeHead(bad)));
  log.push(tried(() => res.writeHead(200, { "a b": 1 })));
  res.writeHead(200, { a: "b" });
  log.push(tried(() => res.writeHead(200)));
  res.end();
});
alike("a head that is made late", (req, res) => {
  const { writeHead } = res;
  res.writeHead = function (...given) {
    this.setHeader("x-late", "1");
    return writeHead.apply(this, given);
  };
  res.end("x");
});
alike("HEAD", (req, res, log) => {
  log.push(res.write("abc", () => log.push("written")));
  res.end("d");
}, { request: HEAD });
for (const status of [204, 304]) {
  alike(`${status} has no content`, (req, res, log) => {
    res.statusCode = status;
    log.push(res.write("abc"));
    res.end("d");
  });
}
test("HEAD and 304 keep a length that was said", async (t) => {
  for (const http of [nodeHttp, baoHttp]) {
    const server = http.createServer((req, res) => {
      res.setHeader("Content-Length", 10);
      if (req.url === "/304") res.statusCode = 304;
      res.end(req.url === "/304" ? undefined : "0123456789");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    for (const [method, path] of [["HEAD", "/"], ["GET", "/304"]]) {
      const client = new Client({ port: server.address().port });
      client.write(`${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      await client.closed;
      assert.match(client.received, /\r\ncontent-length: 10\r\n/i);
      assert.ok(client.received.endsWith("\r\n\r\n"));
    }
  }
});
alike("a length that must be kept", (req, res, log) => {
  res.strictContentLength = true;
  res.setHeader("Content-Length", 3);
  res.write("abc");
  log.push(tried(() => res.write("d")));
  res.end();
});
alike("content where there is none", (req, res, log) => {
  res.statusCode = 204;
  log.push(tried(() => res.write("x")), tried(() => res.end("x")));
  res.end();
}, { options: { rejectNonStandardBodyWrites: true } });
alike("fields of which there is one", (req, res) => {
  res.setHeader("X-One", ["a", "b"]);
  res.end();
}, { options: { uniqueHeaders: ["x-one"] } });

// -- Interim replies

alike("interim replies", (req, res, log) => {
  res.writeContinue(() => log.push("100"));
  res.writeProcessing();
  res.writeEarlyHints({ link: "</a>; rel=preload", "x-one": "1" }, () => log.push("103"));
  res.writeEarlyHints({ link: ["</a>; rel=preload", "</b>; rel=preload"] });
  log.push(tried(() => res.writeEarlyHints({ link: "wrong" })), res.headersSent);
  log.push(tried(() => res.writeEarlyHints("wrong")));
  res.end("x");
});
alike("expectations", (req, res, log) => {
  log.push(req.headers.expect);
  res.end("called");
}, {
  request: getWith("Expect: something\r\n"),
  setUp: (server, log) => server.on("checkExpectation", (req, res) => {
    log.push("checkExpectation");
    res.writeHead(417).end("no");
  }),
});

// -- Requests

alike("fields that come more than once", (req, res, log) => {
  log.push(req.headers, req.rawHeaders, { ...req.headersDistinct });
  res.end();
}, {
  request: getWith(
    "X: 1\r\nx: 2\r\nCookie: a\r\ncookie: b\r\nContent-Type: a/b\r\ncontent-type: c/d\r\n" +
      "Set-Cookie: a\r\nSet-Cookie: b\r\nAge: 1\r\nAge: 2\r\nUser-Agent: 1\r\nUser-Agent: 2\r\n" +
      "Accept: a\r\nAccept: b\r\nAuthorization: a\r\nAuthorization: b\r\nReferer: 1\r\n" +
      "Referer: 2\r\nIf-Match: 1\r\nIf-Match: 2\r\n__proto__: x\r\nEmpty:\r\nLatin: \xe4\r\n"),
});
alike("fields that are joined", (req, res, log) => {
  log.push(req.headers);
  res.end();
}, {
  request: getWith("Content-Type: a/b\r\ncontent-type: c/d\r\nAge: 1\r\nAge: 2\r\nCookie: a\r\n" +
    "Cookie: b\r\n"),
  options: { joinDuplicateHeaders: true },
});
for (const line of [
  "GET /a/../b//c?x=%20&y HTTP/1.1", "GET http://b.example/x HTTP/1.1", "OPTIONS * HTTP/1.1",
  "PURGE /x HTTP/1.1", "GET / HTTP/1.0",
]) {
  alike(line, (req, res, log) => {
    log.push(req.method, req.url, req.httpVersion, res.shouldKeepAlive);
    res.end("x");
  }, { request: `${line}\r\nHost: a\r\nConnection: close\r\n\r\n` });
}
alike("trailers", (req, res, log) => {
  req.resume().on("end", () => {
    log.push({ ...req.trailers }, req.rawTrailers, { ...req.trailersDistinct });
    res.write("x");
    res.addTrailers({ "X-Sum": "1" });
    res.addTrailers([["X-Pair", "2"]]);
    log.push(tried(() => res.addTrailers({ "a b": 1 })), tried(() => res.addTrailers({ a: "\n" })));
    res.end();
  });
}, {
  request: "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "1\r\na\r\n0\r\nX-A: 1\r\nx-a: 2\r\n\r\n",
});
alike("pipe", (req, res, log) => {
  res.on("finish", () => log.push("finish"));
  req.pipe(res);
}, { request: post("x".repeat(100)) });
alike("pipeline", (req, res, log) => {
  pipeline(req, new PassThrough(), res, (error) => log.push(`done ${error?.code}`));
}, { request: post("hello") });
alike("finished", (req, res, log) => {
  finished(res, (error) => log.push(`res ${error?.code}`));
  finished(req, (error) => log.push(`req ${error?.code}`));
  res.end("x");
}, { request: post("hello") });
alike("for await, of text", async (req, res, log) => {
  req.setEncoding("utf8");
  let text = "";
  for await (const piece of req) text += piece;
  log.push(text, req.complete, req.readableEnded);
  res.end(text);
}, { request: post("hello") });
alike("contexts", (req, res, log) => {
  const storage = new AsyncLocalStorage();
  storage.run("mine", () => {
    res.on("finish", () => log.push(storage.getStore()));
    setImmediate(() => res.end("x", () => log.push(storage.getStore())));
  });
});
alike("requests on one connection", (req, res, log) => {
  if (!kept.has(log)) kept.set(log, req.socket);
  log.push(req.url, req.socket === kept.get(log));
  res.end(req.url);
}, {
  request: "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3) + GET,
});

// -- Ends and errors

alike("a request that is destroyed", (req, res, log) => {
  note(log, req, "req", ["close", "error", "aborted"]);
  req.destroy(new Error("mine"));
  res.on("close", () => log.push(req.destroyed, res.destroyed, req.aborted, req.socket.destroyed));
}, { request: post("abc") });
alike("a response that is destroyed", (req, res, log) => {
  BOTH_EVENTS(log, req, res);
  res.destroy(new Error("mine"));
  res.on("close", () => {
    log.push(res.closed, res.errored.message, res.writableFinished, tried(() => res.write("x")));
    log.push(tried(() => res.end("x")), res.writableEnded);
  });
}, { isOrdered: false });
alike("a socket that is destroyed", (req, res, log) => {
  BOTH_EVENTS(log, req, res);
  note(log, req.socket, "socket", ["close", "error", "end"]);
  req.socket.destroy();
}, { isOrdered: false });
alike("a client that goes away", (req, res, log) => {
  BOTH_EVENTS(log, req, res);
  res.on("close", () => log.push(req.aborted, req.destroyed, res.writableFinished));
}, { request: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", leaves: true });
alike("a signal of a client that goes away", (req, res, log) => {
  log.push(req.signal?.aborted);
  req.signal?.addEventListener("abort", () => log.push("abort"));
}, { request: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", leaves: true });
alike("a signal after a reply", (req, res, log) => {
  req.signal?.addEventListener("abort", () => log.push("abort"));
  res.end("x");
});
alike("timeouts of a response", (req, res, log) => {
  res.setTimeout(20, (socket) => {
    log.push("timeout", socket === req.socket);
    res.end("late");
  });
});
alike("timeouts of the server", () => {}, {
  setUp: (server, log) => server.setTimeout(20, (socket) => {
    log.push("timeout", socket.destroyed);
    socket.destroy();
  }),
});
alike("timeouts that nobody hears", (req, res, log) => {
  note(log, res, "res", ["close", "finish"]);
  res.setTimeout(20);
});
alike("a reply by hand", (req) => {
  req.socket.end("HTTP/1.1 299 By Hand\r\n\r\nraw");
});

// -- Servers

alike("connections are told", (req, res, log) => {
  log.push(req.socket === kept.get(log));
  req.socket.server.getConnections((error, count) => {
    log.push(error, count);
    res.end();
  });
}, {
  setUp: (server, log) => server.on("connection", (socket) => {
    kept.set(log, socket);
    log.push(socket.remoteAddress, socket.localAddress, socket.localPort === server.address().port);
    socket.on("close", () => log.push("closed"));
  }),
});
alike("sockets", (req, res, log) => {
  const { socket } = req;
  for (const name of ["setNoDelay", "setKeepAlive", "ref", "unref"]) {
    log.push(socket[name]() === socket);
  }
  log.push(socket.remoteFamily, socket.localFamily, socket.readyState, socket.connecting);
  log.push(socket.pending, socket.destroyed, socket.address().address, socket.encrypted);
  log.push(socket.allowHalfOpen, socket.readable, socket.writable, res.socket === socket);
  res.end();
});
alike("requests are counted", (req, res, log) => {
  log.push(req.url);
  res.end("x");
}, {
  request: "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
  setUp: (server) => (server.maxRequestsPerSocket = 2),
});
