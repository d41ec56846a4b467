/**
 * Large files, both ways, in memory that does not grow with them; and files that change while they
 * are sent. BAO_TEST_FILE_SIZE, in bytes, makes them as large as one likes.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test as anyTest } from "node:test";
import { file, Response } from "../lib/index.js";
import { start } from "./started.js";
import { Client, library } from "./wire.js";

/** What is waited for may never come if the library is at fault. */
const test = (name, action) => anyTest(name, { timeout: 120_000 }, action);

const MEBIBYTE = 1024 * 1024;
const SIZE = Number(process.env.BAO_TEST_FILE_SIZE ?? 256 * MEBIBYTE);

const folder = fs.mkdtempSync(join(tmpdir(), "bao-large-"));
after(() => fs.rmSync(folder, { recursive: true }));

/** A file with a hole, and something at its end. */
function makeLarge(name, size) {
  const path = join(folder, name);
  fs.writeFileSync(path, "begin");
  fs.truncateSync(path, size - 3);
  fs.appendFileSync(path, "end");
  return path;
}

/** A server in a process of its own, whose memory is its alone. */
async function serverOf(t, routes) {
  const source = `
    import { file, Response, serve, write } from "${library}";
    const server = serve({ port: 0, development: false, maxRequestBodySize: 1e12, routes: {
      "/memory": () => Response.json(process.memoryUsage().rss),
      ${routes}
    } });
    console.log(server.port);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill());
  const [line] = await once(createInterface(child.stdout), "line");
  const port = Number(line);
  const memory = async () => (await fetch(`http://127.0.0.1:${port}/memory`)).json();
  await memory();
  return { port, memory };
}

/** Sends a GET and counts what comes behind the head; resolves to what came of it. */
async function countOf(port, path, fields = "") {
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${fields}\r\n`);
  let head = "";
  let count = 0;
  let last = "";
  for await (const piece of socket) {
    let from = 0;
    if (!head.includes("\r\n\r\n")) {
      const before = head.length;
      head += piece.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) continue;
      from = end + 4 - before;
      head = head.slice(0, end + 4);
    }
    count += piece.length - from;
    last = piece.toString("latin1", Math.max(from, piece.length - 3));
  }
  return { head, count, last };
}

test("a large file is sent whole and by ranges, and costs no memory", async (t) => {
  const path = makeLarge("large.bin", SIZE);
  const server = await serverOf(
    t,
    `"/route": file("${path}"), "/handler": () => new Response(file("${path}")),`,
  );
  const before = await server.memory();
  for (const where of ["/route", "/handler"]) {
    const whole = await countOf(server.port, where);
    assert.match(whole.head, /^HTTP\/1.1 200 /);
    assert.deepEqual([whole.count, whole.last], [SIZE, "end"]);
    const range = `Range: bytes=${SIZE - 2 * MEBIBYTE}-\r\n`;
    const part = await countOf(server.port, where, range);
    assert.match(part.head, new RegExp(`Content-Range: bytes \\d+-${SIZE - 1}/${SIZE}\r\n`));
    assert.deepEqual([part.count, part.last], [2 * MEBIBYTE, "end"]);
  }
  const grown = (await server.memory()) - before;
  assert.ok(grown < 32 * MEBIBYTE, `${grown} bytes`);
});

test("clients that do not read cost no memory", async (t) => {
  const path = makeLarge("slow.bin", SIZE);
  const server = await serverOf(
    t,
    `"/": () => new Response(file("${path}")), "/stream": () => new Response(
      file("${path}").stream().pipeThrough(new TransformStream())),`,
  );
  const before = await server.memory();
  const sockets = [];
  for (let i = 0; i < 40; ++i) {
    const socket = connect(server.port, "127.0.0.1");
    socket.write(`GET /${i % 2 === 0 ? "" : "stream"} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, "readable");
    sockets.push(socket);
  }
  const grown = (await server.memory()) - before;
  assert.ok(grown < 64 * MEBIBYTE, `${grown} bytes`);
  for (const socket of sockets) socket.destroy();
});

