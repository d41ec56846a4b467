// The same application as server.cc, in JavaScript:
//
//     node server.mjs FILE              one process
//     node server.mjs FILE cluster      two processes, one of which crashes when it is asked to
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { file, Response, serve } from "../../../node/lib/index.js";
import { Hash } from "./hash.mjs";

const [path, mode, port = "0"] = process.argv.slice(2);
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
const countOf = (req) => Number(new URL(req.url).searchParams.get("count"));

async function* events(count) {
  for (let i = 0; i < count; ++i) {
    yield `data: ${i}\n\n`;
    if (i % 8 === 0) await sleep(1);
  }
}

async function* pieces(count) {
  for (let i = 0; i < count; ++i) yield String.fromCharCode(97 + (i % 26)).repeat(1000);
}

async function upload(req) {
  const hash = new Hash();
  for await (const piece of req.body ?? []) hash.add(piece);
  return new Response(hash.text());
}

async function form(req) {
  const fields = await req.formData();
  return new Response(`${fields.get("name")} ${new Hash().add(await fields.get("file").bytes()).text()}`);
}

const routes = (version) => ({
  "/prepared": new Response("prepared and sent\n"),
  "/hello/:name": (req) => new Response(`hello ${req.params.name}`),
  "/echo": { POST: async (req) => new Response(await req.text()) },
  "/file": new Response(file(path)),
  "/upload": { POST: upload },
  "/form": { POST: form },
  "/events": (req) =>
    new Response(events(countOf(req)), { headers: { "content-type": "text/event-stream" } }),
  "/pieces": (req) => new Response(pieces(countOf(req))),
  "/version": () => new Response(`${version}`),
  "/slow": async () => {
    await sleep(20);
    return new Response(`${version}`);
  },
  "/reload": (req, server) => {
    server.reload({ routes: routes(version + 1) });
    return new Response(`${version + 1}`);
  },
  "/socket": (req, server) => {
    if (server.upgrade(req)) return undefined;
    return new Response("a WebSocket, please", { status: 400 });
  },
  "/memory": () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return new Response(`${heapUsed + external}`);
  },
  "/pid": () => new Response(`${process.pid}`),
  "/crash": () => process.kill(process.pid, "SIGKILL"),
});

function start() {
  return serve({
    port: Number(port),
    hostname: "127.0.0.1",
    reusePort: mode !== undefined,
    development: false,
    routes: routes(1),
    websocket: {
      perMessageDeflate: true,
      open: (ws) => ws.subscribe("all"),
      message(ws, message) {
        if (typeof message === "string" && message.startsWith("all ")) ws.publish("all", message);
        ws.send(message, typeof message === "string");
      },
    },
  });
}

const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

/** A process of the cluster, over and over; the first of all finds the port. */
async function keep(where) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), path, "child", where], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.add(child);
  const found = once(child.stdout, "data").then(([line]) => `${line}`);
  child.once("exit", async () => {
    children.delete(child);
    keep(new URL((await found).split(" ")[0]).port);
  });
  return found;
}

if (mode === "cluster") {
  const line = await keep("0");
  await keep(new URL(line.split(" ")[0]).port);
  process.stdout.write(line);
} else {
  console.log(`${start().url} ${process.pid}`);
}
process.on("SIGTERM", () => process.exit(0));
