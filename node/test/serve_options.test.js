import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Request, Response, serve } from "../lib/index.js";
import { start } from "./started.js";
import { Client, library, run } from "./wire.js";

const textAt = async (server, path, init) => (await fetch(new URL(path, server.url), init)).text();

// -- Options

test("wrong options name option, value and mend", () => {
  const fetch = () => new Response("x");
  const wrong = [
    [undefined, /^Bun\.serve expects an object, not undefined$/],
    [{ port: 65536 }, /Option port is 65536: give a port from 0/],
    [{ port: -1 }, /Option port is -1: give a port/],
    [{ port: 1.5 }, /Option port is 1.5/],
    [{ port: "http" }, /Option port is "http"/],
    [{ port: {} }, /Option port is an object/],
    [{ hostname: 7 }, /Option hostname is 7: give a string/],
    [{ unix: "/tmp/x", port: 1 }, /Options unix and port exclude each other/],
    [{ unix: "/tmp/x", hostname: "a" }, /Options unix and hostname exclude each other/],
    [{ reusePort: 1 }, /Option reusePort is 1: give true or false/],
    [{ development: "yes" }, /Option development is "yes"/],
    [{ idleTimeout: -1 }, /Option idleTimeout is -1: give a number of seconds/],
    [{ idleTimeout: NaN }, /Option idleTimeout is NaN/],
    [{ maxRequestBodySize: "1" }, /Option maxRequestBodySize is "1"/],
    [{ maxHeadSize: 1 }, /Option maxHeadSize is 1: give 64/],
    [{ fetch: "x" }, /Option fetch is "x": give a function/],
    [{ error: 1 }, /Option error is 1: give a function/],
    [{ routes: 1 }, /Option routes is a number/],
    [{ routes: { x: fetch } }, /"x".*\//],
    [{ routes: { "/:a/:a": fetch } }, /:a/],
    [{ routes: { "/*/a": fetch } }, /\*/],
    [{ routes: { "/": true } }, /Route "\/" is true: give a handler/],
    [{ routes: { "/": "text" } }, /Route "\/" is "text"/],
    [{ routes: { "/": {} } }, /Route "\/" lists no method/],
    [{ routes: { "/": { get: fetch } } }, /Route "\/" lists "get": methods are GET/],
    [{ routes: { "/": { GET: 1 } } }, /Route "\/" has 1 for GET/],
    [{ routes: { "/": new Response(new Blob(["x"]).stream()) } }, /whose body is a stream/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(() => serve(options && { port: options.unix ? undefined : 0, ...options }),
      (error) => {
        // As Bun's; what the engine refuses has no code.
        const isPort = options?.port !== undefined && options.unix === undefined;
        assert.ok(error instanceof (isPort ? RangeError : TypeError), `${message}`);
        const codes = isPort ? ["ERR_OUT_OF_RANGE"] : ["ERR_INVALID_ARG_TYPE", undefined];
        return codes.includes(error.code) && message.test(error.message);
      }, `${message}`);
  }
});

test("the port: option, argument, environment", async () => {
  const source = (options) => `
    import { serve } from ${JSON.stringify(library)};
    try { serve({ hostname: "127.0.0.1", ...${JSON.stringify(options)} }); }
    catch (error) { console.log(error.message); }`;
  const wrong = { BUN_PORT: "x1", PORT: "x2", NODE_PORT: "x3" };
  const none = { BUN_PORT: "", PORT: "", NODE_PORT: "" };
  const says = async (env) => (await run(source({}), { env: { ...none, ...env } })).output;
  assert.match(await says(wrong), /BUN_PORT is "x1"/);
  assert.match(await says({ ...wrong, BUN_PORT: "" }), /PORT is "x2"/);
  assert.match(await says({ NODE_PORT: "x3" }), /NODE_PORT is "x3"/);
  assert.match((await run(source({ port: -5 }), { env: wrong })).output, /Option port is -5/);
});

test("a port in use is an error with its code", () => {
  const { port } = start({});
  assert.throws(() => serve({ port, hostname: "127.0.0.1" }), (error) => error.syscall === "listen" &&
    error.code === "EADDRINUSE" &&
    error.message.startsWith(`Failed to start server. Is port ${port} in use? `));
});

test("reusePort lets several servers share a port", async () => {
  const first = start({ reusePort: true, fetch: () => new Response("x") });
  const second = start({ reusePort: true, port: first.port, fetch: () => new Response("x") });
  assert.equal(second.port, first.port);
  assert.equal(await textAt(first, "/"), "x");
});

test("a port may be text", async () => {
  const first = start({ port: "0" });
  assert.ok(first.port > 0);
});

async function overUnix(socketPath, path = "/") {
  const request = httpRequest({ socketPath, path }).end();
  const [response] = await once(request, "response");
  let body = "";
  for await (const piece of response) body += piece;
  return body;
}

test("unix sockets, by path and by abstract name", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "bao-")), "socket");
  const fetch = (request, server) => new Response(`${request.url} ${server.requestIP(request)}`);
  const server = serve({ unix: path, fetch });
  assert.equal(server.port, undefined);
  assert.equal(server.hostname, undefined);
  assert.equal(server.url.href, `unix://${path}`);
  assert.equal(server.address, path);
  assert.equal(await overUnix(path, "/a"), "http://localhost/a null");
  assert.throws(() => serve({ unix: path, fetch }), { code: "EADDRINUSE" });
  await server.stop();
  assert.equal(existsSync(path), false);

  const name = `\0bao-test-${process.pid}`;
  const abstract = serve({ unix: name, fetch });
  assert.equal(await overUnix(name), "http://localhost/ null");
  await abstract.stop();
});

