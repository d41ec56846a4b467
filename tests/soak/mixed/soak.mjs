// A mixed application under load for a while: routes, files, uploads, events, WebSockets, reloads, and processes that crash.
// No reply may be lost or garbled, and memory must stay flat:
//
//     node soak.mjs SECONDS PROGRAM [ARGUMENTS]
//
// The program is tests/soak/mixed/server.cc or server.mjs; a file and perhaps "cluster" are added to its arguments.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { Hash } from "./hash.mjs";

const [seconds, program, ...args] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "bao-soak-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const content = randomBytes(700_000);
const file = join(folder, "content.bin");
writeFileSync(file, content);

const deadline = Date.now() + Number(seconds) * 1000;
const isOver = () => Date.now() >= deadline;
/** As assert.deepEqual, of what is too long to be shown. */
const same = (seen, expected, what) =>
  assert.ok(isDeepStrictEqual(seen, expected), `${what} are garbled: ${seen.length}, not ${expected.length}`);
/** How often what was done. */
const done = {};
const count = (what) => (done[what] = (done[what] ?? 0) + 1);

async function startServer(...more) {
  const child = spawn(program, [...args, file, ...more], { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => child.kill("SIGKILL"));
  const [line] = await once(child.stdout, "data");
  const [url, pid] = `${line}`.trim().split(" ");
  return { child, url: new URL(url), pid: Number(pid) };
}

// -- Asking

class Client {
  constructor(url) {
    this.url = url;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  }

  /** The status, the fields and the bytes of a reply; rejects unless it is whole. */
  ask(path, { method = "GET", headers = {}, body = undefined } = {}) {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.url;
      const request = http.request({ agent: this.agent, hostname, port, path, method, headers });
      request.on("error", reject);
      request.on("response", (reply) => {
        const pieces = [];
        reply.on("data", (piece) => pieces.push(piece));
        reply.on("error", reject);
        reply.on("end", () => {
          const { statusCode: status, headers } = reply;
          if (!reply.complete) return reject(new Error(`${path}: half a reply`));
          resolve({ status, headers, bytes: Buffer.concat(pieces) });
        });
      });
      request.end(body);
    });
  }

  async text(path, options) {
    const { status, bytes } = await this.ask(path, options);
    assert.equal(status, 200, `${path}: ${status}`);
    return bytes.toString();
  }

  close() {
    this.agent.destroy();
  }
}

const tasks = {
  async prepared(client) {
    assert.equal(await client.text("/prepared"), "prepared and sent\n");
  },
  async route(client) {
    const name = `n${randomInt(1e9)}`;
    assert.equal(await client.text(`/hello/${name}`), `hello ${name}`);
  },
  async echo(client) {
    const body = randomBytes(randomInt(1, 3000)).toString("hex");
    assert.equal(await client.text("/echo", { method: "POST", body }), body);
  },
  async file(client) {
    const { status, bytes } = await client.ask("/file");
    assert.ok(status === 200 && bytes.equals(content), "the file is garbled");
  },
  async part(client) {
    const begin = randomInt(content.length);
    const end = randomInt(begin, Math.min(begin + 50_000, content.length));
    const { status, bytes } = await client.ask("/file", { headers: { range: `bytes=${begin}-${end}` } });
    assert.equal(status, 206);
    assert.ok(bytes.equals(content.subarray(begin, end + 1)), "a part of the file is garbled");
  },
  async upload(client) {
    const body = content.subarray(0, randomInt(1, content.length));
    const headers = randomInt(2) === 0 ? { "transfer-encoding": "chunked" } : {};
    const hash = new Hash().add(body).text();
    assert.equal(await client.text("/upload", { method: "POST", body, headers }), hash);
  },
  async form(client) {
    const part = content.subarray(0, randomInt(1, 100_000));
    const form = new FormData();
    form.set("name", "soak");
    form.set("file", new Blob([part]), "part.bin");
    const encoded = new globalThis.Response(form);
    const headers = { "content-type": encoded.headers.get("content-type") };
    const body = Buffer.from(await encoded.arrayBuffer());
    const expected = `soak ${new Hash().add(part).text()}`;
    assert.equal(await client.text("/form", { method: "POST", body, headers }), expected);
  },
  async events(client) {
    const number = randomInt(1, 60);
    const text = await client.text(`/events?count=${number}`);
    const seen = text.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
    same(seen, Array.from({ length: number }, (_, i) => `${i}`), "events");
  },
  async pieces(client) {
    const number = randomInt(1, 300);
    const expected = Array.from({ length: number }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(1000));
    same(await client.text(`/pieces?count=${number}`), expected.join(""), "pieces");
  },
};

/** Does one task after the other, on connections that are used for a while. */
async function work(url, names) {
  while (!isOver()) {
    const client = new Client(url);
    for (let i = randomInt(1, 40); i > 0 && !isOver(); --i) {
      const name = names[randomInt(names.length)];
      await tasks[name](client);
      count(name);
    }
    client.close();
  }
}

/** Many requests at once on one connection: all are answered, in order. */
async function pipeline(url) {
  while (!isOver()) {
    const number = randomInt(2, 200);
    const socket = connect(Number(url.port), url.hostname);
    let received = "";
    socket.setEncoding("latin1").on("data", (text) => (received += text));
    for (let i = 1; i <= number; ++i) {
      const last = i === number ? "Connection: close\r\n" : "";
      socket.write(`GET /hello/${i} HTTP/1.1\r\nHost: a\r\n${last}\r\n`);
    }
    await once(socket, "close");
    const seen = received.match(/hello \d+/g) ?? [];
    same(seen, Array.from({ length: number }, (_, i) => `hello ${i + 1}`), "pipelined replies");
    count("pipelines");
  }
}

