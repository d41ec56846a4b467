// Many sockets that are idle: what each costs in memory, and whether their pings come on time.
//
//     held.mjs [--sockets=10000] [--seconds=40] [--idle=12] -- PROGRAM [ARGUMENTS...]
//
// PROGRAM is server.cc, compiled, or Node with --expose-gc and server.mjs. A client that has been silent for two thirds of
// the idle timeout is pinged; how much later that is, as the clients see it, is what is reported. Nobody may be closed.
// Both processes need a limit of open files above the number of sockets.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import { frame, PONG } from "../../../node/test/sockets/raw_client.js";

/** So many handshakes are under way at a time. */
const AT_ONCE = 100;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sockets: { type: "string", default: "10000" },
    seconds: { type: "string", default: "40" },
    idle: { type: "string", default: "12" },
  },
});
const count = Number(values.sockets);
const idle = Number(values.idle) * 1000;
// As connection_end.cc has it: a quarter before the end, but 4 to 8 seconds and half at most.
const silence = idle - Math.min(idle / 2, Math.max(4000, Math.min(8000, idle / 4)));

const [program, ...rest] = positionals;
const server = spawn(program, [...rest, "1", String(idle)], { stdio: ["ignore", "pipe", "inherit"] });
process.on("exit", () => server.kill("SIGKILL"));
const [line] = await once(createInterface(server.stdout), "line");
const [port] = JSON.parse(line);
const state = async () => (await fetch(`http://127.0.0.1:${port}/state`)).json();

const HANDSHAKE = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const PING = Buffer.from([0x89, 0x00]);
const lateness = [];

/** Resolves once it is open; answers pings from then on. */
function hold() {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(HANDSHAKE));
    let head = "";
    let spoken = 0;
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the server has closed a socket")));
    socket.on("data", (data) => {
      if (spoken === 0) {
        head += data.toString("latin1");
        if (!head.endsWith("\r\n\r\n")) return;
        assert.match(head, /^HTTP\/1\.1 101 /);
        spoken = performance.now();
        return resolve();
      }
      assert.ok(data.equals(PING), "a ping, and nothing else");
      const now = performance.now();
      lateness.push(now - spoken - silence);
      spoken = now;
      socket.write(frame(PONG));
    });
  });
}

const before = await state();
for (let i = 0; i < count; i += AT_ONCE) {
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - i) }, hold));
}
const after = await state();
const each = (what) => ((after[what] - before[what]) / count).toFixed(0);
console.log(`${after.sockets} sockets: ${each("allocated")} bytes allocated for each, ${each("resident")} resident`);

await sleep(Number(values.seconds) * 1000);
assert.equal((await state()).sockets, count);
lateness.sort((a, b) => a - b);
const at = (part) => lateness[Math.floor((lateness.length - 1) * part)].toFixed(1);
console.log(`${lateness.length} pings, late by ${at(0.5)} ms (median), ${at(0.99)} (99 of 100), ${at(1)} (the latest)`);
assert.ok(lateness.length >= count * Math.floor((Number(values.seconds) * 1000) / (silence + 1000)));
assert.ok(Number(at(1)) < idle - silence, "every ping came before the idle timeout");
process.exit(0);
