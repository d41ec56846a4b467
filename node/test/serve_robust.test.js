/** What must not harm other requests, or the process, whatever a program or a client does. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Response } from "../lib/index.js";
import { start } from "./started.js";
import { Client, library, run } from "./wire.js";

const program = (source) =>
  `import { serve, Response } from ${JSON.stringify(library)};\n${source}`;

/** A program that uses the addon itself, with a table of its own. */
const native = new URL("../lib/native.js", import.meta.url).href;
const bareProgram = (source) => `
  import * as native from ${JSON.stringify(native)};
  const nothing = () => {};
  const table = {
    dispatch: nothing, dispatchAll: nothing, body: nothing, gone: nothing, drained: nothing, stopped: nothing, local: nothing,
    forget: nothing, log: (line) => console.log(line), certificate: nothing, message: nothing,
    socket: nothing, connection: nothing,
  };
  const settings = { port: 0, hostname: "127.0.0.1", development: false, id: "" };
  ${source}`;

async function outputOf(source) {
  const { code, signal, output, errors } = await run(source);
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, output + errors);
  return output.trim().split("\n");
}

// -- server.fetch

test("server.fetch() right behind stop() is an error", async () => {
  const output = await outputOf(
    program(`
      const server = serve({ port: 0, fetch: () => new Response("x") });
      server.stop();
      await server.fetch("/").catch((error) => console.log(error.message));
    `),
  );
  assert.deepEqual(output, ["server.fetch(): the server is stopped"]);
});

test("a handler may stop its server by force and then ask it", async () => {
  const output = await outputOf(
    program(`
      const server = serve({
        port: 0,
        fetch(request, server) {
          server.stop(true);
          return server.fetch("/x").catch((error) => console.log(error.message));
        },
      });
      await fetch(server.url).catch(() => console.log("cut"));
    `),
  );
  assert.deepEqual(output.toSorted(), ["cut", "server.fetch(): the server is stopped"]);
});

test("handlers that ask each other without end do not pile up on the stack", async () => {
  let calls = 0;
  const server = start({
    fetch: (request, server) => (++calls < 5_000 ? server.fetch("/") : new Response("end")),
  });
  const reply = await server.fetch("/");
  assert.equal(await reply.text(), "end");
  assert.equal(calls, 5_000);
});

// As it does when there is not even the stack to enter it.
test("an exception that leaves the table's function costs one connection alone", async () => {
  const output = await outputOf(
    bareProgram(`
      let calls = 0;
      table.dispatch = () => {
        if (++calls === 1) throw new RangeError("no room");
        return "here";
      };
      const logged = new Promise((resolve) => (table.log = resolve));
      native.install(table, true);
      const { url, server } = native.start(settings, { table: 1, fetch: 0, routes: [], limits: [] });
      await fetch(url).catch(() => console.log("cut"));
      console.log((await logged).split("\\n")[0]);
      console.log(await (await fetch(url)).text());
      native.stop(server, true, 1);
    `),
  );
  const line = "bao: a request could not be given to its handler: RangeError: no room";
  assert.deepEqual(output, ["cut", line, "here"]);
});

test("an exception that leaves the function for many requests costs theirs alone", async () => {
  const output = await outputOf(
    bareProgram(`
      let thrown = false;
      table.dispatchAll = () => {
        thrown = true;
        throw new RangeError("no room");
      };
      table.dispatch = () => "here";
      native.install(table, true);
      const { url, server } = native.start(settings, { table: 1, fetch: 0, routes: [], limits: [] });
      while (!thrown) await Promise.allSettled([fetch(url), fetch(url), fetch(url)]);
      console.log(await (await fetch(url)).text());
      native.stop(server, true, 1);
    `),
  );
  const line = "bao: a request could not be given to its handler: RangeError: no room";
  assert.equal(output.filter((printed) => printed.startsWith(line)).length, 1);
  assert.equal(output.at(-1), "here");
});

// -- Statuses and texts that are none

test("a status that is none of a reply becomes an error", async () => {
  const output = await outputOf(
    bareProgram(`
      table.dispatch = (head) => {
        native.registers[0] = Number(/[?](\\d+)/.exec(head)[1]);
        return "x";
      };
      native.install(table, true);
      const { url, server } = native.start(settings, { table: 1, fetch: 0, routes: [], limits: [] });
      for (const status of [201, 101, 600, 4000000]) {
        console.log((await fetch(url + "?" + status)).status);
      }
      native.stop(server, true, 1);
    `),
  );
  const line = (status) =>
    `bao: a handler's reply has the status ${status}, which is none from 200 to 599`;
  assert.deepEqual(output, ["201", line(101), "500", line(600), "500", line(4000000), "500"]);
});

test("a prepared reply with a status that is none is refused", async () => {
  const output = await outputOf(
    bareProgram(`
      native.install(table, true);
      for (const status of [101, 4000000, NaN]) {
        const target = { status, lines: null, type: null, body: "x" };
        try {
          native.start(settings, { table: 1, fetch: -1, routes: ["/", target], limits: [] });
        } catch (error) {
          console.log(error.name, error.message);
        }
      }
      process.exit();
    `),
  );
  assert.deepEqual(output, Array(3).fill("TypeError a status from 200 to 599 was expected"));
});

