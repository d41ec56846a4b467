/** Files as replies: in handlers, on routes, and in what server.fetch gets. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { mkdtempSync, openSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test as anyTest } from "node:test";
import { file, Response } from "../lib/index.js";
import { at, start } from "./started.js";
import { Client, errorsOf } from "./wire.js";

/** What is waited for may never come if the library is at fault. */
const test = (name, action) => anyTest(name, { timeout: 20_000 }, action);

const folder = mkdtempSync(join(tmpdir(), "bao-served-"));
after(() => rmSync(folder, { recursive: true }));

/** Long ago, so that its ETag is strong. */
function make(name, content) {
  const path = join(folder, name);
  writeFileSync(path, content);
  utimesSync(path, 784111777, 784111777);
  return path;
}

const MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT";
const ten = make("ten.txt", "0123456789");
const nothing = join(folder, "nothing.txt");
const types = (reply) => reply.headers.get("content-type");
const ranges = (reply) => reply.headers.get("content-range");

/** What came, in short. */
async function short(reply) {
  return [reply.status, await reply.text(), types(reply), ranges(reply)];
}
const WHOLE = [200, "0123456789", "text/plain;charset=utf-8", null];

test("a handler may return a file in many ways", async () => {
  const ways = {
    "/plain": () => new Response(file(ten)),
    "/later": async () => new Response(file(ten)),
    "/clone": () => new Response(file(ten)).clone(),
    "/looked-at": () => {
      const response = new Response(file(ten));
      response.headers.set("x-a", "b");
      return response;
    },
    "/stream": () => new Response(file(ten).stream()),
    "/body": () => new Response(new Response(file(ten)).body),
    "/own-body": () => {
      const response = new Response(file(ten));
      assert.ok(response.body instanceof ReadableStream);
      return response;
    },
    "/slice-of-all": () => new Response(file(ten).slice()),
  };
  const server = start({ routes: ways, fetch: () => new Response("?", { status: 404 }) });
  for (const path of Object.keys(ways)) {
    const reply = await at(server, path);
    const { headers } = reply;
    assert.deepEqual(await short(reply), WHOLE, path);
    assert.match(headers.get("etag"), /^"[0-9a-f]{16}"$/, path);
    assert.equal(headers.get("last-modified"), MODIFIED, path);
    assert.equal(headers.get("accept-ranges"), "bytes", path);
    assert.equal(headers.get("content-length"), "10", path);
  }
  assert.equal((await at(server, "/looked-at")).headers.get("x-a"), "b");
});

test("conditions, ranges and HEAD are answered by the engine", async () => {
  const server = start({
    routes: { "/route": file(ten), "/response": new Response(file(ten)) },
    fetch: () => new Response(file(ten)),
  });
  for (const path of ["/route", "/response", "/handler"]) {
    const ask = (headers, method) => at(server, path, { headers, method });
    const first = await ask({});
    const etag = first.headers.get("etag");
    assert.deepEqual(await short(first), WHOLE);
    assert.equal((await ask({ "If-None-Match": etag })).status, 304);
    assert.equal((await ask({ "If-None-Match": '"x"' })).status, 200);
    assert.equal((await ask({ "If-Modified-Since": MODIFIED })).status, 304);
    assert.equal((await ask({ "If-Match": '"x"' })).status, 412);
    const part = await ask({ Range: "bytes=2-4" });
    assert.deepEqual(await short(part), [206, "234", WHOLE[2], "bytes 2-4/10"]);
    const last = await ask({ Range: "bytes=-2", "If-Range": etag });
    assert.deepEqual(await short(last), [206, "89", WHOLE[2], "bytes 8-9/10"]);
    assert.deepEqual(await short(await ask({ Range: "bytes=2-4", "If-Range": '"x"' })), WHOLE);
    const beyond = await ask({ Range: "bytes=10-" });
    assert.deepEqual([beyond.status, ranges(beyond)], [416, "bytes */10"]);
    const head = await ask({}, "HEAD");
    assert.deepEqual([head.status, head.headers.get("content-length")], [200, "10"]);
    assert.equal((await ask({ Range: "bytes=2-4" }, "POST")).status, 200);
  }
});

