/** Replies whose bodies are streams: what is sent of them, and how they fail. */
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { createServer } from "node:http";
import { test as anyTest } from "node:test";
import { Response } from "../lib/index.js";
import { at, start } from "./started.js";
import { Client, errorsOf } from "./wire.js";

const PlatformResponse = globalThis.Response;

/** What is waited for may never come if the library is at fault. */
const test = (name, action) => anyTest(name, { timeout: 20_000 }, action);

/** Later than anything that promise jobs can bring about. */
const turn = () => new Promise(setImmediate);

/** A server whose replies to "/" have that body, or are that Response. */
function serving(body, init, options) {
  return start({ fetch: () => new Response(body(), init), ...options });
}

/** All that a server sends to one request until the connection ends. */
async function wholeOf(server, { version = "1.1", method = "GET" } = {}) {
  const client = new Client(server);
  client.write(`${method} / HTTP/${version}\r\nHost: test\r\nConnection: close\r\n\r\n`);
  await client.closed;
  const [head, ...rest] = client.received.split("\r\n\r\n");
  const fields = head.split("\r\n").filter((line) => !/^(Date|Connection):/.test(line));
  return { fields, body: rest.join("\r\n\r\n"), reset: client.reset };
}

async function* slowly(...chunks) {
  for (const chunk of chunks) {
    await turn();
    yield chunk;
  }
}

const streamOf = (...chunks) => ReadableStream.from(slowly(...chunks));

const CHUNKED = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"];

// -- Framing

const kinds = {
  "a ReadableStream": () => streamOf("ab", "cd"),
  "a stream of bytes": () => {
    const chunks = ["ab", "cd"];
    return new ReadableStream({
      type: "bytes",
      async pull(controller) {
        await turn();
        if (chunks.length > 0) controller.enqueue(new TextEncoder().encode(chunks.shift()));
        else controller.close();
      },
    });
  },
  "an async generator": () => slowly("ab", "cd"),
  "an async generator function": () =>
    async function* () {
      yield* slowly("ab", "cd");
    },
  "an async iterable": () => ({ [Symbol.asyncIterator]: () => slowly("ab", "cd") }),
};

for (const [name, body] of Object.entries(kinds)) {
  test(`${name}: a chunk for each of its chunks`, async () => {
    const { fields, body: sent, reset } = await wholeOf(serving(body));
    assert.deepEqual(fields, CHUNKED);
    assert.equal(sent, "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n");
    assert.equal(reset, false);
  });
}

test("the platform's Response: a chunk for each of its chunks", async () => {
  const server = start({ fetch: () => new PlatformResponse(streamOf(Buffer.from("ab"), "cd")) });
  assert.equal((await wholeOf(server)).body, "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n");
});

test("HTTP/1.0: until the connection ends", async () => {
  const { fields, body } = await wholeOf(serving(() => slowly("ab", "cd")), { version: "1.0" });
  assert.deepEqual([fields, body], [["HTTP/1.1 200 OK"], "abcd"]);
});

test("status, fields and type are those of the Response", async () => {
  const headers = { "content-type": "text/event-stream", "X-A": "1" };
  const { fields } = await wholeOf(serving(() => slowly("ab"), { status: 201, headers }));
  assert.equal(fields[0], "HTTP/1.1 201 Created");
  const lines = ["Transfer-Encoding: chunked", "X-A: 1", "content-type: text/event-stream"];
  assert.deepEqual(fields.slice(1).sort(), lines);
});

const complete = {
  "chunks that are there, and the end": () =>
    new ReadableStream({
      start(controller) {
        controller.enqueue("ab");
        controller.enqueue(Buffer.from("cd"));
        controller.close();
      },
    }),
  "a generator that waits for nothing": async function* () {
    yield "ab";
    await null;
    yield new Uint8Array([99, 100]);
  },
  "the body of another Response": () => new Response("abcd").body,
};
for (const [name, body] of Object.entries(complete)) {
  test(`a stream that is complete has a length: ${name}`, async () => {
    const { fields, body: sent } = await wholeOf(serving(body));
    assert.deepEqual(fields, ["HTTP/1.1 200 OK", "Content-Length: 4"]);
    assert.equal(sent, "abcd");
  });
}

