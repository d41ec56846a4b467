/** Streamed replies and their clients: slow ones, those that go away, and servers that stop. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { test as anyTest } from "node:test";
import { Response } from "../lib/index.js";
import { at, start } from "./started.js";
import { Client, errorsOf, library, run } from "./wire.js";

const PlatformResponse = globalThis.Response;

/** What is waited for may never come if the library is at fault. */
const test = (name, action) => anyTest(name, { timeout: 30_000 }, action);

const turn = () => new Promise(setImmediate);

/** Resolves when `count` has not changed for some turns, to what it says then. */
async function settled(count) {
  let last = -1;
  for (let same = 0; same < 200; ++same) {
    await turn();
    if (count() !== last) same = 0;
    last = count();
  }
  return last;
}

/** A client that does not read what comes. */
function silentClient(server, path = "/") {
  const client = new Client(server);
  client.socket.pause();
  client.get(path);
  return client;
}

// -- Slow clients

const CHUNK = 65_536;
/** What may be under way: buffers of both sockets, the engine's queue, a chunk or two. */
const MOST_UNDER_WAY = 16 * 1024 * 1024;

/** Endless bodies, by what they are; each counts its chunks in `made.chunks`. */
const endless = {
  "a generator": (made) =>
    (async function* () {
      for (;;) {
        ++made.chunks;
        yield new Uint8Array(CHUNK);
      }
    })(),
  "a generator that waits": (made) =>
    (async function* () {
      for (;;) {
        ++made.chunks;
        await turn();
        yield "x".repeat(CHUNK);
      }
    })(),
  "a ReadableStream": (made) =>
    new ReadableStream({
      pull(controller) {
        ++made.chunks;
        controller.enqueue(new Uint8Array(CHUNK));
      },
    }),
};
for (const [name, body] of Object.entries(endless)) {
  for (const Class of name === "a ReadableStream" ? [Response, PlatformResponse] : [Response]) {
    const whose = Class === Response ? "" : " of the platform's Response";
    test(`an endless stream waits for a client that does not read: ${name}${whose}`, async () => {
      const made = { chunks: 0 };
      const server = start({ fetch: () => new Class(body(made)) });
      const client = silentClient(server);
      while (made.chunks === 0) await turn();
      const first = await settled(() => made.chunks);
      assert.ok(first * CHUNK < MOST_UNDER_WAY, `${first} chunks were made`);
      assert.equal(await (await at(server)).body.cancel(), undefined, "others are answered");
      client.socket.resume();
      while (made.chunks < 4 * first) await turn();
      client.close();
    });
  }
}