test("idleTimeout ends silent connections, server.timeout() changes it for a request", async () => {
  const begin = Date.now();
  const server = start({
    idleTimeout: 1,
    fetch: (request, server) => {
      server.timeout(request, 0);
      const reply = new Response("slow but fine");
      return new Promise((resolve) => setTimeout(resolve, 2200, reply));
    },
  });
  const idle = new Client(server);
  const busy = new Client(server);
  busy.get("/");
  await idle.closed;
  assert.ok(Date.now() - begin >= 900 && Date.now() - begin < 2100);
  await busy.until("slow but fine");
  busy.close();
});

test("replies that come from Node's timers carry the time of then", async () => {
  const server = start({
    fetch: () => new Promise((resolve) => setTimeout(() => resolve(new Response("x")), 1100)),
  });
  const reply = await fetch(server.url);
  assert.ok(Date.now() - Date.parse(reply.headers.get("date")) < 1100 + 50);
});

test("head limits", async () => {
  const server = start({ maxHeadFields: 3, fetch: () => new Response("x") });
  const client = new Client(server);
  client.get("/", "A: 1\r\nB: 2\r\nC: 3\r\n");
  assert.match(await client.until("\r\n\r\n"), /^HTTP\/1.1 431/);
  client.close();
});

// -- Members

test("the server's facts", () => {
  const server = start({ hostname: undefined, id: "the-id", development: true });
  assert.ok(server.port > 0);
  assert.equal(server.hostname, "localhost");
  assert.equal(server.protocol, "http");
  assert.ok(server.url instanceof URL);
  assert.equal(server.url.href, `http://localhost:${server.port}/`);
  assert.equal(server.address.port, server.port);
  assert.match(server.address.family, /^IPv[46]$/);
  assert.equal(server.id, "the-id");
  assert.equal(server.development, true);
  assert.equal(server.pendingRequests, 0);
  assert.equal(server.pendingWebSockets, 0);
  assert.equal(server.subscriberCount("x"), 0);
  assert.throws(() => server.upgrade(), /requires a Request/);
  assert.equal(server.publish("a", "b"), 0);
  assert.notEqual(start({}).id, start({}).id);
});

test("requestIP tells who asks", async () => {
  const server = start({ fetch: (request, server) => Response.json(server.requestIP(request)) });
  const client = new Client(server);
  client.get("/");
  await client.until("IPv4");
  assert.match(client.received, new RegExp(`"port":${client.socket.localPort}`));
  client.close();
  assert.equal(server.requestIP(new Request("http://x/")), null);
});

test("server.fetch asks the server's own handlers", async () => {
  const server = start({
    routes: {
      "/prepared": new Response("prepared", { headers: { "X-A": "b" } }),
      "/users/:id": (request) => new Response(request.params.id),
      "/echo": {
        POST: async (request) => Response.json({
          url: request.url,
          type: request.headers.get("content-type"),
          body: await request.text(),
        }),
      },
      "/throw": () => {
        throw new Error("local");
      },
      "/abort": (request, server) => {
        server.abort(request);
      },
      "/none": () => new Response(null, { status: 204 }),
    },
    error: (error) => new Response(error.message, { status: 500 }),
  });
  const prepared = await server.fetch("/prepared");
  assert.deepEqual([prepared.status, prepared.headers.get("x-a")], [200, "b"]);
  assert.equal(await prepared.text(), "prepared");
  assert.equal(await (await server.fetch("/users/%41b")).text(), "Ab");
  assert.equal(await (await server.fetch(new URL("/users/7", server.url))).text(), "7");
  const request = new Request("http://example.org/echo", { method: "POST", body: "grüße" });
  assert.deepEqual(await (await server.fetch(request)).json(),
    { url: "http://example.org/echo", type: "text/plain;charset=utf-8", body: "grüße" });
  assert.equal((await server.fetch("/echo")).status, 405);
  assert.equal(await (await server.fetch("/throw")).text(), "local");
  await assert.rejects(server.fetch("/abort"), { name: "AbortError" });
  assert.equal((await server.fetch("/none")).status, 204);
  assert.equal(server.pendingRequests, 0);
  await server.stop();
  await assert.rejects(server.fetch("/prepared"), /stopped/);
});