test("an empty stream", async () => {
  const { fields, body } = await wholeOf(serving(() => (async function* () {})()));
  assert.deepEqual([fields, body], [["HTTP/1.1 200 OK", "Content-Length: 0"], ""]);
  assert.equal((await wholeOf(serving(() => slowly("")))).body, "0\r\n\r\n");
});

test("empty chunks are not the end", async () => {
  assert.equal((await wholeOf(serving(() => slowly("", "a", "")))).body, "1\r\na\r\n0\r\n\r\n");
});

test("chunks of all kinds", async () => {
  const kinds = ["ä\ud800", Buffer.from("b"), new Uint16Array([0x6363]), new ArrayBuffer(2)];
  const body = await (await at(serving(() => slowly(...kinds)))).bytes();
  assert.deepEqual([...body], [...Buffer.from("ä\ufffdbcc\0\0")]);
});

test("a buffer that is used again for each chunk", async () => {
  const server = serving(async function* () {
    const buffer = new Uint8Array(1);
    for (let i = 0; i < 40; ++i) {
      buffer[0] = 65 + i;
      yield buffer;
      if (i === 20) await turn();
    }
  });
  const expected = Array.from({ length: 40 }, (_, i) => 65 + i);
  assert.deepEqual([...(await (await at(server)).bytes())], expected);
});

test("more at once than can be kept", async () => {
  const chunk = "x".repeat(10_000);
  const server = serving(async function* () {
    for (let i = 0; i < 500; ++i) yield chunk;
  });
  const reply = await at(server);
  assert.equal(reply.headers.get("content-length"), null);
  assert.equal((await reply.text()).length, 5_000_000);
});

test("replies follow each other on a connection", async () => {
  const server = start({
    routes: {
      "/whole": () => new Response(ReadableStream.from(["w"])),
      "/slow": () => new Response(slowly("s")),
      "/text": () => new Response("t"),
    },
  });
  const client = new Client(server);
  for (const path of ["/slow", "/whole", "/text", "/slow", "/text"]) client.get(path);
  client.get("/none", "Connection: close\r\n");
  await client.closed;
  const bodies = client.received.split(/HTTP\/1.1 (?:200|404)[^]*?\r\n\r\n/).slice(1);
  const slow = "1\r\ns\r\n0\r\n\r\n";
  assert.deepEqual(bodies, [slow, "w", "t", slow, "t", ""]);
});

// -- Without content

const without = [
  ["HEAD", "HEAD", 200],
  ["204", "GET", 204],
  ["304", "GET", 304],
];
for (const [what, method, status] of without) {
  test(`${what}: the stream is cancelled, and does not run`, async () => {
    const cancelled = Promise.withResolvers();
    const source = {
      pull: () => assert.fail("it is read"),
      cancel: () => cancelled.resolve(),
    };
    const body = () => new ReadableStream(source, { highWaterMark: 0 });
    const { fields, body: sent } = await wholeOf(serving(body, { status }), { method });
    await cancelled.promise;
    assert.equal(sent, "");
    if (what === "HEAD") assert.deepEqual(fields, CHUNKED);
    else assert.equal(fields.length, 1);
  });
}

test("HEAD: a generator does not run, and a declared length is told", async () => {
  const body = async function* () {
    assert.fail("it runs");
  };
  const server = serving(() => body(), { headers: { "Content-Length": "5" } });
  const { fields } = await wholeOf(server, { method: "HEAD" });
  assert.deepEqual(fields, ["HTTP/1.1 200 OK", "Content-Length: 5"]);
});

// -- A length that the program declares

