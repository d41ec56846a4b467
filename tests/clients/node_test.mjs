// node_test.mjs PROGRAM: Node's fetch, http.Agent and net talk to server.cc.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

const program = process.argv[2] ?? process.env.BAO_TEST_SERVER;
const running = [];

// Runs the program; gives the URL that it prints.
async function start(...args) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  running.push(child);
  let said = "";
  for await (const chunk of child.stdout) {
    said += chunk;
    if (said.includes("\n")) break;
  }
  return said.match(/(\S+?)\/?\n/)[1];
}

let url;
before(async () => {
  url = (await start()).replace("localhost", "127.0.0.1");
});
after(async () => {
  for (const child of running) {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const [status] = await ended;
    assert.equal(status, 0);
  }
});

const text = async (path, options) => (await fetch(url + path, options)).text();

// One request of the http module: status, fields, body, trailers.
function ask(options, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(url + (options.path ?? "/"), options, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({
        request,
        status: response.statusCode,
        headers: response.headers,
        trailers: response.trailers,
        body: Buffer.concat(chunks),
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

test("fetch: GET, HEAD, statuses", async () => {
  const reply = await fetch(url + "/hello");
  assert.equal(reply.status, 200);
  assert.equal(reply.statusText, "OK");
  assert.equal(reply.headers.get("content-type"), "text/plain;charset=utf-8");
  assert.ok(Math.abs(Date.parse(reply.headers.get("date")) - Date.now()) < 60_000);
  assert.equal(await reply.text(), "hello, world");
  const head = await fetch(url + "/hello", { method: "HEAD" });
  assert.equal(head.headers.get("content-length"), "12");
  assert.equal(await head.text(), "");
  assert.equal((await fetch(url + "/none")).status, 204);
  assert.equal((await fetch(url + "/nowhere")).status, 404);
  const failed = await fetch(url + "/throw");
  assert.equal(failed.status, 500);
  assert.equal(await failed.text(), "");
});

test("fetch: methods and fields", async () => {
  const said = await text("/describe?q=%20", { method: "PROPFIND", headers: { "X-One": "1" } });
  assert.match(said, /^PROPFIND \/describe\?q=%20\n/);
  assert.match(said, /\nx-one: 1\n/i);
  const refused = await fetch(url + "/get-only", { method: "DELETE" });
  assert.equal(refused.status, 405);
  assert.equal(refused.headers.get("allow"), "GET, HEAD");
});

test("fetch: bodies of all kinds", async () => {
  const post = (body, more) => fetch(url + "/echo", { method: "POST", body, ...more });
  assert.equal(await (await post("text \u20ac")).text(), "text \u20ac");
  const form = await (await post(new URLSearchParams({ a: "1", b: "\u20ac" }))).formData().catch(() => null);
  if (form) assert.equal(form.get("b"), "\u20ac");
  const bytes = randomBytes(2_000_000);
  assert.ok(bytes.equals(Buffer.from(await (await post(bytes)).arrayBuffer())));
  // A stream is sent chunked.
  async function* pieces() {
    for (let i = 0; i < 100; ++i) yield Buffer.from(`piece ${i}\n`);
  }
  const streamed = await (await post(pieces(), { duplex: "half" })).text();
  assert.equal(streamed.split("\n").length, 101);
  const large = await fetch(url + "/echo", { method: "POST", body: Buffer.alloc(9_000_000) }).then(
    (reply) => reply.status,
    () => "cut", // fetch may see the end of the connection before the reply
  );
  assert.ok(large === 413 || large === "cut");
});

test("fetch: redirects, cookies", async () => {
  const reply = await fetch(url + "/redirect");
  assert.ok(reply.redirected);
  assert.equal(await reply.text(), "hello, world");
  const manual = await fetch(url + "/redirect", { redirect: "manual" });
  assert.equal(manual.status, 302);
  const cookies = await fetch(url + "/cookies");
  if (cookies.headers.getSetCookie) assert.deepEqual(cookies.headers.getSetCookie(), ["a=1", "b=2"]);
});

test("fetch: a streamed reply comes piece by piece", async () => {
  const reply = await fetch(url + "/stream");
  let all = "";
  for await (const chunk of reply.body) all += Buffer.from(chunk);
  assert.equal(all, "piece 0\npiece 1\npiece 2\npiece 3\npiece 4\n");
});

test("fetch: many at once", async () => {
  const replies = await Promise.all(Array.from({ length: 100 }, (_, i) => text(`/slow?${i}`)));
  assert.deepEqual(replies, Array.from({ length: 100 }, (_, i) => String(i)));
  const large = await Promise.all(Array.from({ length: 5 }, () => text("/large")));
  for (const body of large) assert.equal(body.length, 3_000_000);
});

test("fetch: an aborted one stops the handler", async () => {
  const controller = new AbortController();
  const waiting = fetch(url + "/patient", { signal: controller.signal });
  await text("/hello");
  controller.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  while ((await text("/cancelled")) === "0");
});

test("http.Agent: one connection for many requests", async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const connections = async () => Number((await ask({ path: "/connections", agent })).body);
  const first = await connections();
  for (let i = 0; i < 30; ++i) {
    const reply = await ask({ path: "/echo", method: "POST", agent }, `body ${i}`);
    assert.equal(reply.body.toString(), `body ${i}`);
    assert.ok(reply.request.reusedSocket);
  }
  assert.equal(await connections(), first);
  agent.destroy();
});

test("http.Agent: Connection: close ends the connection", async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const bye = await ask({ path: "/bye", agent });
  assert.equal(bye.headers.connection, "close");
  const next = await ask({ path: "/hello", agent });
  assert.equal(next.request.reusedSocket, false);
  agent.destroy();
});

test("http: Expect: 100-continue", async () => {
  const body = randomBytes(2_000_000);
  const request = http.request(url + "/echo", {
    method: "POST",
    headers: { Expect: "100-continue", "Content-Length": body.length },
  });
  request.flushHeaders();
  await once(request, "continue");
  const replied = once(request, "response");
  request.end(body);
  const [response] = await replied;
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  assert.ok(body.equals(Buffer.concat(chunks)));
});

test("http: trailers", async () => {
  const reply = await ask({ path: "/stream" });
  assert.equal(reply.headers["transfer-encoding"], "chunked");
  assert.deepEqual({ ...reply.trailers }, { "x-pieces": "5" });
});

test("http: a unix socket", async () => {
  const socketPath = path.join(os.tmpdir(), `bao-node-test-${process.pid}`);
  await start("--unix", socketPath);
  assert.equal((await ask({ socketPath, path: "/hello" })).body.toString(), "hello, world");
  assert.equal((await ask({ socketPath, path: "/address" })).body.toString(), "none");
});

test("net: a half-closed connection gets its replies, in order", async () => {
  const { port } = new URL(url);
  const socket = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  socket.end(
    "GET /slow?1 HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /slow?2 HTTP/1.1\r\nHost: a\r\n\r\n",
  );
  let all = "";
  for await (const chunk of socket) all += chunk;
  assert.deepEqual(
    all.split(/HTTP\/1\.1 200 OK\r\n/).slice(1).map((reply) => reply.split("\r\n\r\n")[1]),
    ["1", "hello, world", "2"],
  );
});
