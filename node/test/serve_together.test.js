/** Requests that arrive together are given to their handlers together, and each is on its own. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { test } from "node:test";
import { Response } from "../lib/index.js";
import { start } from "./started.js";
import { Client, errorsOf, library } from "./wire.js";

/** Clients whose connections the server has taken. */
async function clientsOf(server, count) {
  const clients = Array.from({ length: count }, () => new Client(server));
  for (const client of clients) {
    client.get("/none");
    await client.until("\r\n\r\n");
    client.received = "";
  }
  return clients;
}

/** What each path is answered with, asked for by as many clients in one turn of the loop. */
async function together(server, paths) {
  const clients = await clientsOf(server, paths.length);
  paths.forEach((path, i) => clients[i].get(path, "Connection: close\r\n"));
  await Promise.all(clients.map(({ closed }) => closed));
  return clients.map(({ received, ended }) => {
    const [head, body] = received.split("\r\n\r\n");
    const status = Number(head.slice(9, 12));
    return { status, head, body: Buffer.from(body ?? "", "latin1").toString(), ended };
  });
}

/** A program that prints its port, and clients whose requests it finds in one turn of its loop. */
async function program(source, env = {}) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const exit = once(child, "exit");
  const [line] = await once(child.stdout, "data");
  const clients = await clientsOf({ port: Number(line) }, 3);
  const ask = async (path) => {
    // While it sleeps all of them arrive.
    child.kill("SIGSTOP");
    for (const client of clients) client.get(path);
    const unsent = clients.filter(({ socket }) => socket.writableLength > 0);
    await Promise.all(unsent.map(({ socket }) => once(socket, "drain")));
    child.kill("SIGCONT");
  };
  return { child, exit, clients, ask };
}

const none = { "/none": new Response(null) };

test("requests that arrive together are one call of JavaScript", async () => {
  let stack = "";
  const server = start({
    routes: none,
    fetch() {
      stack += new Error().stack;
      return new Response("");
    },
  });
  // Not so if the clock happens to tick meanwhile.
  while (!stack.includes("dispatchAll")) await together(server, ["/", "/", "/"]);
});

test("each gets its own text, whatever its characters and length", async () => {
  const texts = [
    "", "plain", "é", "lone \ud83d", "\ude00 lone, too", "\u{1f600}", "x".repeat(2048),
    "x".repeat(2049), "ü".repeat(3000), "y".repeat(200_000), "last",
  ];
  const server = start({
    routes: none,
    fetch: (request) => new Response(texts[Number(new URL(request.url).search.slice(1))]),
  });
  for (const part of [texts, texts.filter((text) => /^[ -~]*$/.test(text))]) {
    const replies = await together(server, part.map((text) => `/?${texts.indexOf(text)}`));
    part.forEach((text, i) => {
      assert.equal(replies[i].body, text.toWellFormed());
      assert.equal(replies[i].status, 200);
    });
  }
});

test("each gets its own status, type, parameters, fields and time", async () => {
  const server = start({
    routes: {
      ...none,
      "/json": () => Response.json({ a: "ü" }, { status: 201 }),
      "/untyped": () => new Response("bytes", { status: 404, headers: { "content-type": "" } }),
      "/one/:a": ({ params }) => new Response(JSON.stringify(params)),
      "/three/:a/:b/:c": ({ params }) => new Response(JSON.stringify(params)),
      "/four/:a/:b/:c/:d": ({ params }) => new Response(JSON.stringify(params)),
      "/rest/*": ({ params }) => new Response(params["*"]),
      "/later": async ({ url }) => new Response(url),
      "/much-later": async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return new Response("much later");
      },
      "/fields": () => new Response("with fields", { headers: { "X-Mine": "yes" } }),
      "/cookie": ({ cookies }) => (cookies.set("a", "b"), new Response("sweet")),
    },
    fetch: ({ method, headers }) => new Response(`${method} ${headers.get("host")}`),
  });
  const expected = {
    "/json": [201, '{"a":"ü"}', /content-type: application\/json;charset=utf-8\r\n/i],
    "/untyped": [404, "bytes", /content-type: *\r\n/i],
    "/one/1": [200, '{"a":"1"}', /text\/plain/],
    "/one/%C3%BC%2F": [200, '{"a":"ü/"}', /text\/plain/],
    "/three/1/2/3": [200, '{"a":"1","b":"2","c":"3"}', /text\/plain/],
    "/three/1/2%20/3": [200, '{"a":"1","b":"2 ","c":"3"}', /text\/plain/],
    "/four/1/2/3/4": [200, '{"a":"1","b":"2","c":"3","d":"4"}', /text\/plain/],
    "/rest/a/b": [200, "a/b", /text\/plain/],
    "/later": [200, "http://test/later", /text\/plain/],
    "/much-later": [200, "much later", /text\/plain/],
    "/fields": [200, "with fields", /x-mine: yes/i],
    "/cookie": [200, "sweet", /set-cookie: a=b/i],
    "/else": [200, "GET test", /text\/plain/],
  };
  const replies = await together(server, Object.keys(expected));
  Object.entries(expected).forEach(([path, [status, body, field]], i) => {
    assert.equal(replies[i].body, body, path);
    assert.equal(replies[i].status, status, path);
    assert.match(`${replies[i].head}\r\n`, field, path);
  });
});

