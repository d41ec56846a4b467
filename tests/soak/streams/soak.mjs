/**
 * Puts a server under slow clients and large bodies, and fails if it needs more memory than it may.
 *
 *     node soak.mjs [--quick] SERVER...
 *
 * SERVER is the program `test_soak_streams`, or `server.mjs`, which Node runs. What is looked at is the
 * most memory that the process has had (VmHWM); what the kernel keeps in sockets is not in it.
 * `--quick` does the same with few megabytes and no minute, for every run of the tests.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomFillSync } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  createReadStream,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { get, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const MIB = 1024 * 1024;

const isQuick = process.argv.includes("--quick");
const programs = process.argv.slice(2).filter((argument) => argument !== "--quick");

const size = isQuick
  ? { readers: 20, seconds: 1, file: 16 * MIB, upload: 4 * MIB, chain: 8 * MIB }
  : { readers: 200, seconds: 60, file: 1024 * MIB, upload: 1024 * MIB, chain: 1024 * MIB };

/**
 * The most MiB that a server may have had. In C++ a file costs nothing for a reader, and a stream
 * at most 256 KiB and a piece; Node begins with some 70 MiB, and collects when it likes.
 */
const BOUNDS = {
  cpp: { file: 32, endless: 32 + (size.readers * 288) / 1024, upload: 32, chain: 32 },
  node: { file: 128, endless: 192 + (size.readers * 512) / 1024, upload: 192, chain: 256 },
};

const folder = mkdtempSync(join(tmpdir(), "bao-soak-"));
const children = new Set();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

// -- Servers and files

async function start(program, ...args) {
  const isScript = program.endsWith(".mjs");
  const command = isScript ? [process.execPath, program] : [program];
  const child = spawn(command[0], [...command.slice(1), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.add(child);
  let output = "";
  for await (const text of child.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    output += text;
    const url = /listening on (\S+)\n/.exec(output)?.[1];
    if (url !== undefined) return { child, url: new URL(url), ended: once(child, "exit") };
  }
  throw new Error(`${program} ended before it listened: ${output}`);
}

async function stop(server) {
  children.delete(server.child);
  server.child.kill("SIGKILL");
  await server.ended;
}

/** The most memory that the process has had, in MiB. */
function peakOf({ child }) {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)[1]) / 1024;
}

function sparseFile(length) {
  const path = join(folder, "sparse");
  const file = openSync(path, "w");
  ftruncateSync(file, length);
  closeSync(file);
  return path;
}

function randomFile(length) {
  const path = join(folder, "random");
  const file = openSync(path, "w");
  const block = Buffer.allocUnsafe(MIB);
  for (let at = 0; at < length; at += MIB) writeSync(file, randomFillSync(block));
  closeSync(file);
  return path;
}

async function digestOf(stream) {
  const hash = createHash("sha256");
  let length = 0;
  for await (const piece of stream) {
    hash.update(piece);
    length += piece.length;
  }
  return { length, sha256: hash.digest("hex") };
}

// -- Clients

/**
 * Takes what comes in sips of 64 KiB or so with rests, over HTTP/1.0, so that the content comes as
 * it is. `check` is called with each piece of the content and its place.
 */
class SlowReader {
  received = 0;
  failure = null;
  #head = "";

  constructor({ port, hostname }, path, check) {
    this.check = check;
    this.socket = connect(port, hostname);
    this.socket.on("error", (error) => (this.failure ??= error));
    this.socket.on("close", () => (this.failure ??= new Error("the connection was closed")));
    this.socket.on("data", (piece) => this.#take(piece));
    this.socket.write(`GET ${path} HTTP/1.0\r\nHost: a\r\n\r\n`);
    this.begun = new Promise((resolve) => (this.begin = resolve));
  }

  #take(piece) {
    try {
      this.#content(piece);
    } catch (error) {
      this.failure ??= error;
      this.socket.destroy();
    }
    this.socket.pause();
    setTimeout(() => this.socket.resume(), 200 + Math.random() * 800);
  }

