// What soak.mjs soaks on Node; server.cc is the same in C++.
//
//     server.mjs THREADS [IDLE_TIMEOUT_IN_MILLISECONDS]
//
// Needs Node's flag --expose-gc. More than one thread are worker threads, each with a server of its own.
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

import { serve } from "../../../node/lib/index.js";

const [threads, idleTimeout] = isMainThread
  ? [Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 120_000)]
  : [1, workerData];

let open = 0;
const kept = [];

async function handle(ws, message) {
  const { room } = ws.data;
  ws.data.messages++;
  const compress = ws.data.messages % 2 === 0;
  if (typeof message !== "string") return void ws.send(message, compress);
  switch (message) {
    case "leave":
      return void ws.unsubscribe(room);
    case "join":
      return void ws.subscribe(room);
    case "close":
      return ws.close(4000, "as you wish");
    case "terminate":
      return ws.terminate();
    case "wait": {
      await sleep(3);
      ws.send("waited");
      // A handle that outlives its socket now and then: whatever is asked of it must be harmless.
      kept.push(ws);
      const other = kept.length > 16 ? kept.shift() : ws;
      other.send("a handle that was kept");
      other.publish(room, "from a handle that was kept");
      return;
    }
    default:
      ws.publish(room, message, compress);
  }
}

const server = serve({
  port: 0,
  hostname: "127.0.0.1",
  development: false,
  async fetch(request, server) {
    const { pathname } = new URL(request.url);
    if (pathname === "/state") {
      globalThis.gc();
      const { rss, heapUsed, external } = process.memoryUsage();
      return Response.json({ allocated: heapUsed + external, resident: rss, sockets: open });
    }
    if (pathname.startsWith("/later")) await sleep(2);
    const room = pathname.slice(pathname.lastIndexOf("/") + 1);
    if (!server.upgrade(request, { data: { room, messages: 0 } })) {
      return new Response("no WebSocket", { status: 400 });
    }
  },
  websocket: {
    idleTimeout: idleTimeout / 1000,
    maxPayloadLength: 1 << 20,
    backpressureLimit: 256 * 1024,
    perMessageDeflate: { compress: "4KB", decompress: "dedicated" },
    open(ws) {
      open++;
      if (ws.data.room !== "") ws.subscribe(ws.data.room);
    },
    message: handle,
    drain(ws) {
      ws.send("drained");
    },
    close(ws, code) {
      open--;
      ws.publish(ws.data.room, `gone by ${code}`);
    },
  },
});

let turn = 0;
setInterval(() => {
  turn++;
  server.publish(`room${turn % 4}`, "*".repeat(1000), turn % 8 < 4);
}, 20).unref();

if (isMainThread) {
  const ports = [server.port];
  for (let i = 1; i < threads; i++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: idleTimeout });
    ports.push(await new Promise((resolve) => worker.once("message", resolve)));
    worker.unref();
  }
  console.log(JSON.stringify(ports));
} else {
  parentPort.postMessage(server.port);
}
for (const signal of isMainThread ? ["SIGINT", "SIGTERM"] : []) {
  process.once(signal, async () => {
    await server.stop(true);
    console.log(`${open} sockets are left`);
    process.exit(open === 0 ? 0 : 1);
  });
}