test("slices are sent with their range, whatever the request asks for", async () => {
  const it = file(ten);
  const parts = {
    "/part": [it.slice(2, 5), [206, "234", "bytes 2-4/10"]],
    "/from": [it.slice(6), [206, "6789", "bytes 6-9/10"]],
    "/last": [it.slice(-4), [206, "6789", "bytes 6-9/10"]],
    "/beyond": [it.slice(6, 600), [206, "6789", "bytes 6-9/10"]],
    "/empty": [it.slice(5, 5), [200, "", null]],
    "/behind": [it.slice(50, 60), [200, "", null]],
    "/all": [it.slice(0, 10), [200, "0123456789", null]],
    "/slice-of-slice": [it.slice(2, 9).slice(1, 3), [206, "34", "bytes 3-4/10"]],
  };
  const server = start({
    routes: Object.fromEntries(Object.entries(parts).map(([path, [part]]) => [path, part])),
    fetch: (request) => new Response(parts[new URL(request.url).pathname.slice(4)][0]),
  });
  for (const [path, [, expected]] of Object.entries(parts)) {
    for (const prefix of ["", "/own"]) {
      for (const headers of [{}, { Range: "bytes=0-0" }]) {
        const reply = await at(server, prefix + path, { headers });
        const length = Number(reply.headers.get("content-length"));
        assert.deepEqual([reply.status, await reply.text(), ranges(reply)], expected, path);
        assert.equal(length, expected[1].length);
      }
    }
  }
});

test("status and fields are the program's", async () => {
  const own = (init, part = file(ten)) => () => new Response(part, init);
  const routes = {
    "/201": own({ status: 201 }),
    "/404": new Response(file(ten), { status: 404 }),
    "/204": own({ status: 204 }),
    "/type": own({ headers: { "Content-Type": "a/b" } }),
    "/route-type": new Response(file(ten), { headers: { "Content-Type": "a/b" } }),
    "/option": own({}, file(ten, { type: "text/html" })),
    "/route-option": file(ten, { type: "text/html" }),
    "/slice-type": own({}, file(ten).slice(2, 5, "c/d")),
    "/206": own({ status: 206 }, file(ten).slice(2, 5)),
    "/own-range": own({ headers: { "Content-Range": "bytes 2-4/*" } }, file(ten).slice(2, 5)),
    "/part-404": own({ status: 404 }, file(ten).slice(2, 5)),
    "/no-type": () => {
      const response = new Response(file(ten));
      response.headers.delete("content-type");
      return response;
    },
    "/etag": own({ headers: { ETag: '"mine"' } }),
    "/length": own({ headers: { "Content-Length": "3" } }),
    "/no-ranges": own({ headers: { "Accept-Ranges": "none" } }),
  };
  const server = start({ routes });
  const expected = {
    "/201": [201, WHOLE[1], WHOLE[2], null],
    "/404": [404, WHOLE[1], WHOLE[2], null],
    "/204": [204, "", null, null],
    "/type": [200, WHOLE[1], "a/b", null],
    "/route-type": [200, WHOLE[1], "a/b", null],
    "/option": [200, WHOLE[1], "text/html;charset=utf-8", null],
    "/route-option": [200, WHOLE[1], "text/html;charset=utf-8", null],
    "/slice-type": [206, "234", "c/d", "bytes 2-4/10"],
    "/206": [206, "234", WHOLE[2], "bytes 2-4/10"],
    "/own-range": [206, "234", WHOLE[2], "bytes 2-4/*"],
    "/part-404": [404, "234", WHOLE[2], null],
    "/no-type": [200, WHOLE[1], null, null],
    "/etag": WHOLE,
    "/length": WHOLE,
    "/no-ranges": WHOLE,
  };
  for (const path of Object.keys(routes)) {
    assert.deepEqual(await short(await at(server, path)), expected[path], path);
  }
  const headers = { "If-None-Match": '"mine"' };
  assert.equal((await at(server, "/etag", { headers })).status, 304);
  assert.equal((await at(server, "/404", { headers: { "If-None-Match": "*" } })).status, 404);
  const range = { headers: { Range: "bytes=0-0" } };
  assert.equal((await at(server, "/no-ranges", range)).status, 200);
});

