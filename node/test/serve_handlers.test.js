import assert from "node:assert/strict";
import { test } from "node:test";
import { Headers, Request, Response } from "../lib/index.js";
import { at, start } from "./started.js";
import { Client, errorsOf } from "./wire.js";

const PlatformResponse = globalThis.Response;

const deferred = () => Promise.withResolvers();

/** What a handler's result becomes on the wire. */
async function replyTo(fetch, init, options) {
  return at(start({ fetch, ...options }), "/", init);
}

test("a string body is text with its length and a date", async () => {
  const reply = await replyTo(() => new Response("grüße"));
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get("content-type"), "text/plain;charset=utf-8");
  assert.equal(reply.headers.get("content-length"), "7");
  assert.ok(Math.abs(Date.parse(reply.headers.get("date")) - Date.now()) < 5000);
  assert.equal(await reply.text(), "grüße");
});

test("strings of all kinds and lengths arrive whole", async () => {
  const texts = [
    "",
    "a",
    "é",
    "\u{1f600}",
    "lone \ud800 surrogate",
    "\0nul",
    "x".repeat(65530),
    "x".repeat(65535),
    "ü".repeat(40000),
    "\u{1f600}".repeat(16384),
    "y".repeat(3_000_000),
  ];
  const server = start({
    fetch: (request) => new Response(texts[Number(new URL(request.url).search.slice(1))]),
  });
  for (let i = 0; i < texts.length; i++) {
    assert.equal(await (await at(server, `/?${i}`)).text(), texts[i].toWellFormed(), `text ${i}`);
  }
});

test("status and JSON go the short way", async () => {
  const server = start({
    routes: {
      "/json": () => Response.json({ a: [1, "ü"] }),
      "/teapot": () => new Response("short and stout", { status: 418 }),
      "/later": async () => Response.json([1], { status: 201 }),
    },
    fetch: () => new Response("plain"),
  });
  const json = await at(server, "/json");
  assert.equal(json.headers.get("content-type"), "application/json;charset=utf-8");
  assert.deepEqual(await json.json(), { a: [1, "ü"] });
  const teapot = await at(server, "/teapot");
  assert.equal(teapot.status, 418);
  assert.equal(teapot.headers.get("content-type"), "text/plain;charset=utf-8");
  const later = await at(server, "/later");
  assert.equal(later.status, 201);
  assert.equal(later.headers.get("content-type"), "application/json;charset=utf-8");
  // The registers of one reply do not leak into the next.
  const plain = await at(server);
  assert.equal(plain.status, 200);
  assert.equal(plain.headers.get("content-type"), "text/plain;charset=utf-8");
});