test("a declared length is sent instead of chunks", async () => {
  const server = serving(() => slowly("ä", "b"), { headers: { "Content-Length": "3" } });
  const { fields, body } = await wholeOf(server);
  assert.deepEqual(fields, ["HTTP/1.1 200 OK", "Content-Length: 3"]);
  assert.equal(Buffer.from(body, "latin1").toString(), "äb");
});

for (const [than, length, sent] of [["more", 3, "ab"], ["fewer", 5, "abcd"]]) {
  test(`${than} than the declared length ends in a reset`, async () => {
    const headers = { "Content-Length": `${length}` };
    const server = serving(() => slowly("ab", "cd"), { headers });
    const errors = await errorsOf(async () => {
      const { body, reset } = await wholeOf(server);
      assert.deepEqual([body, reset], [sent, true]);
    });
    const message = `A stream has ${than} bytes than its Response's Content-Length of ${length}`;
    assert.deepEqual(errors.map(String), [`RangeError: ${message}`]);
  });
}

test("a length that is no number is not sent", async () => {
  for (const length of ["+4", "4, 4", "four", "0x4", "99999999999999999999"]) {
    const server = serving(() => slowly("abcd"), { headers: { "Content-Length": length } });
    assert.deepEqual((await wholeOf(server)).fields, CHUNKED, length);
  }
});

// -- Failures

const failures = {
  "half-way": [
    async function* () {
      yield* slowly("ab");
      throw new Error("broken");
    },
    "2\r\nab\r\n",
  ],
  "before there is content": [
    async function* () {
      await turn();
      throw new Error("broken");
    },
    "",
  ],
  "by its controller": [
    () =>
      new ReadableStream({
        async pull(controller) {
          controller.enqueue("ab");
          await turn();
          controller.error(new Error("broken"));
        },
      }),
    "2\r\nab\r\n",
  ],
};
for (const [when, [body, sent]] of Object.entries(failures)) {
  test(`a stream that fails ${when} ends in a reset, and is printed`, async () => {
    const server = serving(body, {}, { error: () => assert.fail("it is asked") });
    const errors = await errorsOf(async () => {
      const reply = await wholeOf(server);
      assert.deepEqual([reply.fields, reply.body, reply.reset], [CHUNKED, sent, true]);
    });
    assert.deepEqual(errors.map(String), ["Error: broken"]);
  });
}

test("a stream that fails at once is a reset without a head", async () => {
  const bodies = [
    () => new ReadableStream({ start: (controller) => controller.error(new Error("broken")) }),
    async function* () {
      yield "ab";
      throw new Error("broken");
    },
  ];
  for (const body of bodies) {
    const server = serving(body, {}, { error: () => assert.fail("it is asked") });
    const errors = await errorsOf(async () => {
      const { fields, reset } = await wholeOf(server);
      assert.deepEqual([fields, reset], [[""], true]);
    });
    assert.deepEqual(errors.map(String), ["Error: broken"]);
  }
});

test("a chunk that is neither a string nor bytes fails the stream, which is told", async () => {
  const cancelled = Promise.withResolvers();
  const server = serving(
    () =>
      new ReadableStream({
        async pull(controller) {
          await turn();
          controller.enqueue(5);
        },
        cancel: cancelled.resolve,
      }),
  );
  const errors = await errorsOf(async () => assert.equal((await wholeOf(server)).reset, true));
  assert.match(String(errors), /^TypeError: Expected text, ArrayBuffer or ArrayBufferView as a chunk of a body$/);
  assert.equal(await cancelled.promise, errors[0]);
});

test("a stream that was read from, or is locked, is an error of the handler", async () => {
  for (const take of [(body) => body.getReader(), (body) => body.cancel()]) {
    for (const Class of [Response, PlatformResponse]) {
      const server = start({
        fetch() {
          const response = new Class(streamOf("x"));
          take(response.body);
          return response;
        },
        error: (error) => new Response(error.name, { status: 500 }),
      });
      const reply = await at(server);
      assert.deepEqual([reply.status, await reply.text()], [500, "TypeError"]);
    }
  }
});