test("a file may stand on a route, for each method, and in `static`", async () => {
  const path = make("route.txt", "one");
  const response = new Response(file(path), { headers: { "x-a": "b" } });
  const server = start({
    static: { "/static": response },
    routes: { "/file": file(path), "/methods": { GET: file(path), PUT: response } },
  });
  for (const where of ["/static", "/file", "/methods"]) {
    assert.equal(await (await at(server, where)).text(), "one", where);
  }
  assert.equal((await at(server, "/methods", { method: "PUT" })).headers.get("x-a"), "b");
  assert.equal((await at(server, "/methods", { method: "POST" })).status, 405);
  // It is read at each request, and the program keeps its Response.
  writeFileSync(path, "another");
  assert.equal(await (await at(server, "/static")).text(), "another");
  assert.equal(response.bodyUsed, false);
  server.reload({ routes: { "/again": response } });
  assert.equal(await (await at(server, "/again")).text(), "another");
  const descriptor = openSync(path);
  const refused = /Route "\/" has a file that is a descriptor: give its path/;
  for (const value of [file(descriptor), new Response(file(descriptor))]) {
    assert.throws(() => start({ routes: { "/": value } }), refused);
  }
  fs.closeSync(descriptor);
});

test("a missing file on a route lets the request go on", async () => {
  const routes = {
    "/a/b": file(nothing),
    "/a/:any": new Response(file(folder)),
    "/*": file("/dev/null"),
  };
  const server = start({ routes, fetch: (request) => new Response(new URL(request.url).pathname) });
  for (const path of ["/a/b", "/a/c", "/d"]) {
    assert.equal(await (await at(server, path)).text(), path);
  }
  assert.equal((await at(start({ routes }), "/a/b")).status, 404);
  writeFileSync(nothing, "there");
  assert.equal(await (await at(server, "/a/b")).text(), "there");
  rmSync(nothing);
});

test("a missing file in a handler is the error handler's", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const seen = [];
  const server = start({
    routes: {
      "/sync": () => new Response(file(nothing)),
      "/async": async () => new Response(file(nothing).slice(1)),
      "/stream": () => new Response(file(nothing).stream()),
      "/folder": () => new Response(file(folder)),
      "/below": () => new Response(file(`${ten}/below`)),
      "/pipe": () => new Response(file(pipe)),
      "/device": () => new Response(file("/dev/zero")),
      "/descriptor": () => new Response(file(9999)),
    },
    error(error) {
      seen.push(error);
      return new Response(error.code, { status: 404 });
    },
  });
  const expected = {
    "/sync": ["ENOENT", "open", nothing, -2],
    "/async": ["ENOENT", "open", nothing, -2],
    "/stream": ["ENOENT", "open", nothing, -2],
    "/folder": ["EISDIR", "read", folder, -21],
    "/below": ["ENOTDIR", "open", `${ten}/below`, -20],
    "/pipe": ["ENOTSUP", "open", pipe, -95],
    "/device": ["ENOTSUP", "open", "/dev/zero", -95],
    "/descriptor": ["EBADF", "fstat", undefined, -9],
  };
  for (const [path, facts] of Object.entries(expected)) {
    for (const method of ["GET", "HEAD"]) {
      assert.equal((await at(server, path, { method })).status, 404, path);
      const { code, syscall, path: where, errno } = seen.pop();
      assert.deepEqual([code, syscall, where, errno], facts, path);
    }
  }
  await at(server, "/sync");
  assert.equal(seen[0].message, `ENOENT: no such file or directory, open '${nothing}'`);
});

