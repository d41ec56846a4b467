import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Response } from "../lib/index.js";
import { start } from "./started.js";
import { Client, library, run } from "./wire.js";

const textAt = async (server, path = "/") => (await fetch(new URL(path, server.url))).text();
const program = (source) =>
  `import { serve, Response } from ${JSON.stringify(library)};\n${source}`;

// -- stop and reload

test("stop() closes idle connections at once and waits for requests under way", async () => {
  const asked = Promise.withResolvers();
  const answer = Promise.withResolvers();
  const server = start({
    fetch: () => {
      asked.resolve();
      return answer.promise;
    },
  });
  const idle = new Client(server);
  const busy = new Client(server);
  await once(idle.socket, "connect");
  busy.get("/");
  await asked.promise;
  let stopped = false;
  const stopping = server.stop().then(() => (stopped = true));
  await idle.closed;
  assert.equal(stopped, false);
  assert.equal(server.pendingRequests, 1);
  answer.resolve(new Response("the last"));
  await stopping;
  await busy.closed;
  assert.match(busy.received, /Connection: close/i);
  assert.match(busy.received, /the last$/);
  await assert.rejects(fetch(server.url));
  await server.stop();
  assert.equal(server.pendingRequests, 0);
  assert.equal(server.closeIdleConnections(), 0);
});

test("stop() does not wait for a handler whose client has gone, as in Bun", async () => {
  const asked = Promise.withResolvers();
  const aborted = Promise.withResolvers();
  const answer = Promise.withResolvers();
  const server = start({
    fetch: (req) => {
      req.signal.addEventListener("abort", aborted.resolve);
      asked.resolve();
      return answer.promise;
    },
  });
  const client = new Client(server);
  client.get("/");
  await asked.promise;
  client.socket.resetAndDestroy();
  await aborted.promise;
  assert.equal(server.pendingRequests, 0);
  await server.stop();
  answer.resolve(new Response("to nobody"));
});

test("stop(true) cuts, aborts signals, and resolves an earlier stop", async () => {
  const asked = Promise.withResolvers();
  const aborted = Promise.withResolvers();
  const server = start({
    fetch: (request) => {
      request.signal.addEventListener("abort", () => aborted.resolve());
      asked.resolve();
      return new Promise(() => {});
    },
  });
  const client = new Client(server);
  client.get("/");
  await asked.promise;
  const earlier = server.stop();
  await server.stop(true);
  await Promise.all([earlier, aborted.promise, client.closed]);
  assert.equal(client.received, "");
});

test("a handler may stop its own server, by force too", async () => {
  for (const force of [false, true]) {
    const stopped = Promise.withResolvers();
    const server = start({
      fetch: async (request, server) => {
        server.stop(force).then(stopped.resolve);
        return new Response("bye");
      },
    });
    const client = new Client(server);
    client.get("/");
    await stopped.promise;
    await client.closed;
    assert.equal(client.received.includes("bye"), !force);
  }
  const sync = start({
    fetch: (request, server) => {
      server.stop(true);
      return new Response("bye");
    },
  });
  const client = new Client(sync);
  client.get("/");
  await client.closed;
  assert.equal(client.received, "");
});

test("a program may stop a server while it reads the body of a request", async () => {
  const failed = Promise.withResolvers();
  const server = start({
    fetch: (request, server) => {
      request.text().catch((error) => failed.resolve(error.name));
      server.stop(true);
      return new Promise(() => {});
    },
  });
  const client = new Client(server);
  client.write("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc");
  assert.equal(await failed.promise, "AbortError");
});

test("closeIdleConnections", async () => {
  const server = start({ fetch: () => new Response("x") });
  const client = new Client(server);
  client.get("/");
  await client.until("\r\n\r\nx");
  assert.equal(server.closeIdleConnections(), 1);
  await client.closed;
  assert.equal(await textAt(server), "x");
});