test("a string that is not made of bytes is refused where bytes are meant", async () => {
  const output = await outputOf(
    bareProgram(`
      native.install(table, true);
      // U+010A would become a line feed.
      const target = { status: 200, lines: null, type: "a/b;\\u010dx", body: "x" };
      try {
        native.start(settings, { table: 1, fetch: -1, routes: ["/", target], limits: [] });
      } catch (error) {
        console.log(error.name, error.message);
      }
      process.exit();
    `),
  );
  assert.deepEqual(output, [
    "TypeError a string of bytes was expected: code units up to U+00FF",
  ]);
});

// -- One binary for one copy

test("a second copy of the library does not take the first one's requests", async () => {
  const output = await outputOf(
    bareProgram(`
      const stolen = { ...table, dispatch: () => "stolen" };
      native.install({ ...table, dispatch: () => "mine" }, true);
      try {
        native.install(stolen, true);
      } catch (error) {
        console.log(error.name, error.message);
      }
      const { url, server } = native.start(settings, { table: 1, fetch: 0, routes: [], limits: [] });
      console.log(await (await fetch(url)).text());
      native.stop(server, true, 1);
    `),
  );
  assert.deepEqual(output, [
    "Error Bao's binary is in use by another copy of Bao's JavaScript in this thread: " +
      "import one copy only",
    "mine",
  ]);
});

test("a binary that cannot be loaded for the C library's age says so", async () => {
  const folder = await mkdtemp(join(tmpdir(), "bao-robust-"));
  try {
    const broken = join(folder, "broken.node");
    await writeFile(broken, "no binary");
    for (const [runtime, expected] of [
      ["2.35", "Bao needs glibc 2.36 or later, and this system has 2.35"],
      [undefined, "Bao needs glibc 2.36 or later, and this Node runs on another C library"],
      ["2.36", `${broken}: `],
      ["3.0", `${broken}: `],
    ]) {
      const { output } = await run(
        `const header = { glibcVersionRuntime: ${JSON.stringify(runtime)} };
        process.report.getReport = () => ({ header });
        await import(${JSON.stringify(native)}).catch((error) => console.log(error.message));`,
        { env: { BAO_ADDON: broken } },
      );
      assert.ok(output.startsWith(expected), output);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

// -- One request and the others

/** Clients that are connected, whose requests then arrive in one wake-up. */
async function clientsOf(server, count) {
  const clients = Array.from({ length: count }, () => new Client(server));
  await Promise.all(clients.map((client) => once(client.socket, "connect")));
  // Answered, so the server has them all.
  for (const client of clients) client.get("/ready");
  await Promise.all(clients.map((client) => client.until("\r\n\r\nready")));
  return clients;
}

test("a handler that blocks costs no other request its time", async () => {
  const server = start({
    idleTimeout: 0.2,
    routes: {
      "/ready": new Response("ready"),
      "/block": () => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
        return new Response("blocked");
      },
      "/later": async () => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        return new Response("later");
      },
    },
  });
  const [first, second] = await clientsOf(server, 2);
  first.get("/block");
  second.get("/later");
  await second.until("\r\n\r\nlater");
  await first.until("\r\n\r\nblocked");
  // The time of the one that blocked counts from its reply, too.
  first.get("/ready");
  await first.until(/\r\n\r\nblocked[^]*\r\n\r\nready/);
  first.close();
  second.close();
});

test("one wake-up handles few connections, so promise jobs do not wait for all", async () => {
  const COUNT = 100;
  let inARow = 0;
  let most = 0;
  const server = start({
    routes: {
      "/ready": new Response("ready"),
      "/": () => {
        most = Math.max(most, ++inARow);
        Promise.resolve().then(() => (inARow = 0));
        return new Response("x");
      },
    },
  });
  const clients = await clientsOf(server, COUNT);
  for (const client of clients) client.get("/");
  await Promise.all(clients.map((client) => client.until("\r\n\r\nx")));
  for (const client of clients) client.close();
  assert.ok(most <= 32, `${most} handlers ran before the first promise job`);
});

test("the promise jobs of a handler run before its client's next request is handled", async () => {
  const done = new Map();
  let late = 0;
  const server = start({
    fetch(request) {
      const [, client, number] = new URL(request.url).pathname.split("/");
      if (number !== "0" && done.get(client) !== Number(number) - 1) late++;
      Promise.resolve().then(() => done.set(client, Number(number)));
      return new Response("x");
    },
  });
  // In a thread of its own, lest the answers wait for the server's loop.
  const asking = new Worker(
    `const { connect } = require("node:net");
    for (let client = 0; client < 8; client++) {
      let number = 0;
      const next = () => socket.write("GET /" + client + "/" + number++ + " HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n");
      const socket = connect(${server.port}, "127.0.0.1", next);
      socket.on("data", () => (number < 1000 ? next() : socket.destroy()));
    }`,
    { eval: true },
  );
  await once(asking, "exit");
  assert.equal(late, 0);
});

// -- Bodies

test("a body that was taken leaves the engine's memory while its handler goes on", async () => {
  const SIZE = 64 << 20;
  let before;
  let during;
  const server = start({
    maxRequestBodySize: SIZE,
    async fetch(request) {
      before = process.memoryUsage().rss;
      const bytes = await request.bytes();
      during = process.memoryUsage().rss;
      return new Response(String(bytes.length));
    },
  });
  const reply = await server.fetch("/", { method: "POST", body: new Uint8Array(SIZE).fill(1) });
  assert.equal(await reply.text(), String(SIZE));
  assert.ok(during - before < SIZE / 2, `${(during - before) >> 20} MiB more`);
});