  #content(given) {
    let piece = given;
    if (this.#head !== null) {
      this.#head += piece.toString("latin1");
      const end = this.#head.indexOf("\r\n\r\n");
      if (end < 0) return;
      assert.match(this.#head, /^HTTP\/1\.[01] 200 /);
      piece = Buffer.from(this.#head.slice(end + 4), "latin1");
      this.#head = null;
      this.begin();
    }
    this.check(piece, this.received);
    this.received += piece.length;
  }

  close() {
    this.failure ??= new Error("ended");
    this.socket.destroy();
  }
}

const zeros = Buffer.alloc(MIB);

function checkZeros(piece) {
  assert(piece.equals(zeros.subarray(0, piece.length)), "the content is not that of the file");
}

/** Numbered lines of 16 bytes. */
function checkLines(piece, place) {
  let first = Math.floor(place / 16);
  let expected = "";
  for (; expected.length < piece.length + 16; first++) {
    expected += `${String(first).padStart(15, "0")}\n`;
  }
  const skipped = place % 16;
  const text = piece.toString("latin1");
  assert.equal(text === expected.slice(skipped, skipped + text.length), true, "lines are missing");
}

async function readSlowly(server, path, check) {
  const readers = Array.from({ length: size.readers }, () => {
    return new SlowReader(server.url, path, check);
  });
  const failed = () => readers.find(({ failure }) => failure !== null);
  await Promise.race([
    Promise.all(readers.map(({ begun }) => begun)),
    ...readers.map(({ socket }) => once(socket, "close")),
  ]);
  for (const end = Date.now() + size.seconds * 1000; Date.now() < end && !failed(); ) await sleep(100);
  if (failed()) throw failed().failure;
  const bytes = readers.reduce((sum, { received }) => sum + received, 0);
  for (const reader of readers) reader.close();
  return `${size.readers} readers took ${Math.round(bytes / MIB)} MiB in ${size.seconds} s`;
}

async function upload(server) {
  const client = request(new URL("upload", server.url), {
    method: "PUT",
    headers: { "Content-Length": size.upload },
  });
  const answered = once(client, "response");
  const block = randomFillSync(Buffer.allocUnsafe(MIB));
  const hash = createHash("sha256");
  for (let sent = 0; sent < size.upload; sent += MIB) {
    hash.update(block);
    if (!client.write(block)) await Promise.race([once(client, "drain"), answered]);
  }
  client.end();
  const [response] = await answered;
  assert.equal(response.statusCode, 200);
  const text = Buffer.concat(await response.toArray()).toString();
  assert.equal(text, hash.digest("hex"));
  return `${size.upload / MIB} MiB arrived whole`;
}

async function download(server, path) {
  const [response] = await once(get(new URL("file", server.url)), "response");
  assert.equal(response.statusCode, 200);
  const [received, sent] = await Promise.all([
    digestOf(response),
    digestOf(createReadStream(path)),
  ]);
  assert.deepEqual(received, sent);
  return `${received.length / MIB} MiB came whole, sha256 ${received.sha256.slice(0, 16)}…`;
}

// -- Scenarios

/** Runs a scenario against servers that were started for it; true if all stayed in their bounds. */
async function run(face, name, servers, action) {
  const bound = BOUNDS[face][name];
  const result = await action(servers.at(-1));
  const peaks = servers.map(peakOf);
  await Promise.all(servers.map(stop));
  const shown = peaks.map((peak) => peak.toFixed(1)).join(" and ");
  const isGood = peaks.every((peak) => peak <= bound);
  console.log(
    `${face} ${name}: ${result}; peak memory ${shown} MiB, bound ${bound} MiB` +
      (isGood ? "" : ": TOO MUCH"),
  );
  return isGood;
}

async function soak(program) {
  const face = program.endsWith(".mjs") ? "node" : "cpp";
  const large = sparseFile(size.file);
  const random = randomFile(size.chain);
  const origin = async () => [await start(program, large)];
  const chain = async () => {
    const inner = await start(program, random);
    return [inner, await start(program, random, inner.url.href)];
  };
  const good = [
    await run(face, "file", await origin(), (server) => readSlowly(server, "/file", checkZeros)),
    await run(face, "endless", await origin(), (server) => {
      return readSlowly(server, "/endless", checkLines);
    }),
    await run(face, "upload", await origin(), upload),
    await run(face, "chain", await chain(), (server) => download(server, random)),
  ];
  return good.every(Boolean);
}

if (programs.length === 0) throw new Error("usage: node soak.mjs [--quick] SERVER...");
for (const program of programs) if (!(await soak(program))) process.exitCode = 1;