test("without an error handler it is a 500 that is printed", async () => {
  const fetch = () => new Response(file(nothing));
  for (const development of [true, false]) {
    const server = start({ fetch, development });
    let reply;
    const printed = await errorsOf(async () => {
      reply = await at(server);
      const text = await reply.text();
      if (development) assert.match(text, /no such file or directory/);
      else assert.equal(text, "");
    });
    assert.equal(reply.status, 500);
    assert.equal(printed[0].code, "ENOENT");
  }
});

test("the error handler may answer with a file, and be wrong about that one, too", async () => {
  const server = start({
    fetch(request) {
      return new Response(file(nothing), { status: request.url.endsWith("/b") ? 201 : 200 });
    },
    error: () => new Response(file(ten), { status: 404 }),
  });
  for (const path of ["/a", "/b"]) {
    assert.deepEqual(await short(await at(server, path)), [404, ...WHOLE.slice(1)]);
  }
  const wrong = start({
    fetch: () => new Response(file(nothing)),
    error: () => new Response(file(folder)),
  });
  const printed = await errorsOf(async () => assert.equal((await at(wrong)).status, 500));
  assert.deepEqual(printed.map((error) => error.code), ["EISDIR"]);
});

test("a descriptor of a regular file is sent by the engine, others are read", async () => {
  const descriptor = openSync(ten);
  const pipe = join(folder, "open-pipe");
  execFileSync("mkfifo", [pipe]);
  const both = openSync(pipe, "r+");
  const server = start({
    routes: {
      "/file": () => new Response(file(descriptor)),
      "/part": () => new Response(file(descriptor).slice(2, 4)),
      "/pipe": () => new Response(file(both).slice(0, 5)),
    },
  });
  const type = "application/octet-stream";
  assert.deepEqual(await short(await at(server, "/file")), [200, WHOLE[1], type, null]);
  assert.deepEqual(await short(await at(server, "/part")), [206, "23", type, "bytes 2-3/10"]);
  fs.writeSync(both, "piped");
  assert.deepEqual(await short(await at(server, "/pipe")), [200, "piped", type, null]);
  fs.closeSync(descriptor);
  fs.closeSync(both);
});

test("a pipeline of files and others is answered in order", async () => {
  const server = start({
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/text") return new Response("text");
      if (pathname === "/missing") return new Response(file(nothing));
      return new Response(file(ten).slice(0, 3));
    },
    error: () => new Response("error", { status: 404 }),
  });
  const client = new Client(server);
  const order = ["/file", "/text", "/missing", "/file", "/missing", "/text"];
  client.write(order.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(""));
  await client.until(/(text[^]*){3}$/);
  const bodies = [...client.received.matchAll(/\r\n\r\n(012|text|error)/g)].map(([, body]) => body);
  assert.deepEqual(bodies, ["012", "text", "error", "012", "error", "text"]);
  client.close();
});

test("a request is over when its file is on its way", async () => {
  let kept;
  const server = start({
    fetch(request, own) {
      kept = { request, own };
      void request.signal;
      return new Response(file(ten));
    },
  });
  await (await at(server, "/path")).text();
  assert.equal(kept.own.requestIP(kept.request), null);
  assert.equal(new URL(kept.request.url).pathname, "/path");
  assert.equal(kept.request.signal.aborted, false);
  assert.equal(server.pendingRequests, 0);
});

test("large Blobs are sent piece by piece, with their length", async () => {
  const path = make("blob.bin", "b".repeat(5_000_000));
  const blob = await fs.openAsBlob(path, { type: "a/b" });
  const routes = { "/copy": new Response(blob) };
  const server = start({ fetch: () => new Response(blob), routes });
  for (const where of ["/", "/copy"]) {
    const reply = await at(server, where);
    assert.equal(reply.headers.get("content-length"), "5000000");
    assert.equal(types(reply), "a/b");
    assert.equal((await reply.bytes()).length, 5_000_000);
  }
  const head = await at(server, "/", { method: "HEAD" });
  assert.equal(head.headers.get("content-length"), "5000000");
});