test("one that fails leaves the others alone", async () => {
  const server = start({
    routes: {
      ...none,
      "/throws": () => { throw new Error("thrown"); },
      "/rejects": async () => { throw new Error("rejected"); },
      "/nothing": () => undefined,
      "/used": (() => {
        const response = new Response("once");
        return () => response;
      })(),
    },
    fetch: () => new Response("fine"),
    error: ({ message }) => new Response(message, { status: 500 }),
  });
  let replies;
  await errorsOf(async () => {
    replies = await together(server, ["/", "/throws", "/", "/rejects", "/nothing", "/used", "/used", "/"]);
  });
  const bodies = replies.map(({ body }) => body);
  assert.deepEqual(bodies.slice(0, 4), ["fine", "thrown", "fine", "rejected"]);
  assert.equal(bodies[5], "once");
  assert.match(bodies[6], /used|disturbed/i);
  assert.equal(bodies[7], "fine");
});

test("a stop by force comes behind the replies before it, and before the requests behind it", async () => {
  const handled = [];
  const server = start({
    routes: none,
    fetch(request, server) {
      handled.push(new URL(request.url).pathname);
      if (handled.length === 2) server.stop(true);
      return new Response("done");
    },
  });
  const replies = await together(server, ["/1", "/2", "/3", "/4"]);
  assert.equal(handled.length, 2);
  assert.equal(replies.filter(({ body }) => body === "done").length, 1);
});

test("a stop by force of another server leaves each its own text", async () => {
  const bodies = { "/first": "of the first", "/last": "LAST" };
  let together = 0;
  while (together < 3) {
    const handled = [];
    const cut = start({
      routes: none,
      fetch() {
        handled.push(["/stop", new Error().stack]);
        cut.stop(true);
        cut.stop(true);
        return new Response("");
      },
    });
    const server = start({
      routes: none,
      fetch({ url }) {
        const { pathname } = new URL(url);
        handled.push([pathname, new Error().stack]);
        return new Response(bodies[pathname]);
      },
    });
    const [first, last] = await clientsOf(server, 2);
    const [stopper] = await clientsOf(cut, 1);
    first.get("/first", "Connection: close\r\n");
    stopper.get("/stop");
    last.get("/last", "Connection: close\r\n");
    await Promise.all([first, last, stopper].map(({ closed }) => closed));
    assert.match(first.received, /\r\n\r\nof the first$/);
    assert.match(last.received, /\r\n\r\nLAST$/);
    const order = handled.map(([path]) => path).join(" ");
    const batch = handled.every(([, stack]) => stack.includes("dispatchAll"));
    if (batch && order === "/first /stop /last") together++;
  }
});

test("replies do not wait for slow handlers behind them", async () => {
  let pending = [];
  const server = start({
    routes: none,
    fetch(request, server) {
      pending.push(server.pendingRequests);
      for (const end = performance.now() + 20; performance.now() < end;);
      return new Response("slow");
    },
  });
  await together(server, ["/", "/", "/", "/"]);
  pending = [];
  const replies = await together(server, ["/", "/", "/", "/"]);
  assert.deepEqual(pending, [4, 3, 2, 1]);
  replies.forEach(({ body }) => assert.equal(body, "slow"));
});