test("a body of any size is written to disk in bounded memory", async (t) => {
  const path = join(folder, "upload.bin");
  const server = await serverOf(
    t,
    `"/": { POST: async (req) => Response.json(await write("${path}", req)) },`,
  );
  const before = await server.memory();
  const size = Math.min(SIZE, 256 * MEBIBYTE);
  const hash = createHash("sha256");
  const request = httpRequest({ port: server.port, host: "127.0.0.1", method: "POST" });
  request.setHeader("Content-Length", size);
  const replied = once(request, "response");
  for (let sent = 0; sent < size; sent += MEBIBYTE) {
    const piece = Buffer.alloc(MEBIBYTE, sent / MEBIBYTE);
    hash.update(piece);
    if (!request.write(piece)) await once(request, "drain");
  }
  request.end();
  const [reply] = await replied;
  assert.equal((await reply.toArray()).join(""), String(size));
  const grown = (await server.memory()) - before;
  assert.ok(grown < 64 * MEBIBYTE, `${grown} bytes`);
  const stored = createHash("sha256");
  for await (const piece of fs.createReadStream(path)) stored.update(piece);
  assert.equal(stored.digest("hex"), hash.digest("hex"));
  fs.rmSync(path);
});

test("a disk that takes nothing ends an upload with an error", async () => {
  const server = start({
    fetch: async (request) => new Response(String(await file("/dev/full").write(request))),
    error: (error) => new Response(error.code, { status: 507 }),
  });
  const client = new Client(server);
  client.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${MEBIBYTE}\r\n\r\n`);
  client.write("x".repeat(100_000));
  await client.until("ENOSPC");
  assert.match(client.received, /^HTTP\/1.1 507 /);
  client.close();
});

test("an upload that is cut is an error, and the file is what had come", async () => {
  const path = join(folder, "cut.bin");
  const failed = Promise.withResolvers();
  const server = start({
    async fetch(request) {
      await file(path).write(request).catch(failed.resolve);
      return new Response("never");
    },
  });
  const client = new Client(server);
  client.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nfirst");
  while (!fs.existsSync(path) || fs.statSync(path).size < 5) await new Promise(setImmediate);
  client.socket.resetAndDestroy();
  assert.equal((await failed.promise).name, "AbortError");
  assert.equal(fs.readFileSync(path, "utf8"), "first");
});

// -- Files that change. A client that reads nothing at first holds the server up.

/** A reply that has begun, and whose rest waits for the client. */
async function begun(t, server) {
  const socket = connect(server.port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  await once(socket, "readable");
  return socket;
}

async function restOf(socket) {
  let count = 0;
  try {
    for await (const piece of socket) count += piece.length;
    return { count, end: "clean" };
  } catch (error) {
    return { count, end: error.code };
  }
}

const HEAD = 300;
const LENGTH = 64 * MEBIBYTE;

test("a file that becomes shorter ends in a reset", async (t) => {
  const path = makeLarge("shrinks.bin", LENGTH);
  const socket = await begun(t, start({ fetch: () => new Response(file(path)) }));
  fs.truncateSync(path, MEBIBYTE);
  const { count, end } = await restOf(socket);
  assert.ok(count < LENGTH);
  assert.equal(end, "ECONNRESET");
});

test("a file that vanishes, is replaced or grows is sent as it was", async (t) => {
  const changes = {
    vanishes: (path) => fs.rmSync(path),
    "is replaced": (path) => {
      fs.writeFileSync(`${path}.new`, "new");
      fs.renameSync(`${path}.new`, path);
    },
    grows: (path) => fs.appendFileSync(path, "more"),
  };
  for (const [name, change] of Object.entries(changes)) {
    const path = makeLarge("changes.bin", LENGTH);
    const socket = await begun(t, start({ routes: { "/": file(path) } }));
    change(path);
    const { count, end } = await restOf(socket);
    assert.equal(end, "clean", name);
    assert.ok(count > LENGTH && count < LENGTH + HEAD, name);
  }
});