test("a form with files can be sent, and stored", async () => {
  const server = start({
    routes: {
      "/form": () => {
        const form = new FormData();
        form.append("file", file(ten));
        return new Response(form);
      },
      "/store": {
        async POST(request) {
          const form = await request.formData();
          const stored = file(join(folder, "stored"));
          const length = await stored.write(form.get("file"));
          return Response.json([form.get("file").name, length, await stored.text()]);
        },
      },
    },
  });
  const form = await (await at(server, "/form")).formData();
  assert.equal(await form.get("file").text(), WHOLE[1]);
  assert.equal(form.get("file").name, ten);
  const reply = await at(server, "/store", { method: "POST", body: form });
  assert.deepEqual(await reply.json(), [ten, 10, WHOLE[1]]);
  const own = new FormData();
  own.append("file", file(ten));
  const direct = await at(server, "/store", { method: "POST", body: own });
  assert.deepEqual(await direct.json(), [ten, 10, WHOLE[1]]);
});

// -- server.fetch

test("server.fetch gets files as everybody does", async () => {
  const server = start({
    routes: { "/route": file(ten), "/missing": file(nothing) },
    fetch: () => new Response(file(ten).slice(2, 5)),
  });
  const whole = await server.fetch("/route");
  assert.equal(whole.url, new URL("/route", server.url).href);
  assert.equal(whole.headers.get("last-modified"), MODIFIED);
  assert.deepEqual(await short(whole), WHOLE);
  for (const path of ["/missing", "/handler"]) {
    const part = await short(await server.fetch(path));
    assert.deepEqual(part, [206, "234", WHOLE[2], "bytes 2-4/10"]);
  }
  const headers = { Range: "bytes=-1" };
  assert.deepEqual(await short(await server.fetch("/route", { headers })), [
    206,
    "9",
    WHOLE[2],
    "bytes 9-9/10",
  ]);
  assert.equal((await server.fetch("/route", { method: "HEAD" })).status, 200);
});

test("server.fetch of a large file is a stream of it, and leaves no descriptor", async () => {
  const path = make("large.bin", "");
  fs.truncateSync(path, 200 * 1024 * 1024);
  const server = start({ routes: { "/": file(path) } });
  const open = () => fs.readdirSync("/proc/self/fd").filter((fd) => isOpen(fd, path)).length;
  const reply = await server.fetch("/");
  assert.deepEqual([reply.status, open()], [200, 1]);
  let length = 0;
  for await (const piece of reply.body) length += piece.length;
  assert.equal(length, 200 * 1024 * 1024);
  const left = await server.fetch("/");
  await left.body.cancel();
  const head = await server.fetch("/", { method: "HEAD" });
  assert.equal(await head.text(), "");
  const part = await server.fetch("/", { headers: { Range: "bytes=5-2000004" } });
  assert.equal((await part.bytes()).length, 2_000_000);
  const shorter = await server.fetch("/");
  fs.truncateSync(path, 1024 * 1024);
  await assert.rejects(shorter.bytes(), /shorter/);
  while (open() > 0) await new Promise(setImmediate);
});

function isOpen(fd, path) {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`) === path;
  } catch {
    return false;
  }
}

test("the signal of server.fetch ends the waiting, and reaches the handler", async () => {
  const seen = [];
  const server = start({
    fetch: (request) =>
      new Promise((resolve) => {
        request.signal.addEventListener("abort", () => {
          seen.push(new URL(request.url).pathname);
          resolve(new Response("too late"));
        });
        began();
      }),
  });
  let began;
  for (const path of ["/init", "/request"]) {
    const controller = new AbortController();
    const begun = new Promise((resolve) => (began = resolve));
    const { signal } = controller;
    const waiting =
      path === "/init"
        ? server.fetch(path, { signal })
        : server.fetch(new Request(new URL(path, server.url), { signal }));
    await begun;
    const reason = new Error("no longer wanted");
    controller.abort(reason);
    await assert.rejects(waiting, (error) => error === reason);
  }
  assert.deepEqual(seen, ["/init", "/request"]);
  const aborted = AbortSignal.abort(new Error("before"));
  await assert.rejects(server.fetch("/", { signal: aborted }), /before/);
  assert.equal(server.pendingRequests, 0);
});