test("reload replaces everything; requests under way end with the old", async () => {
  const asked = Promise.withResolvers();
  const answer = Promise.withResolvers();
  const server = start({
    routes: {
      "/wait": async () => {
        asked.resolve();
        await answer.promise;
        throw new Error("old");
      },
      "/route": new Response("old route"),
    },
    fetch: () => new Response("old"),
    error: () => new Response("old error"),
  });
  const waiting = textAt(server, "/wait");
  await asked.promise;
  server.reload({ fetch: () => new Response("new"), static: { "/s": new Response("new static") } });
  assert.equal(await textAt(server), "new");
  assert.equal(await textAt(server, "/route"), "new");
  assert.equal(await textAt(server, "/s"), "new static");
  answer.resolve();
  assert.equal(await waiting, "old error");
  assert.throws(() => server.reload({ fetch: 1 }), TypeError);
  assert.throws(() => server.reload({ fetch() {}, routes: { x: () => {} } }), TypeError);
  assert.throws(() => server.reload(), { name: "TypeError", code: "ERR_MISSING_ARGS" });
  assert.throws(() => server.reload(null), { message: "Bun.serve expects an object, not null" });
  assert.equal(await textAt(server), "new");
});

test("reload without fetch and error keeps them, and no routes", async () => {
  const server = start({
    routes: { "/route": new Response("route") },
    fetch: (request) => {
      if (request.url.endsWith("/fail")) throw new Error("fails");
      return new Response("fetch");
    },
    error: (error) => new Response(`error: ${error.message}`),
  });
  server.reload({ routes: { "/other": new Response("other") } });
  assert.equal(await textAt(server, "/other"), "other");
  assert.equal(await textAt(server, "/route"), "fetch");
  assert.equal(await textAt(server, "/fail"), "error: fails");
  server.reload({ fetch: undefined, error: null });
  assert.equal(await textAt(server, "/other"), "fetch");
  assert.equal(await textAt(server, "/fail"), "error: fails");
});

test("reloading for ever needs no more memory", async () => {
  const server = start({ fetch: () => new Response("0") });
  for (let i = 1; i <= 2000; i++) {
    server.reload({ routes: { "/:a": () => new Response(`${i}`), "/p": new Response("p") } });
    if (i % 500 === 0) assert.equal(await textAt(server, "/x"), `${i}`);
  }
});

test("many servers in one process", async () => {
  const many = Array.from({ length: 20 }, (_, i) => start({ fetch: () => new Response(`${i}`) }));
  const texts = await Promise.all(many.map((server) => textAt(server)));
  assert.deepEqual(texts, many.map((_, i) => `${i}`));
  await Promise.all(many.map((server) => server.stop()));
  assert.equal(await textAt(start({ fetch: () => new Response("after") })), "after");
});

test("a server is disposable", async () => {
  let url;
  {
    const server = start({ fetch: () => new Response("x") });
    url = server.url;
    server[Symbol.dispose]();
  }
  await assert.rejects(fetch(url));
});

// -- Node's loop

test("Node's timers and promises are not starved by a busy server", async () => {
  const server = start({ fetch: () => new Response("x") });
  const client = new Client(server);
  const burst = "GET / HTTP/1.1\r\nHost: test\r\n\r\n".repeat(500);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  client.socket.on("data", () => client.write(burst));
  client.write(burst);
  while (ticks < 20) await new Promise(setImmediate);
  clearInterval(timer);
  client.close();
});

test("a server keeps the process, unref() lets it go, a request keeps it again", async () => {
  const gone = await run(program(`serve({ port: 0 }).unref(); console.log("end");`));
  assert.deepEqual([gone.code, gone.output], [0, "end\n"]);
  const stopped = await run(program(`const s = serve({ port: 0, fetch: () => new Response("x") });
    await (await fetch(s.url)).text(); await s.stop(); console.log("end");`));
  assert.deepEqual([stopped.code, stopped.output, stopped.errors], [0, "end\n", ""]);
  const kept = await run(program(`
    const s = serve({ port: 0, fetch: () => new Promise((r) => {
      setTimeout(() => r(new Response("late")), 50);
    }) });
    s.unref();
    const { connect } = await import("node:net");
    const c = connect(s.port, "127.0.0.1", () => c.write("GET / HTTP/1.0\\r\\n\\r\\n"));
    c.on("data", (d) => console.log(String(d).includes("late")));`));
  assert.deepEqual([kept.code, kept.output], [0, "true\n"]);
});