test("an error handler may answer with a stream", async () => {
  const server = start({
    fetch() {
      throw new Error("broken");
    },
    error: (error) => new Response(slowly("sorry: ", error.message), { status: 503 }),
  });
  const reply = await at(server);
  assert.deepEqual([reply.status, await reply.text()], [503, "sorry: broken"]);
});

// -- What fetch() has received

/** A server of Node's that streams, and counts what it could send. */
async function upstream(test, reply) {
  const server = createServer(reply);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}/`;
}

test("what fetch() receives is passed on as it comes", async (t) => {
  const second = Promise.withResolvers();
  const url = await upstream(t, async (request, reply) => {
    reply.write("first");
    await second.promise;
    reply.end("second");
  });
  const client = new Client(start({ fetch: () => fetch(url) }));
  client.get("/");
  await client.until("5\r\nfirst\r\n");
  second.resolve();
  await client.until("6\r\nsecond\r\n0\r\n\r\n");
  client.close();
});

test("what fetch() receives keeps its length", async (t) => {
  const url = await upstream(t, (request, reply) => reply.end("hello"));
  const { fields, body } = await wholeOf(start({ fetch: () => fetch(url) }));
  assert.ok(fields.includes("Content-Length: 5"), fields.join());
  assert.equal(body, "hello");
});

test("what fetch() receives breaks off where the other server does", async (t) => {
  const url = await upstream(t, async (request, reply) => {
    reply.writeHead(200, { "Content-Length": "10" });
    await new Promise((resolve) => reply.write("hello", resolve));
    reply.destroy();
  });
  await errorsOf(async () => {
    const { body, reset } = await wholeOf(start({ fetch: () => fetch(url) }));
    assert.ok(["hello", ""].includes(body), body);
    assert.equal(reset, true);
  });
});

// -- Elsewhere

test("each stream is in the context of its own handler", async () => {
  const storage = new AsyncLocalStorage();
  const ended = [];
  const server = start({
    fetch(request) {
      const name = new URL(request.url).pathname;
      assert.equal(storage.getStore(), undefined);
      storage.enterWith(name);
      const seen = () => `${storage.getStore()} `;
      const source = {
        async pull(controller) {
          controller.enqueue(seen().padEnd(100_000));
          await turn();
          controller.enqueue(seen());
        },
        cancel: () => void ended.push([name, storage.getStore()]),
      };
      return new Response(new ReadableStream(source, { highWaterMark: 0 }));
    },
  });
  const names = ["/a", "/b", "/c"];
  await Promise.all(
    names.map(async (name) => {
      const reader = (await at(server, name)).body.getReader();
      let text = "";
      // So much that it has to wait for the client, too.
      while (text.length < 3_000_000) text += Buffer.from((await reader.read()).value).toString();
      assert.deepEqual(new Set(text.split(/ +/).slice(0, -1)), new Set([name]));
      await reader.cancel();
    }),
  );
  while (ended.length < names.length) await turn();
  for (const [name, store] of ended) assert.equal(store, name);
});

test("a producer may read its request's body", async () => {
  const server = start({
    fetch: (request) =>
      new Response(
        (async function* () {
          yield* slowly("got ");
          yield await request.text();
        })(),
      ),
  });
  const reply = await at(server, "/", { method: "POST", body: "x".repeat(300_000) });
  assert.equal((await reply.text()).length, 300_004);
});

test("server.fetch() of a stream gives all of it", async () => {
  const server = serving(() => slowly("ab", "x".repeat(3_000_000)), { headers: { "X-A": "1" } });
  const reply = await server.fetch("/");
  assert.equal(reply.headers.get("x-a"), "1");
  assert.equal((await reply.text()).length, 3_000_002);
  const failing = serving(async function* () {
    yield* slowly("ab");
    throw new Error("broken");
  });
  await errorsOf(() => assert.rejects(failing.fetch("/"), { name: "AbortError" }));
});