test("fields are sent as they were given, several of one name too", async () => {
  const reply = await replyTo(() => {
    const headers = new Headers([
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
      ["X-Bytes", "caf\xe9"],
    ]);
    return new Response("x", { status: 202, headers });
  });
  assert.equal(reply.status, 202);
  assert.deepEqual(reply.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(reply.headers.get("x-bytes"), "caf\xe9");
});

test("bodies of other kinds", async () => {
  const kinds = {
    "/bytes": () => new Response(new Uint8Array([1, 2, 255])),
    "/buffer": () => new Response(new Uint8Array([4, 5]).buffer),
    "/blob": () => new Response(new Blob(["<p>"], { type: "text/html" })),
    "/query": () => new Response(new URLSearchParams({ a: "1 2" })),
    "/empty": () => new Response(null, { status: 203 }),
    "/none": () => new Response(null, { status: 204 }),
    "/platform": () => new PlatformResponse("theirs", { status: 207, headers: { "x-a": "b" } }),
    "/redirect": () => Response.redirect("/elsewhere"),
  };
  const server = start({ routes: kinds });
  const ask = (path) => at(server, path, { redirect: "manual" });
  assert.deepEqual(await (await ask("/bytes")).bytes(), new Uint8Array([1, 2, 255]));
  assert.equal((await ask("/bytes")).headers.get("content-type"), null);
  assert.deepEqual(await (await ask("/buffer")).bytes(), new Uint8Array([4, 5]));
  assert.equal((await ask("/blob")).headers.get("content-type"), "text/html");
  assert.equal(await (await ask("/query")).text(), "a=1+2");
  const empty = await ask("/empty");
  assert.equal(empty.headers.get("content-length"), "0");
  assert.equal(empty.status, 203);
  assert.equal((await ask("/none")).headers.get("content-length"), null);
  const platform = await ask("/platform");
  assert.deepEqual(
    [platform.status, platform.headers.get("x-a"), await platform.text()],
    [207, "b", "theirs"],
  );
  const redirect = await ask("/redirect");
  assert.deepEqual([redirect.status, redirect.headers.get("location")], [302, "/elsewhere"]);
});

test("promises, thenables and timers answer later", async () => {
  const server = start({
    routes: {
      "/async": async () => new Response("async"),
      "/timer": () => new Promise((resolve) => setTimeout(() => resolve(new Response("timer")), 5)),
      "/immediate": () =>
        new Promise((resolve) => setImmediate(() => resolve(new Response("immediate")))),
      "/thenable": () => ({ then: (resolve) => resolve(new Response("thenable")) }),
      "/nested": async () => (async () => new Response("nested"))(),
    },
  });
  for (const name of ["async", "timer", "immediate", "thenable", "nested"]) {
    assert.equal(await (await at(server, `/${name}`)).text(), name);
  }
});

test("the request tells method, URL and fields, also when its reply is out", async () => {
  const kept = [];
  const server = start({
    fetch: (request) => {
      kept.push(request);
      return new Response("x");
    },
  });
  await at(server, "/a%20b?q=1", { method: "PURGE", headers: { "X-One": "1" } });
  const [request] = kept;
  assert.equal(request.url, `http://127.0.0.1:${server.port}/a%20b?q=1`);
  assert.equal(request.method, "PURGE");
  assert.equal(request.headers.get("x-one"), "1");
  assert.ok(request instanceof Request);
});

test("the body can be read in every form, at once or in pieces", async () => {
  const server = start({
    routes: {
      "/text": async (request) => new Response(await request.text()),
      "/json": async (request) => Response.json(await request.json()),
      "/bytes": async (request) => new Response(await request.bytes()),
      "/form": async (request) => Response.json([...(await request.formData())]),
      "/unread": () => new Response("unread"),
      "/twice": async (request) => {
        await request.text();
        return new Response(await request.text().catch((error) => error.name));
      },
    },
  });
  const send = async (path, body, headers) =>
    (await at(server, path, { method: "POST", body, headers })).text();
  assert.equal(await send("/text", "\ufeffgrüße"), "grüße");
  assert.equal(await send("/json", '{"a": 1}'), '{"a":1}');
  assert.equal(await send("/bytes", "x".repeat(1_000_000)), "x".repeat(1_000_000));
  assert.equal(
    await send("/form", new URLSearchParams({ a: "1", b: "2" })),
    '[["a","1"],["b","2"]]',
  );
  assert.equal(await send("/unread", "x"), "unread");
  assert.equal(await send("/twice", "x"), "TypeError");

  const slow = new Client(server);
  slow.write(
    "POST /text HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n",
  );
  await slow.until("100 Continue");
  slow.write("abc");
  await at(server, "/unread");
  slow.write("def");
  assert.match(await slow.until("abcdef"), /200 OK/);
  slow.close();
});

test("pipelined requests are answered in order, whatever they wait for", async () => {
  const server = start({
    routes: {
      "/now": () => new Response("[now]"),
      "/soon": async () => new Response("[soon]"),
      "/later": () =>
        new Promise((resolve) => setTimeout(() => resolve(new Response("[later]")), 5)),
    },
  });
  const client = new Client(server);
  const order = ["later", "now", "soon", "now", "later", "soon", "now"];
  client.write(order.map((name) => `GET /${name} HTTP/1.1\r\nHost: test\r\n\r\n`).join(""));
  client.get("/none");
  const received = await client.until("404");
  assert.deepEqual(
    received.match(/\[\w+\]/g),
    order.map((name) => `[${name}]`),
  );
  client.close();
});

test("thousands of pipelined requests with bodies of their own", async () => {
  const server = start({
    fetch: (request) => new Response(`<${new URL(request.url).pathname.slice(1)}>`),
  });
  const client = new Client(server);
  const count = 5000;
  let text = "";
  for (let i = 0; i < count; i++) text += `GET /${i} HTTP/1.1\r\nHost: test\r\n\r\n`;
  client.write(text);
  const received = await client.until(`<${count - 1}>`);
  assert.equal(received.match(/<\d+>/g).length, count);
  client.close();
});

test("a client that goes away aborts the signal, and its address is gone", async () => {
  const asked = deferred();
  const aborted = deferred();
  const server = start({
    fetch: (request, server) => {
      const before = server.requestIP(request);
      request.signal.addEventListener("abort", () =>
        aborted.resolve({
          before,
          after: server.requestIP(request),
          reason: request.signal.reason,
        }),
      );
      asked.resolve();
      return new Promise(() => {});
    },
  });
  const client = new Client(server);
  client.get("/");
  await asked.promise;
  client.socket.resetAndDestroy();
  const { before, after, reason } = await aborted.promise;
  assert.equal(before.address, "127.0.0.1");
  assert.equal(before.family, "IPv4");
  assert.equal(after, null);
  assert.equal(reason.name, "AbortError");
});

test("a signal that is taken after the client went away is aborted", async () => {
  const asked = deferred();
  const gone = deferred();
  const seen = deferred();
  const server = start({
    fetch: async (request) => {
      asked.resolve(request);
      await gone.promise;
      seen.resolve(request.signal.aborted);
      return new Response("late");
    },
  });
  const client = new Client(server);
  client.get("/");
  const request = await asked.promise;
  client.socket.resetAndDestroy();
  while (server.requestIP(request) !== null) await new Promise(setImmediate);
  gone.resolve();
  assert.equal(await seen.promise, true);
});

test("a client that closes only its side gets its reply", async () => {
  const server = start({
    fetch: (request) =>
      new Promise((resolve) => {
        request.signal.addEventListener("abort", () => resolve(new Response("still here")));
      }),
  });
  const client = new Client(server);
  client.get("/");
  client.socket.end();
  assert.match(await client.until("still here"), /^HTTP\/1.1 200 OK/);
});

for (const [how, leave] of [
  ["has reset its connection", (client) => client.socket.resetAndDestroy()],
  ["has sent its end", (client) => client.socket.end()],
]) {
  test(`nobody is told what a handler threw because its client ${how}`, async () => {
    const told = [];
    const over = deferred();
    const asked = deferred();
    const server = start({
      error: (error) => void told.push(error),
      fetch: async ({ signal }) => {
        asked.resolve();
        try {
          await new Promise((_, reject) => (signal.onabort = () => reject(signal.reason)));
        } finally {
          setTimeout(over.resolve, 20, signal.reason.message);
        }
      },
    });
    const client = new Client(server);
    const printed = await errorsOf(async () => {
      client.get("/");
      await asked.promise;
      leave(client);
      assert.match(await over.promise, /^The client went away/);
      assert.doesNotMatch(await over.promise, /body/);
    });
    assert.deepEqual([printed, told], [[], []]);
    client.close();
  });
}

test("a body that does not come rejects whoever waits for it", async () => {
  const failed = deferred();
  const server = start({
    fetch: async (request) => {
      await request.text().catch(failed.resolve);
      return new Response("late");
    },
  });
  const client = new Client(server);
  client.write("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc");
  while (server.pendingRequests === 0) await new Promise(setImmediate);
  client.socket.resetAndDestroy();
  assert.equal((await failed.promise).name, "AbortError");
});

test("a body over the limit: 413, and chunked ones reject", async () => {
  const names = [];
  const server = start({
    maxRequestBodySize: 4,
    fetch: async (request) => {
      await request.text().catch((error) => names.push(error.name));
      return new Response("read");
    },
  });
  assert.equal((await at(server, "/", { method: "POST", body: "1234" })).status, 200);
  assert.equal((await at(server, "/", { method: "POST", body: "12345" })).status, 413);
  assert.deepEqual(names, []);
  const client = new Client(server);
  client.write(
    "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
  );
  assert.match(await client.until("\r\n\r\n"), /^HTTP\/1.1 413/);
  await client.closed;
  assert.deepEqual(names, ["QuotaExceededError"]);
});

test("a reply that goes out before the body was read rejects the reader only", async () => {
  const failed = deferred();
  const server = start({
    fetch: (request) => {
      request.text().then(
        () => failed.resolve("read"),
        (error) => failed.resolve(error.name),
      );
      return new Response("early");
    },
  });
  const client = new Client(server);
  client.write("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc");
  await client.until("early");
  assert.equal(await failed.promise, "AbortError");
  client.close();
});

// -- Failures

const failing = {
  "/throw": () => {
    throw new RangeError("thrown");
  },
  "/reject": async () => {
    throw new RangeError("rejected");
  },
  "/string": () => {
    throw "a string";
  },
  "/nothing-thrown": () => {
    throw undefined;
  },
  "/wrong": () => 42,
  "/wrong-later": async () => ({ status: 200 }),
  "/getter": () => ({
    get then() {
      throw new Error("getter");
    },
  }),
  "/proxy": () =>
    new Proxy(
      {},
      {
        get() {
          throw new Error("proxy");
        },
      },
    ),
  "/status": () => new Response(null, { status: 101 }),
  "/deep": function deep() {
    return deep();
  },
  "/hostile": () => {
    throw {
      get stack() {
        throw new Error("stack");
      },
      get message() {
        throw new Error("message");
      },
      [Symbol.for("nodejs.util.inspect.custom")]() {
        throw new Error("inspect");
      },
    };
  },
};

test("in production a failure is a bare 500, printed, and the server lives on", async () => {
  const server = start({ routes: { ...failing, "/fine": () => new Response("fine") } });
  for (const path of Object.keys(failing)) {
    const printed = await errorsOf(async () => {
      const reply = await at(server, path);
      assert.equal(reply.status, 500, path);
      assert.equal(await reply.text(), "", path);
    });
    assert.equal(printed.length, 1, path);
  }
  assert.equal(await (await at(server, "/fine")).text(), "fine");
});

test("in development a failure is a page with the stack, the source and the causes", async () => {
  const server = start({
    development: true,
    fetch: function showMe() {
      throw new RangeError("outer <b>", { cause: new TypeError("inner") });
    },
  });
  // Not as one word, because the page shows these lines.
  const secret = ["top", "secret"].join("-");
  const printed = await errorsOf(async () => {
    const reply = await at(server, "/where", { headers: { Cookie: `a=${secret}` } });
    assert.equal(reply.status, 500);
    assert.equal(reply.headers.get("content-type"), "text/html;charset=utf-8");
    const page = await reply.text();
    assert.match(page, /RangeError/);
    assert.match(page, /outer &lt;b&gt;/);
    assert.match(page, /TypeError/);
    assert.match(page, /serve_handlers\.test\.js/);
    assert.match(page, /throw new RangeError/);
    assert.match(page, /GET \/where HTTP\/1\.1/);
    assert.ok(!page.includes(secret));
  });
  assert.equal(printed[0].message, "outer <b>");
});

test("every failure has its page in development", async () => {
  const server = start({ development: true, routes: failing });
  for (const path of Object.keys(failing)) {
    await errorsOf(async () => {
      const reply = await at(server, path);
      assert.equal(reply.status, 500, path);
      assert.match(await reply.text(), /<html/, path);
    });
  }
});

test("a handler that returns nothing: a page that explains it, or 204", async () => {
  for (const fetch of [() => {}, async () => {}, () => null]) {
    const explained = await replyTo(fetch, {}, { development: true });
    assert.equal(explained.status, 500);
    assert.match(await explained.text(), /<html/);
    assert.equal((await replyTo(fetch)).status, 204);
  }
});

test("the error handler answers instead, with the server as this", async () => {
  const seen = [];
  const server = start({
    routes: failing,
    error(error) {
      seen.push(this === server);
      return new Response(`caught ${error?.message ?? error}`, {
        status: 503,
        headers: { "X-A": "b" },
      });
    },
  });
  const printed = await errorsOf(async () => {
    for (const [path, text] of [
      ["/throw", "caught thrown"],
      ["/reject", "caught rejected"],
      ["/string", "caught a string"],
      ["/nothing-thrown", "caught undefined"],
    ]) {
      const reply = await at(server, path);
      assert.deepEqual(
        [reply.status, reply.headers.get("x-a"), await reply.text()],
        [503, "b", text],
      );
    }
  });
  assert.deepEqual(printed, []);
  assert.deepEqual(seen, [true, true, true, true]);
});

test("an error handler may be asynchronous, fail itself, or return nothing", async () => {
  const throwing = () => {
    throw new Error("first");
  };
  const late = await replyTo(throwing, {}, { error: async (error) => new Response(error.message) });
  assert.equal(await late.text(), "first");
  const failures = [
    () => {
      throw new Error("second");
    },
    async () => {
      throw new Error("second");
    },
    () => undefined,
    async () => 7,
    () => new Response(null, { status: 101 }),
  ];
  for (const error of failures) {
    const printed = await errorsOf(async () => {
      assert.equal((await replyTo(throwing, {}, { error })).status, 500);
    });
    assert.equal(printed.length, 1);
  }
});

test("a Response cannot be sent twice, but cloned", async () => {
  const once = new Response("once");
  const server = start({ routes: { "/once": () => once, "/clone": () => shared.clone() } });
  const shared = new Response("shared");
  assert.equal((await at(server, "/once")).status, 200);
  const printed = await errorsOf(async () => assert.equal((await at(server, "/once")).status, 500));
  assert.match(printed[0].message, /used/);
  for (let i = 0; i < 3; i++) assert.equal(await (await at(server, "/clone")).text(), "shared");
});

test("a handler may abort its own request", async () => {
  const results = [];
  const reasons = [];
  const server = start({
    fetch: (request, server) => {
      request.signal.addEventListener("abort", () => reasons.push(request.signal.reason.name));
      results.push(server.abort(request), server.abort(request));
      return new Response("ignored");
    },
  });
  const client = new Client(server);
  client.get("/");
  await client.closed;
  assert.equal(client.received, "");
  assert.deepEqual(results, [true, false]);
  assert.deepEqual(reasons, ["AbortError"]);
});

test("a handler may abort a request that waits, and ask its own server meanwhile", async () => {
  const asked = deferred();
  const server = start({
    routes: {
      "/inner": () => new Response("inner"),
      "/outer": async (request, server) =>
        new Response(`outer ${await (await server.fetch("/inner")).text()}`),
      "/abort-and-ask": (request, server) => {
        server.abort(request);
        return server.fetch("/inner");
      },
      "/wait": (request) => {
        asked.resolve(request);
        return new Promise(() => {});
      },
    },
  });
  assert.equal(await (await at(server, "/outer")).text(), "outer inner");
  const client = new Client(server);
  client.get("/wait");
  assert.equal(server.abort(await asked.promise), true);
  await client.closed;
  const other = new Client(server);
  other.get("/abort-and-ask");
  await other.closed;
  assert.equal(other.received, "");
  assert.equal(await (await at(server, "/inner")).text(), "inner");
});