test("a proxy of an endless reply waits for a client that does not read", async (t) => {
  let sent = 0;
  const upstream = createServer((request, reply) => {
    const more = () => {
      do ++sent;
      while (!reply.destroyed && reply.write(Buffer.alloc(CHUNK)));
    };
    reply.on("drain", more);
    more();
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  t.after(() => {
    upstream.closeAllConnections();
    upstream.close();
  });
  const closed = Promise.withResolvers();
  upstream.on("request", (request, reply) => reply.on("close", closed.resolve));
  const url = `http://127.0.0.1:${upstream.address().port}/`;
  const client = silentClient(start({ fetch: () => fetch(url) }));
  while (sent === 0) await turn();
  const most = await settled(() => sent);
  assert.ok(most * CHUNK < 3 * MOST_UNDER_WAY, `${most} chunks were sent`);
  client.socket.resetAndDestroy();
  await closed.promise;
});

test("an endless stream to a client that does not read takes no memory", async () => {
  const { output, errors } = await run(
    `import { serve, Response } from ${JSON.stringify(library)};
     import { connect } from "node:net";
     let chunks = 0;
     const server = serve({
       port: 0,
       fetch: () => new Response(async function* () {
         for (;;) { ++chunks; await new Promise(setImmediate); yield Buffer.alloc(1 << 20); }
       }),
     });
     const clients = Array.from({ length: 8 }, () => connect(server.port, "127.0.0.1"));
     const before = process.memoryUsage().rss;
     for (const client of clients) {
       client.pause();
       client.write("GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n");
     }
     for (let last = -1, same = 0; same < 500; same = chunks === last ? same + 1 : 0) {
       last = chunks;
       await new Promise(setImmediate);
     }
     console.log(chunks, (process.memoryUsage().rss - before) >> 20);
     process.exit(0);`,
  );
  const [chunks, growth] = output.split(" ").map(Number);
  assert.ok(chunks > 0 && chunks < 8 * 12, `${chunks} chunks ${errors}`);
  assert.ok(growth < 250, `${growth} MiB`);
});

test("a slow client gets all of 50 MB as it was sent", async () => {
  const sent = createHash("sha1");
  let ahead = 0;
  let most = 0;
  const server = start({
    fetch: () =>
      new Response(async function* () {
        for (let i = 0; i < 800; ++i) {
          const chunk = Buffer.alloc(CHUNK, `${i} `);
          sent.update(chunk);
          ahead += chunk.length;
          most = Math.max(most, ahead);
          yield chunk;
        }
      }),
  });
  const received = createHash("sha1");
  const reader = (await at(server)).body.getReader();
  for (let reads = 0; ; ++reads) {
    const { done, value } = await reader.read();
    if (done) break;
    received.update(value);
    ahead -= value.length;
    if (reads % 20 === 0) for (let i = 0; i < 5; ++i) await turn();
  }
  assert.equal(ahead, 0);
  assert.equal(received.digest("hex"), sent.digest("hex"));
  assert.ok(most < 2 * MOST_UNDER_WAY, `${most} bytes were under way`);
});

test("many small chunks leave others their turn", async () => {
  let made = 0;
  let stopped = false;
  const server = start({
    routes: {
      "/many": () =>
        new Response(async function* () {
          for (; !stopped; ++made) yield "x";
        }),
      "/other": () => new Response("other"),
    },
  });
  const client = new Client(server);
  client.get("/many");
  while (made < 1000) await turn();
  assert.equal(await (await at(server, "/other")).text(), "other");
  stopped = true;
  await client.until("0\r\n\r\n");
  client.close();
});

test("events are not held back", async () => {
  const events = Array.from({ length: 5 }, () => Promise.withResolvers());
  const headers = { "Content-Type": "text/event-stream" };
  const body = async function* () {
    for (const [i, { promise }] of events.entries()) {
      await promise;
      yield `data: ${i}\n\n`;
    }
  };
  const client = new Client(start({ fetch: () => new Response(body, { headers }) }));
  client.get("/");
  await client.until("\r\n\r\n");
  for (const [i, { resolve }] of events.entries()) {
    resolve();
    await client.until(`data: ${i}\n\n`);
  }
  client.close();
});

// -- Clients that go away

/** A stream that gives one chunk and then waits for ever; `cancelled` settles to why it ended. */
function waitingStream() {
  const cancelled = Promise.withResolvers();
  const stream = new ReadableStream({
    pull(controller) {
      controller.enqueue("x");
      return new Promise(() => {});
    },
    cancel: cancelled.resolve,
  });
  return { stream, cancelled: cancelled.promise };
}

const leaving = {
  "resets its connection": (client) => client.socket.resetAndDestroy(),
  "closes its connection": (client) => client.close(),
};
for (const [how, leave] of Object.entries(leaving)) {
  test(`a stream that waits is cancelled when its client ${how}`, async () => {
    const { stream, cancelled } = waitingStream();
    const seen = Promise.withResolvers();
    const server = start({
      idleTimeout: 0,
      fetch(request) {
        request.signal.addEventListener("abort", seen.resolve);
        return new Response(stream);
      },
    });
    const client = new Client(server);
    client.get("/");
    await client.until("x\r\n");
    leave(client);
    const reason = await cancelled;
    assert.equal(reason.name, "AbortError");
    assert.match(reason.message, /went away/);
    await seen.promise;
  });
}

test("a stream that waits is cancelled when the client of a unix socket goes away", async () => {
  const { stream, cancelled } = waitingStream();
  const path = `\0bao-${process.pid}`;
  const place = { unix: path, port: undefined, hostname: undefined };
  start({ ...place, idleTimeout: 0, fetch: () => new Response(stream) });
  const socket = connect(path);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(socket, "data");
  socket.destroy();
  assert.equal((await cancelled).name, "AbortError");
});

test("a generator's finally runs when its client goes away", async () => {
  for (const body of ["generator", "function"]) {
    const ended = Promise.withResolvers();
    async function* forever() {
      try {
        for (;;) {
          await turn();
          yield "x".repeat(1000);
        }
      } finally {
        ended.resolve();
      }
    }
    const server = start({ fetch: () => new Response(body === "generator" ? forever() : forever) });
    const client = new Client(server);
    client.get("/");
    await client.until("xxx");
    client.close();
    await ended.promise;
  }
});

test("a generator that waits for room ends, too", async () => {
  const ended = Promise.withResolvers();
  let made = 0;
  const server = start({
    fetch: () =>
      new Response(async function* () {
        try {
          for (; ; ++made) yield new Uint8Array(CHUNK);
        } finally {
          ended.resolve();
        }
      }),
  });
  const client = silentClient(server);
  while (made === 0) await turn();
  await settled(() => made);
  client.socket.resetAndDestroy();
  await ended.promise;
});

test("a client that has only sent its end gets the whole stream", async () => {
  const asked = Promise.withResolvers();
  const server = start({
    fetch(request) {
      request.signal.addEventListener("abort", asked.resolve);
      return new Response(async function* () {
        yield "first ";
        await asked.promise;
        for (let i = 0; i < 5; ++i) await turn();
        yield "second";
      });
    },
  });
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.setEncoding("latin1");
  let received = "";
  socket.on("data", (text) => {
    received += text;
    if (text.includes("first")) socket.end();
  });
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(socket, "end");
  const body = received.split("\r\n\r\n").slice(1).join("\r\n\r\n");
  const chunks = [...body.matchAll(/([0-9a-f]+)\r\n([^\r]*)\r\n/g)].map(([, size, text]) => {
    assert.equal(parseInt(size, 16), text.length);
    return text;
  });
  assert.deepEqual(chunks, ["first ", "second", ""]);
});

test("a stream that comes too late for its client is cancelled", async () => {
  for (const Class of [Response, PlatformResponse]) {
    const { stream, cancelled } = waitingStream();
    const asked = Promise.withResolvers();
    const server = start({
      async fetch(request) {
        const left = once(request.signal, "abort");
        asked.resolve();
        await left;
        // The signal aborts for a client that has only sent its end, too.
        while (server.pendingRequests > 0) await turn();
        return new Class(stream);
      },
    });
    const client = new Client(server);
    client.get("/");
    await asked.promise;
    client.socket.resetAndDestroy();
    assert.equal((await cancelled).name, "AbortError");
  }
});

test("what a stream throws when it is cancelled is printed, and nothing else", async () => {
  const cancelled = Promise.withResolvers();
  const server = start({
    fetch: () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            controller.enqueue("x");
            return new Promise(() => {});
          },
          cancel() {
            cancelled.resolve();
            throw new Error("from cancel");
          },
        }),
      ),
  });
  const errors = await errorsOf(async () => {
    const client = new Client(server);
    client.get("/");
    await client.until("x\r\n");
    client.close();
    await cancelled.promise;
    await turn();
  });
  assert.deepEqual(errors.map(String), ["Error: from cancel"]);
});

