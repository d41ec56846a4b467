/** What clients, and programs with faults, must not bring about. */
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { Blob } from "node:buffer";
import { once } from "node:events";
import { test as anyTest } from "node:test";
import { Headers, Request, Response, serve } from "../lib/index.js";
import { at, start } from "./started.js";
import { Client, errorsOf, library, run } from "./wire.js";

const PlatformResponse = globalThis.Response;

/** What is waited for may never come if the library is at fault. */
const test = (name, action) => anyTest(name, { timeout: 20_000 }, action);

const turn = () => new Promise(setImmediate);
const program = (source) =>
  `import { serve, Response } from ${JSON.stringify(library)};
   import { connect } from "node:net";
   ${source}`;

/** A client that asks for "/" and is gone once `asked` is settled. */
async function leave(server, asked, head = "GET / HTTP/1.1\r\nHost: test\r\n\r\n") {
  const client = new Client(server);
  await once(client.socket, "connect");
  client.write(head);
  await asked;
  client.socket.resetAndDestroy();
}

const gone = (request) =>
  new Promise((resolve) => request.signal.addEventListener("abort", resolve));

// -- Clients

test("a client's text in an error shows no files to it", async () => {
  const server = start({
    development: true,
    fetch: (request) => {
      throw new Error("no such user " + decodeURIComponent(new URL(request.url).search.slice(1)));
    },
  });
  const name = encodeURIComponent("bob\n    at x (/etc/passwd:1:1)");
  await errorsOf(async () => {
    const page = await (await at(server, `/?${name}`)).text();
    assert.match(page, /no such user bob/);
    assert.doesNotMatch(page, /root:/);
    assert.match(page, /decodeURIComponent\(/, "the program's own source is shown");
  });
});

test("handlers do not see what others put into AsyncLocalStorage", async () => {
  const storage = new AsyncLocalStorage();
  const seen = [];
  const server = start({
    error(error) {
      storage.enterWith("error");
      return new Response(error.message);
    },
    routes: {
      "/enter": () => {
        storage.enterWith("alice");
        return new Response(`${storage.getStore()}`);
      },
      "/later": async () => {
        storage.enterWith("bob");
        await turn();
        return new Response(`${storage.getStore()}`);
      },
      "/fail": () => {
        storage.enterWith("carol");
        throw new Error(`thrown ${storage.getStore()}`);
      },
      "/who/:a": () => {
        seen.push(storage.getStore());
        return new Response("seen");
      },
    },
  });
  const client = new Client(server);
  const head = (path) => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;
  const who = head("/who/a");
  // In one write, so that one wake-up of the loop runs them all.
  client.write(head("/enter") + who + head("/later") + who + head("/fail") + who + head("/last"));
  const received = await client.until("404");
  for (const text of ["alice", "bob", "thrown carol"]) assert.ok(received.includes(text), text);
  assert.deepEqual(seen, [undefined, undefined, undefined]);
  client.close();
});

test("listeners of signals do not share their AsyncLocalStorage with handlers", async () => {
  const storage = new AsyncLocalStorage();
  const asked = Promise.withResolvers();
  const left = Promise.withResolvers();
  const server = start({
    fetch: (request) => {
      request.signal.addEventListener("abort", () => {
        storage.enterWith("left");
        left.resolve(server.fetch("/who").then((reply) => reply.text()));
      });
      asked.resolve();
      return new Promise(() => {});
    },
    routes: { "/who": () => new Response(`${storage.getStore()}`) },
  });
  await leave(server, asked.promise);
  assert.equal(await left.promise, "undefined");
  assert.equal(storage.getStore(), undefined);
  assert.equal(await (await at(server, "/who")).text(), "undefined");
});

test("contexts are kept apart from when AsyncLocalStorage is first loaded", async () => {
  const { output, errors } = await run(
    program(`
      let storage;
      const server = serve({ port: 0, hostname: "127.0.0.1", development: false, routes: {
        "/load": async () => {
          const { AsyncLocalStorage } = await import("node:async_hooks");
          storage = new AsyncLocalStorage();
          return new Response("x");
        },
        "/enter": () => (storage.enterWith("alice"), new Response("x")),
        "/who": () => new Response("who=" + storage.getStore()),
      } });
      await (await fetch(new URL("/load", server.url))).text();
      const socket = connect(server.port, "127.0.0.1");
      const last = "Connection: close\\r\\n";
      const head = (path, more = "") =>
        "GET " + path + " HTTP/1.1\\r\\nHost: x\\r\\n" + more + "\\r\\n";
      socket.write(head("/enter") + head("/who", last));
      for await (const data of socket) process.stdout.write(data);
      await server.stop(true);`),
  );
  assert.match(output, /who=undefined/, errors);
});

test("parsed JSON is no Response, whatever members it has", async () => {
  const server = start({ fetch: async (request) => request.json() });
  const plain = start({ fetch: () => shaped(4_000_000) });
  const shaped = (status) => ({
    _status: status,
    _headers: null,
    _body: "x",
    _used: false,
    _type: null,
  });
  const printed = await errorsOf(async () => {
    for (const status of [200, 700, 100_000]) {
      const body = JSON.stringify(shaped(status));
      assert.equal((await at(server, "/", { method: "POST", body })).status, 500);
    }
    assert.equal((await at(plain)).status, 500);
  });
  assert.equal(printed.length, 4);
  for (const error of printed) assert.match(error.message, /Expected a Response object/);
});

test("a client that leaves cannot end the process by a body that is not waited for", async () => {
  const { code, output, errors } = await run(
    program(`
      const done = Promise.withResolvers();
      const server = serve({ port: 0, hostname: "127.0.0.1", development: false,
        fetch: async (request) => {
          const left = new Promise((resolve) => request.signal.addEventListener("abort", resolve));
          client.resetAndDestroy();
          await left;
          const reading = request.text();
          await new Promise(setImmediate);
          await reading.catch((error) => console.log(error.name));
          done.resolve();
        },
      });
      const client = connect(server.port, "127.0.0.1");
      client.on("error", () => {});
      client.write("POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 10\\r\\n\\r\\nabc");
      await done.promise;
      await server.stop(true);`),
  );
  assert.equal(code, 0, errors);
  assert.equal(output, "AbortError\n");
});

for (const [whose, Class] of [["", Response], [" of the platform", PlatformResponse]]) {
  test(`a stream${whose} is cancelled when its client leaves, even if it waits`, async () => {
    const asked = Promise.withResolvers();
    const cancelled = Promise.withResolvers();
    const server = start({
      fetch: () =>
        new Class(
          new ReadableStream({
            pull(controller) {
              asked.resolve(turn());
              controller.enqueue(new Uint8Array(1));
              return new Promise(() => {});
            },
            cancel: cancelled.resolve,
          }),
        ),
    });
    await leave(server, asked.promise);
    assert.equal((await cancelled.promise).name, "AbortError");
  });
}

test("errors of handlers whose client has left are printed, but not that it has left", async () => {
  const asked = Promise.withResolvers();
  const ended = Promise.withResolvers();
  const server = start({
    fetch: async (request) => {
      const left = gone(request);
      asked.resolve();
      await left;
      ended.resolve(turn());
      throw new Error("a fault");
    },
  });
  const printed = await errorsOf(async () => {
    await leave(server, asked.promise);
    await ended.promise;
  });
  assert.deepEqual(printed.map(String), ["Error: a fault"]);

  const bodies = Promise.withResolvers();
  const bodyEnded = Promise.withResolvers();
  const reader = start({
    fetch: async (request) => {
      const reading = request.text();
      bodies.resolve();
      await reading.finally(() => bodyEnded.resolve(turn()));
    },
  });
  const head = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\n";
  const silent = await errorsOf(async () => {
    await leave(reader, bodies.promise, `${head}ab`);
    await bodyEnded.promise;
  });
  assert.deepEqual(silent, []);
});

// -- Programs with faults

test("a failure that fails in turn is a 500 or the end of the connection", async () => {
  const hostile = () =>
    new Proxy({}, {
      get: () => undefined,
      getPrototypeOf() {
        throw new Error("no prototype");
      },
    });
  const fetch = async () => {
    throw new Error("first");
  };
  const later = start({ error: async () => hostile(), fetch });
  const now = start({ error: () => hostile(), fetch });
  await errorsOf(async () => {
    assert.equal((await at(later)).status, 500);
    assert.equal((await at(now)).status, 500);
  });

  const aborting = start({
    fetch: async (request, server) => {
      await turn();
      throw {
        get message() {
          server.abort(request);
          return "m";
        },
      };
    },
    development: true,
  });
  await errorsOf(() => assert.rejects(at(aborting)));
});

test("a program may take the console away, and an error may end its request", async () => {
  const { code, output, errors } = await run(
    program(`
      process.on("unhandledRejection", (error) => console.log("unhandled", error));
      const servers = [];
      const ask = (fetchHandler) => {
        const server = serve({
          port: 0, hostname: "127.0.0.1", development: false, fetch: fetchHandler });
        servers.push(server);
        return fetch(server.url).then((reply) => reply.status, () => "cut");
      };
      console.log(await ask(async (request, server) => {
        await 1;
        throw { [Symbol.for("nodejs.util.inspect.custom")]() {
          server.abort(request);
          return "x";
        } };
      }));
      console.error = undefined;
      console.log(await ask(async () => { throw new Error("m"); }));
      for (const server of servers) server.stop(true);`),
  );
  assert.equal(output, "cut\n500\n", errors);
  assert.equal(code, 0);
});

test("a prepared Response that cannot be sent does not end the process", async () => {
  const { code, output, errors } = await run(
    program(`
      const headers = { "x-a": "a\\x01b" };
      const server = serve({ port: 0, hostname: "127.0.0.1", development: false,
        routes: { "/": new Response(new Blob(["x"]), { headers }) } });
      await new Blob(["y"]).arrayBuffer();
      await new Promise(setImmediate);
      console.log((await fetch(server.url)).status);
      await server.stop(true);`),
  );
  assert.equal(output, "500\n", errors);
  assert.match(errors, /A Response on a route cannot be prepared/);
  assert.equal(code, 0);
});

test("a prepared Response has a status that can be sent", () => {
  const switching = new Response(null, { status: 101 });
  for (const target of [switching, { GET: switching }]) {
    assert.throws(() => serve({ port: 0, routes: { "/x": target } }),
      /Route "\/x" has a Response with status 101: give 200 to 599/);
  }
});

test("server.fetch leaves out the fields of another transfer", async () => {
  const server = start({ fetch: async (request) => new Response("got " + (await request.text())) });
  const headers = new Headers({
    "Transfer-Encoding": "chunked",
    Expect: "100-continue",
    Connection: "close",
  });
  const request = new Request("http://x/", { method: "POST", body: "hello", headers });
  const reply = await server.fetch(request);
  assert.equal(await reply.text(), "got hello");
});

test("server.fetch ends with its signal", async () => {
  const asked = Promise.withResolvers();
  const answer = Promise.withResolvers();
  const server = start({
    fetch: () => {
      asked.resolve();
      return answer.promise.then((response) => response.clone());
    },
  });
  const controller = new AbortController();
  const reply = server.fetch("/", { signal: controller.signal });
  await asked.promise;
  controller.abort(new Error("enough"));
  await assert.rejects(reply, /enough/);
  await assert.rejects(server.fetch("/", { signal: controller.signal }), /enough/);
  answer.resolve(new Response("late"));
  await turn();
  assert.equal((await server.fetch("/")).status, 200);
});

test("what is refused leaves nothing behind", async () => {
  const { output, errors } = await run(
    program(`
      import { setFlagsFromString } from "node:v8";
      import { runInNewContext } from "node:vm";
      setFlagsFromString("--expose-gc");
      const gc = runInNewContext("gc");
      const grown = async (action) => {
        let before;
        for (let i = 0; i < 6000; i++) {
          if (i === 1000) {
            gc();
            before = process.memoryUsage().heapUsed;
          }
          await action();
        }
        gc();
        return (process.memoryUsage().heapUsed - before) / 5000;
      };
      const server = serve({ port: 0, development: false, fetch: () => new Response("x") });
      const headers = { "x-a": "a\\x01b" };
      console.log(await grown(() => server.fetch("/", { headers }).catch(() => {})));
      console.log(await grown(() => {
        try {
          serve({ port: 0, unix: "x".repeat(300), fetch: () => new Response("x") });
        } catch {}
      }));
      await server.stop(true);`),
  );
  const [fetching, serving] = output.trim().split("\n").map(Number);
  assert.ok(fetching < 60, `${fetching} bytes for each server.fetch()\n${errors}`);
  assert.ok(serving < 60, `${serving} bytes for each serve()`);
});