test("a handler that ends the process does not take the replies of others along", async () => {
  const source = `
    import { serve, Response } from ${JSON.stringify(library)};
    let handled = 0;
    const server = serve({
      port: 0,
      routes: { "/none": new Response(null) },
      fetch() {
        if (++handled === 3) process.exit(7);
        return new Response("kept");
      },
    });
    console.log(server.port);
  `;
  const { exit, clients, ask } = await program(source);
  await ask("/");
  assert.deepEqual(await exit, [7, null]);
  await Promise.all(clients.map(({ closed }) => closed));
  assert.equal(clients.filter(({ received }) => received.endsWith("kept")).length, 2);
});

/** Two requests that wait for promises, the first with another behind it; `settle` settles both. */
async function waitingTwo(secret) {
  const waits = [];
  const both = Promise.withResolvers();
  const server = start({
    routes: none,
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/secret") return secret(server);
      return new Promise((resolve) => {
        waits.push(() => resolve(new Response(`public text for ${pathname}`)));
        if (waits.length === 2) both.resolve();
      });
    },
  });
  const [a, b] = await clientsOf(server, 2);
  a.get("/a");
  a.get("/secret");
  b.get("/b");
  await both.promise;
  // Outside of a wake-up of the engine.
  setTimeout(() => waits.forEach((wait) => wait()), 1);
  return [a, b];
}

test("promises that settle together: a handler behind one of them changes no other's text", async () => {
  const [a, b] = await waitingTwo(() => new Response("secret ".repeat(20)));
  await a.until("secret ".repeat(20));
  await b.until("\r\n\r\npublic text for /b");
  assert.ok(!b.received.includes("secret"));
});

test("promises that settle together: a handler behind one of them may stop the server", async () => {
  const clients = await waitingTwo((server) => {
    server.stop(true);
    return new Response("late");
  });
  await Promise.all(clients.map(({ closed }) => closed));
});

/** Why a process may have no ring here; nothing if it may. */
function ringsAreRefused() {
  const [major, minor] = release().split(".").map(Number);
  if (major * 100 + minor < 519) return "the kernel is older than 5.19";
  const filtered = !/^Seccomp:\t0$/m.test(readFileSync("/proc/self/status", "utf8"));
  const setting = "/proc/sys/kernel/io_uring_disabled";
  const disabled = existsSync(setting) && readFileSync(setting, "utf8").trim() !== "0";
  return (filtered || disabled) && "this process may have no io_uring";
}

async function ringsOf(client) {
  const [, count] = (await client.until(/rings: \d+\./)).match(/rings: (\d+)\./);
  client.received = "";
  return Number(count);
}

for (const uses of [true, false]) {
  test(`what arrives together is ${uses ? "" : "not "}read and answered by io_uring`, async (t) => {
    const refused = uses && ringsAreRefused();
    if (refused) return void t.skip(refused);
    const source = `
      import { readdirSync, readlinkSync } from "node:fs";
      const { serve, Response } = await import(${JSON.stringify(library)});
      const linked = (name) => {
        try {
          return readlinkSync("/proc/self/fd/" + name);
        } catch {
          return ""; // the folder's own, which is closed by now
        }
      };
      const server = serve({
        port: 0, hostname: "127.0.0.1", development: false,
        fetch() {
          const rings = readdirSync("/proc/self/fd").map(linked).filter((to) => to.includes("io_uring"));
          return new Response("rings: " + rings.length + ".");
        },
      });
      console.log(server.port);
    `;
    const { child, exit, clients, ask } = await program(source, { BAO_USE_IO_URING: uses ? "1" : "0" });
    t.after(() => child.kill());
    // Node has rings of its own.
    clients[0].get("/");
    const before = await ringsOf(clients[0]);
    await ask("/");
    for (const client of clients) assert.equal(await ringsOf(client), uses ? before + 1 : before);
    child.kill();
    await exit;
  });
}