test("200 clients that leave half-way leave nothing behind", async () => {
  let running = 0;
  const server = start({
    fetch: () =>
      new Response(async function* () {
        ++running;
        try {
          for (let i = 0; ; ++i) {
            if (i % 3 === 0) await turn();
            yield "x".repeat(20_000);
          }
        } finally {
          --running;
        }
      }),
  });
  const clients = Array.from({ length: 200 }, (_, i) => {
    const client = new Client(server);
    client.get("/");
    return { client, resets: i % 2 === 0 };
  });
  await Promise.all(
    clients.map(async ({ client, resets }) => {
      await client.until("xxx");
      if (resets) client.socket.resetAndDestroy();
      else client.close();
    }),
  );
  while (running > 0 || server.pendingRequests > 0) await turn();
  assert.equal(server.closeIdleConnections(), 0);
  await server.stop();
});

// -- Servers that stop, times that run out

test("server.stop(true) cancels streams", async () => {
  const { stream, cancelled } = waitingStream();
  const server = start({ fetch: () => new Response(stream) });
  const client = new Client(server);
  client.get("/");
  await client.until("x\r\n");
  await server.stop(true);
  assert.match((await cancelled).message, /server was stopped/);
  await client.closed;
  assert.equal(client.reset, true);
});

test("server.stop() waits for streams", async () => {
  const more = Promise.withResolvers();
  const server = start({
    fetch: () =>
      new Response(async function* () {
        yield "first";
        await more.promise;
        yield "last";
      }),
  });
  const client = new Client(server);
  client.get("/");
  await client.until("first");
  let stopped = false;
  const stopping = server.stop().then(() => (stopped = true));
  for (let i = 0; i < 5; ++i) await turn();
  assert.equal(stopped, false);
  more.resolve();
  await client.until("last\r\n0\r\n\r\n");
  await stopping;
});

test("server.abort() and server.requestIP() know a request that is being answered", async () => {
  const { stream, cancelled } = waitingStream();
  let request;
  const server = start({ fetch: (given) => ((request = given), new Response(stream)) });
  const client = new Client(server);
  client.get("/");
  await client.until("x\r\n");
  assert.equal(server.requestIP(request).address, "127.0.0.1");
  assert.equal(server.abort(request), true);
  assert.match((await cancelled).message, /aborted/);
  assert.equal(server.abort(request), false);
  assert.equal(server.requestIP(request), null);
  await client.closed;
});

test("a stream that is silent for idleTimeout is cut", async () => {
  const { stream, cancelled } = waitingStream();
  const server = start({ idleTimeout: 1, fetch: () => new Response(stream) });
  const client = new Client(server);
  client.get("/");
  assert.equal((await cancelled).name, "TimeoutError");
  await client.closed;
});

test("server.timeout() while streaming gives more time", async () => {
  const begun = Promise.withResolvers();
  const more = Promise.withResolvers();
  const server = start({
    idleTimeout: 1,
    fetch: (request) =>
      new Response(async function* () {
        yield "first";
        server.timeout(request, 0);
        begun.resolve();
        await more.promise;
        yield "last";
      }),
  });
  const client = new Client(server);
  client.get("/");
  await begun.promise;
  const short = waitingStream();
  const other = start({ idleTimeout: 1, fetch: () => new Response(short.stream) });
  const measure = new Client(other);
  measure.get("/");
  await measure.closed;
  more.resolve();
  await client.until("last\r\n0\r\n\r\n");
  client.close();
});
