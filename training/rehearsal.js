// The same as rehearsal.cc for the addon of the Node face: run with an addon that was compiled with BAO_RECORD_PROFILE,
// it leaves the profile of what stands between the engine and JavaScript.
//
//   node rehearsal.js [ROUNDS]

import { once } from "node:events";
import { connect } from "node:net";
import { isMainThread, Worker, workerData } from "node:worker_threads";

const VISITORS = 16;

async function answer() {
  const { Response, serve } = await import("../node/lib/index.js");
  const text = "Hello, world!";
  const server = serve({
    port: 0,
    hostname: "127.0.0.1",
    development: false,
    routes: {
      "/prepared": new Response(text),
      "/async": async () => new Response(text),
      "/json": () => Response.json({ id: 7, name: "Ada", tags: ["a", "b"] }),
      "/facts": (request) => new Response(request.url + (request.headers.get("user-agent") ?? "")),
      "/users/:id": (request) => new Response(request.params.id),
      "/body": { POST: async (request) => new Response((await request.json()).name) },
      "/fields": () =>
        new Response(text, { headers: { "Cache-Control": "no-store", "X-Served-By": "me" } }),
      "/later": async () => {
        await new Promise(setImmediate);
        return new Response(text);
      },
    },
    fetch(request, server) {
      if (!server.upgrade(request)) return new Response(text);
    },
    websocket: {
      perMessageDeflate: true,
      open: (ws) => ws.subscribe("all"),
      message(ws, message) {
        if (message === "to all") server.publish("all", message);
        else ws.send(message);
      },
      close() {},
    },
  });
  const client = new Worker(new URL(import.meta.url), {
    workerData: { port: server.port, rounds: Number(process.argv[2] ?? 500) },
  });
  const [code] = await once(client, "exit");
  await server.stop();
  process.exitCode = code;
}

const FIELDS = [
  "Host: 127.0.0.1:3000\r\n",
  "Host: api.example.com\r\nUser-Agent: curl/8.5.0\r\nAccept: application/json\r\n",
  "Host: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n" +
    "Accept: text/html,application/xhtml+xml\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" +
    "Accept-Language: en-GB,en;q=0.9\r\nCookie: session=8f14e45fceea167a5a36dedd4bea2543\r\n",
];

function makeRequests() {
  const paths = ["/", "/", "/prepared", "/async", "/json", "/facts", "/users/42", "/fields", "/later"];
  const requests = FIELDS.flatMap((fields) =>
    paths.map((path) => `GET ${path} HTTP/1.1\r\n${fields}\r\n`),
  );
  const body = JSON.stringify({ name: "Ada", items: Array(70).fill("0123456789") });
  const length = `Content-Length: ${body.length}\r\n`;
  requests.push(`POST /body HTTP/1.1\r\n${FIELDS[0]}${length}\r\n${body}`);
  return requests;
}

/** Sends the request and waits for its reply, which comes in one piece. */
async function ask(visitor, request) {
  visitor.write(request);
  const [reply] = await once(visitor, "data");
  if (!reply.toString("latin1").startsWith("HTTP/1.1 200 ")) throw new Error(`not 200: ${reply}`);
}

async function visit({ port, rounds }) {
  const visitors = Array.from({ length: VISITORS }, () => connect(port, "127.0.0.1"));
  await Promise.all(visitors.map((visitor) => once(visitor, "connect")));
  for (let round = 0; round < rounds; ++round) {
    for (const request of makeRequests()) {
      await Promise.all(visitors.map((visitor) => ask(visitor, request)));
    }
  }
  for (const visitor of visitors) visitor.destroy();
  await talk(port, rounds);
}

/** Messages come back; what is sent to all comes to each. */
async function talk(port, rounds) {
  const messages = ["a short message", "x".repeat(16384), new Uint8Array(200), "déjà vu"];
  const talkers = Array.from({ length: VISITORS }, () => new WebSocket(`ws://127.0.0.1:${port}/talk`));
  await Promise.all(talkers.map((talker) => once(talker, "open")));
  const heard = () => Promise.all(talkers.map((talker) => once(talker, "message")));
  for (let round = 0; round < rounds; ++round) {
    for (const message of messages) {
      const all = heard();
      for (const talker of talkers) talker.send(message);
      await all;
    }
    const all = heard();
    talkers[0].send("to all");
    await all;
  }
  const closed = Promise.all(talkers.map((talker) => once(talker, "close")));
  for (const talker of talkers) talker.close();
  await closed;
}

await (isMainThread ? answer() : visit(workerData));