/** New handlers while requests are under way: whoever began with old ones ends with them. */
async function reload(url) {
  const client = new Client(url);
  const other = new Client(url);
  for (let version = 1; !isOver(); ++version) {
    const slow = other.text("/slow");
    assert.equal(await client.text("/version"), `${version}`);
    assert.equal(await client.text("/reload"), `${version + 1}`);
    const began = Number(await slow);
    assert.ok(began === version || began === version + 1, `${began} at ${version}`);
    count("reloads");
  }
  client.close();
  other.close();
}

/** Every message comes back, in order and whole; those for all come to the others. */
async function talk(url) {
  const address = `ws://${url.host}/socket`;
  while (!isOver()) {
    const sockets = await Promise.all([address, address].map(opened));
    const [one, other] = sockets;
    const expected = [];
    for (let i = randomInt(5, 60); i > 0; --i) {
      const text = randomBytes(randomInt(1, 4000)).toString("base64");
      expected.push(randomInt(3) === 0 ? `all ${text}` : text);
    }
    for (const message of expected) one.socket.send(message);
    // Others talk to all at the same time.
    const own = new Set(expected);
    const isOwn = (message) => own.has(message);
    await one.until(expected.length, isOwn);
    same(one.received.filter(isOwn), expected, "messages");
    const forAll = expected.filter((message) => message.startsWith("all "));
    await other.until(forAll.length, isOwn);
    same(other.received.filter(isOwn), forAll, "messages for all");
    for (const { socket } of sockets) socket.close();
    await Promise.all(sockets.map(({ closed }) => closed));
    count("socket pairs");
  }
}

async function opened(address) {
  const socket = new WebSocket(address);
  const received = [];
  let look = () => {};
  socket.onmessage = ({ data }) => {
    received.push(data);
    look();
  };
  const closed = once(socket, "close");
  await once(socket, "open");
  /** Until so many messages have come for which `fits` holds. */
  const until = (number, fits) =>
    new Promise((resolve, reject) => {
      look = () => received.filter(fits).length >= number && resolve();
      closed.then(() => reject(new Error("a socket was closed")));
      look();
    });
  return { socket, received, closed, until };
}

/** Crashes a process again and again: what is answered is right, and the port stays open. */
async function crash(url) {
  while (!isOver()) {
    const client = new Client(url);
    await client.ask("/crash").then(
      () => assert.fail("it does not crash"), () => count("crashes"));
    client.close();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Asks a cluster: connections may break with their process, but what comes whole is right. */
async function workOnCluster(url) {
  let broken = 0;
  while (!isOver()) {
    const client = new Client(url);
    try {
      for (let i = 0; i < 20 && !isOver(); ++i) {
        await tasks.route(client);
        await tasks.part(client);
        count("cluster replies");
        broken = 0;
      }
    } catch (error) {
      if (error.code === "ERR_ASSERTION") throw error;
      assert.ok(++broken < 200, `the cluster does not come back: ${error.message}`);
      count("cut by crashes");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    client.close();
  }
}

// -- Memory

/** How much the process has of the machine's memory. */
const residentOf = (pid) => Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * 4096;

/** Looks at a process from time to time: what it holds, and what it says that it uses of that. */
async function watch({ pid, url }) {
  const samples = [];
  const client = new Client(url);
  while (!isOver()) {
    samples.push({ held: residentOf(pid), used: Number(await client.text("/memory")) });
    await new Promise((resolve) => setTimeout(resolve, Math.min(1000, Number(seconds) * 10)));
  }
  client.close();
  return samples;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const inMegabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/**
 * The last third against the second: heaps settle in the first. What is used must not grow; what is held may somewhat,
 * because JavaScript's heap takes room for as much garbage as there was at the busiest moment. A short run shows nothing.
 */
function judge(samples) {
  const third = Math.floor(samples.length / 3);
  for (const [what, factor] of [["used", 1.1], ["held", 1.5]]) {
    const numbers = samples.map((sample) => sample[what]);
    const before = median(numbers.slice(third, 2 * third));
    const after = median(numbers.slice(-third));
    console.log(`memory ${what}: ${[numbers[0], before, after].map(inMegabytes).join(", then ")}`);
    if (Number(seconds) >= 60) assert.ok(after < before * factor + 2e6, "memory grows");
  }
}

const single = await startServer();
const cluster = await startServer("cluster");
const names = Object.keys(tasks);
const samples = watch(single);
await Promise.all([
  ...Array.from({ length: 6 }, () => work(single.url, names)),
  pipeline(single.url), reload(single.url), talk(single.url), talk(single.url),
  workOnCluster(cluster.url), workOnCluster(cluster.url), crash(cluster.url),
]);
judge(await samples);
for (const name of [...names, "pipelines", "reloads", "socket pairs", "crashes", "cluster replies"]) {
  assert.ok(done[name] > 0, `nothing was done of: ${name}`);
}
// A graceful end, with nothing left over.
for (const { child } of [single, cluster]) {
  child.kill("SIGTERM");
  const [code, signal] = await once(child, "exit");
  assert.deepEqual([code, signal], [0, null]);
}
console.log(Object.entries(done).map(([what, times]) => `${what} ${times}`).join(", "));
process.exit(0);