test("an idle server does not wake the process", async () => {
  const { code, output } = await run(program(`
    const s = serve({ port: 0, fetch: () => new Response("x") });
    await (await fetch(s.url, { headers: { connection: "close" } })).text();
    const before = process.resourceUsage();
    await new Promise((r) => setTimeout(r, 1000));
    const after = process.resourceUsage();
    console.log(after.voluntaryContextSwitches - before.voluntaryContextSwitches < 100);
    await s.stop(true);
    process.exit();`));
  assert.deepEqual([code, output], [0, "true\n"]);
});

test("process.exit() with live servers and requests", async () => {
  const exits = [
    `const s = serve({ port: 0, fetch: () => { process.exit(7); } });
     fetch(s.url).catch(() => {});`,
    `const s = serve({ port: 0, fetch: async (r) => { await r.text(); process.exit(7); } });
     fetch(s.url, { method: "POST", body: "x" }).catch(() => {});`,
    `const later = () => new Promise(() => setTimeout(() => process.exit(7), 10));
     const s = serve({ port: 0, fetch: later });
     fetch(s.url).catch(() => {}); fetch(s.url).catch(() => {});`,
  ];
  for (const source of exits) {
    const { code, signal, errors } = await run(program(source));
    assert.deepEqual([code, signal, errors], [7, null, ""], source);
  }
});

test("an uncaught error ends the process as Node does", async () => {
  const { code, errors } = await run(program(`
    const s = serve({ port: 0, fetch: () => {
      setTimeout(() => { throw new Error("uncaught"); });
      return new Response("x");
    } });
    await fetch(s.url);`));
  assert.equal(code, 1);
  assert.match(errors, /uncaught/);
});

// -- Threads

const inWorker = `
  import { parentPort, workerData } from "node:worker_threads";
  const { serve, Response } = await import(workerData.library);
  const server = serve({ port: 0, hostname: "127.0.0.1", development: false, routes: {
    "/": () => new Response("from a worker"),
    "/hang": () => new Promise(() => {}),
    "/spin": () => { parentPort.postMessage("spinning"); for (;;); },
    "/exit": () => process.exit(3),
  } });
  parentPort.postMessage(server.port);
  parentPort.on("message", async () => { await server.stop(true); parentPort.close(); });`;

async function startWorker() {
  const url = new URL(`data:text/javascript,${encodeURIComponent(inWorker)}`);
  const worker = new Worker(url, { workerData: { library } });
  const [port] = await once(worker, "message");
  return { worker, port };
}

const ask = async (port, path = "/") => (await fetch(`http://127.0.0.1:${port}${path}`)).text();

test("workers have servers of their own and may end in every way", async () => {
  const workers = await Promise.all([startWorker(), startWorker(), startWorker(), startWorker()]);
  for (const { port } of workers) assert.equal(await ask(port), "from a worker");

  const [clean, terminated, spinning, exiting] = workers;
  clean.worker.postMessage("stop");
  assert.deepEqual(await once(clean.worker, "exit"), [0]);

  const hanging = ask(terminated.port, "/hang");
  hanging.catch(() => {});
  await ask(terminated.port);
  await terminated.worker.terminate();
  await assert.rejects(hanging);

  const spun = ask(spinning.port, "/spin");
  spun.catch(() => {});
  await once(spinning.worker, "message");
  await spinning.worker.terminate();
  await assert.rejects(spun);

  const exited = once(exiting.worker, "exit");
  await assert.rejects(ask(exiting.port, "/exit"));
  assert.deepEqual(await exited, [3]);

  assert.equal(await textAt(start({ fetch: () => new Response("main lives") })), "main lives");
});