// -- Routes

test("routes: exact before parameter before wildcard before fetch", async () => {
  const server = start({
    routes: {
      "/*": () => new Response("any"),
      "/a/:x": (request) => new Response(`x=${request.params.x}`),
      "/a/b": () => new Response("exact"),
      "/a/:x/:y/:z/:u/*": (request) => Response.json(request.params),
      "/files/*": (request) => new Response(request.params["*"]),
      "/off": false,
    },
    fetch: () => new Response("fetch"),
  });
  assert.equal(await textAt(server, "/a/b"), "exact");
  assert.equal(await textAt(server, "/a/c%2Fd%C3%BC"), "x=c/dü");
  assert.equal(await textAt(server, "/a/%FF"), "x=\ufffd");
  assert.equal(await textAt(server, "/else"), "any");
  assert.equal(await textAt(server, "/files/x/y"), "x/y");
  assert.equal(await textAt(server, "/off"), "fetch");
  const params = { x: "1", y: "2", z: "3", u: "4", "*": "5/6" };
  assert.deepEqual(JSON.parse(await textAt(server, "/a/1/2/3/4/5/6")), params);
});

test("routes by method, with HEAD, 405 and fetch", async () => {
  const byMethod = {
    GET: () => new Response("get"),
    POST: new Response("posted"),
    PUT: () => new Response("put"),
  };
  const server = start({ routes: { "/": byMethod } });
  assert.equal(await textAt(server, "/"), "get");
  assert.equal(await textAt(server, "/", { method: "POST" }), "posted");
  assert.equal(await textAt(server, "/", { method: "PUT" }), "put");
  const head = await fetch(server.url, { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("content-length")], [200, "3"]);
  const refused = await fetch(server.url, { method: "DELETE" });
  assert.deepEqual([refused.status, refused.headers.get("allow")], [405, "GET, POST, PUT, HEAD"]);
  const open = start({ routes: { "/": byMethod }, fetch: () => new Response("fetch") });
  assert.equal(await textAt(open, "/", { method: "DELETE" }), "fetch");
  assert.equal((await fetch(start({}).url)).status, 404);
});

test("prepared Responses: every body, an ETag, and the Response stays the program's", async () => {
  const response = new Response("prepared", { status: 200, headers: { "X-A": "b" } });
  const routes = {
    "/text": response,
    "/again": response,
    "/json": Response.json([1]),
    "/bytes": new Response(new Uint8Array([7])),
    "/gone": new Response(null, { status: 410 }),
  };
  const server = start({ routes });
  const first = await fetch(new URL("/text", server.url));
  assert.deepEqual([first.headers.get("x-a"), await first.text()], ["b", "prepared"]);
  assert.equal(await textAt(server, "/again"), "prepared");
  const headers = { "If-None-Match": first.headers.get("etag") };
  assert.equal((await fetch(new URL("/text", server.url), { headers })).status, 304);
  assert.equal(await textAt(server, "/json"), "[1]");
  assert.deepEqual(await (await fetch(new URL("/bytes", server.url))).bytes(), new Uint8Array([7]));
  assert.equal((await fetch(new URL("/gone", server.url))).status, 410);
  server.reload({ routes });
  assert.equal(await textAt(server, "/text"), "prepared");
  assert.equal(await response.text(), "prepared");
});

test("static is the older name of routes, which wins", async () => {
  const server = start({
    static: { "/a": new Response("static a"), "/b": new Response("static b") },
    routes: { "/b": new Response("routes b") },
  });
  assert.equal(await textAt(server, "/a"), "static a");
  assert.equal(await textAt(server, "/b"), "routes b");
});

test("this in handlers is the server, the second argument as well", async () => {
  const seen = [];
  const handler = function (request, server) {
    seen.push(this === server, server === expected);
    return new Response("x");
  };
  const expected = start({ routes: { "/a": handler, "/b": { GET: handler } }, fetch: handler });
  for (const path of ["/a", "/b", "/c"]) await textAt(expected, path);
  assert.deepEqual(seen, Array(6).fill(true));
});
