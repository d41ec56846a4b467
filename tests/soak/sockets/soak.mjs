// Sockets open, chat in rooms, are killed, pause, flood and send garbage, for as long as it is told; then the server's
// memory must be back where it was after the first such time.
//
//     soak.mjs [--seconds=120] [--clients=100] [--threads=1] [--seed=1] -- PROGRAM [ARGUMENTS...]
//
// PROGRAM is server.cc, compiled, or Node with server.mjs. What is checked on the way: every message that a chatter gets is
// whole and, from each sender, in order; nobody who behaves loses the connection; the server ends with no socket left.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import Ws from "../../../node/node_modules/ws/wrapper.mjs";
import { chopped, fragments, frame, PING, RawClient, TEXT } from "../../../node/test/sockets/raw_client.js";

/** What may be left of the memory that a soak has used: pools and caches that have grown a little more. */
const SLACK = 3 << 20;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "120" },
    clients: { type: "string", default: "100" },
    threads: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
  },
});
const seconds = Number(values.seconds);

// A repeatable run of choices, though not of what the machine makes of them.
let seed = Number(values.seed) >>> 0 || 1;
function random(below) {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) % below;
}

const [program, ...rest] = positionals;
const server = spawn(program, [...rest, values.threads], { stdio: ["ignore", "pipe", "inherit"] });
const lines = createInterface(server.stdout);
const ended = once(server, "exit");
ended.then(([code, signal]) => {
  if (stopping) return;
  console.error(`the server ended by itself: ${signal ?? code}`);
  process.exit(1);
});
let stopping = false;
process.on("exit", () => server.kill("SIGKILL"));
const ports = JSON.parse((await once(lines, "line"))[0]);
const url = () => `ws://127.0.0.1:${ports[random(ports.length)]}/`;
const state = async () => (await fetch(`http://127.0.0.1:${ports[0]}/state`)).json();

const done = { chats: 0, messages: 0, kills: 0, naps: 0, floods: 0, garbage: 0, abandoned: 0 };
const room = () => `${random(3) === 0 ? "later/" : ""}room${random(4)}`;

/** Talks for a while and leaves politely, now and then compressed. */
async function chat(until) {
  const me = `chatter ${random(1 << 30)}`;
  const client = new Ws(url() + room(), { perMessageDeflate: random(2) === 0 && { threshold: 0 } });
  const last = new Map();
  let problem = null;
  let echoes = 0;
  client.on("error", (error) => (problem ??= error));
  client.on("message", (data, binary) => {
    done.messages++;
    if (binary) return void echoes++;
    const text = data.toString();
    const [, who, number, filling] = /^(chatter \d+) says (\d+): (.*)$/s.exec(text) ?? [];
    if (who === undefined) return;
    if (!/^é*$/.test(filling)) problem ??= new Error(`broken: ${text.slice(0, 80)}`);
    // A slow client misses messages, but never gets an earlier one later.
    if (Number(number) <= (last.get(who) ?? -1)) problem ??= new Error(`out of order: ${text.slice(0, 80)}`);
    last.set(who, Number(number));
  });
  const closed = once(client, "close");
  await Promise.race([once(client, "open"), closed]);
  let own = null;
  for (let i = 0; i < 5 + random(20) && Date.now() < until && own === null; i++) {
    const kind = random(20);
    if (kind === 0) own = "close";
    if (kind === 1) own = "terminate";
    if (own !== null) client.send(own);
    else if (kind === 2) client.send(randomBytes(random(20_000)));
    else if (kind < 6) client.send(["leave", "join", "wait"][kind - 3]);
    else client.send(`${me} says ${i}: ${"é".repeat(random(400))}`);
    if (random(4) === 0) await sleep(random(20));
  }
  if (own === null) client.close(1000);
  const [code] = await closed;
  if (problem !== null) throw problem;
  const expected = own === "close" ? 4000 : own === "terminate" ? 1006 : 1000;
  assert.equal(code, expected, `a chatter was closed with ${code}`);
  done.chats++;
}

/** Vanishes by a reset, in the middle of something. */
async function kill() {
  const client = await RawClient.open(url() + room());
  const parts = fragments(TEXT, chopped(Buffer.alloc(random(6000) + 10, "é"), 500));
  const bytes = Buffer.concat(parts);
  client.write(bytes.subarray(0, random(bytes.length)));
  if (random(2) === 0) await sleep(random(10));
  client.socket.resetAndDestroy();
  done.kills++;
}

/** Does not read for a while, so that messages pile up and are dropped. */
async function nap() {
  const client = await RawClient.open(url() + room());
  client.socket.pause();
  for (let i = 0; i < 20; i++) client.send(TEXT, "é".repeat(5000));
  await sleep(random(400));
  client.socket.resume();
  client.send(PING, "awake?");
  await sleep(random(50));
  if (random(2) === 0) client.socket.resetAndDestroy();
  else client.socket.destroy();
  done.naps++;
}

/** Sends as much as it can and reads nothing. */
async function flood() {
  const client = await RawClient.open(url() + room());
  client.socket.pause();
  const bytes = frame(2, randomBytes(100_000));
  for (let i = 0; i < 30 && !client.socket.destroyed; i++) {
    if (!client.socket.write(bytes)) await Promise.race([once(client.socket, "drain"), sleep(20)]);
  }
  client.socket.resetAndDestroy();
  done.floods++;
}

/** Sends what is no WebSocket, before or behind the handshake. The server must end it. */
async function garbage() {
  if (random(3) === 0) {
    const client = new RawClient(url());
    client.write(randomBytes(1 + random(2000)));
    await sleep(random(30));
    client.socket.destroy();
  } else {
    const client = await RawClient.open(url() + room());
    client.write(Buffer.concat([Buffer.from([0x83 + random(5)]), randomBytes(random(5000))]));
    while ((await client.next()) !== null);
    client.socket.destroy();
  }
  done.garbage++;
}

/** Is gone before its handshake is answered, or has said half of it. */
async function abandon() {
  const client = new RawClient(url());
  const head = "GET /later/room1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  client.write(head.slice(0, random(2) === 0 ? head.length : random(head.length)));
  await sleep(random(5));
  client.socket.resetAndDestroy();
  done.abandoned++;
}

const kinds = [chat, chat, chat, chat, kill, nap, flood, garbage, abandon];

async function soak(time) {
  const until = Date.now() + time * 1000;
  const actor = async () => {
    while (Date.now() < until) await kinds[random(kinds.length)](until);
  };
  await Promise.all(Array.from({ length: Number(values.clients) }, actor));
}

/** What the server says once all sockets are gone and memory does not shrink any more. */
async function atRest() {
  let now = await state();
  for (;;) {
    await sleep(50);
    const before = now;
    now = await state();
    if (now.sockets === 0 && now.allocated >= before.allocated) return now;
  }
}

const mebibytes = (bytes) => `${(bytes / (1 << 20)).toFixed(2)} MiB`;
const report = (what, { allocated, resident }) =>
  console.log(`${what}: ${mebibytes(allocated)} allocated, ${mebibytes(resident)} resident`);

report("at start", await state());
await soak(seconds / 4);
const base = await atRest();
report("after the first quarter", base);
await soak((seconds * 3) / 4);
const end = await atRest();
report("at the end", end);
console.log(Object.entries(done).map(([what, count]) => `${count} ${what}`).join(", "));
stopping = true;
server.kill("SIGTERM");
const [code, signal] = await ended;
assert.equal(code, 0, `the server ended with ${signal ?? code}`);
assert.ok(end.allocated <= base.allocated + SLACK, "memory comes back to its base");
