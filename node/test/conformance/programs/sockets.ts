// WebSockets: a message names what to do, and what came of it is asked for by /events.
import { outcome, ready } from "./say";

let events: unknown[] = [];
const note = (...what: unknown[]) => events.push(what);

const actions: Record<string, (ws: any) => unknown> = {
  sends: (ws) => [
    ws.send("abc"), ws.send(new Uint8Array(5)), ws.send(""), ws.sendText("éé"),
    ws.sendBinary(new Uint8Array(2)), ws.send(5), ws.send({}), ws.send(new Uint16Array(2)), ws.send(new ArrayBuffer(3)),
  ],
  "wrong sends": (ws) => [
    outcome(() => ws.send()), outcome(() => ws.sendText(new Uint8Array(1))),
    outcome(() => ws.sendBinary("x")), outcome(() => ws.send(null)),
    outcome(() => ws.send(undefined)), outcome(() => ws.publish("a", null)),
  ],
  controls: (ws) => [
    ws.ping(), ws.ping("abc"), ws.pong("x"), ws.ping(new Uint8Array(2)),
    outcome(() => ws.ping(5)),
  ],
  topics: (ws) => [
    ws.subscribe("a"), ws.subscribe("a"), ws.isSubscribed("a"), ws.isSubscribed("b"),
    ws.subscriptions, server.subscriberCount("a"), ws.unsubscribe("b"), ws.unsubscribe("a"),
    ws.unsubscribe("a"), ws.subscriptions, server.subscriberCount("a"),
  ],
  "wrong topics": (ws) => [
    outcome(() => ws.subscribe("")), outcome(() => ws.subscribe(5)),
    outcome(() => ws.unsubscribe("")), outcome(() => ws.isSubscribed("")), outcome(() => ws.publish("", "x")),
    outcome(() => ws.publish(5, "x")), outcome(() => ws.publish("a")),
    outcome(() => ws.publishText("a", new Uint8Array(1))),
    outcome(() => ws.publishBinary("a", "x")),
  ],
  publishes: (ws) => [
    ws.subscribe("p"), ws.publish("p", "to others"), ws.publish("none", "x"),
    server.publish("p", "to all"), server.publish("p", new Uint8Array(3)),
    server.publish("none", "x"), ws.unsubscribe("p"),
  ],
  "publishes by the server": () => [
    outcome(() => (server as any).publish()), outcome(() => server.publish("", "x")),
    outcome(() => (server as any).subscriberCount(5)), server.subscriberCount(""),
  ],
  corks: (ws) => [
    ws.cork((same: unknown) => [same === ws, ws.send("in"), ws.send("the cork")]),
    outcome(() => ws.cork(5)),
    outcome(() => ws.cork(() => { throw new RangeError("x"); })),
  ],
  facts: (ws) => [
    ws.readyState, ws.binaryType, ws.data, ws.getBufferedAmount(), ws.isPaused,
    server.pendingWebSockets, Object.prototype.toString.call(ws),
  ],
  "binary types": (ws) => [
    outcome(() => (ws.binaryType = "x")), outcome(() => (ws.binaryType = "uint8array")),
    ws.binaryType,
  ],
  throws: () => { throw new Error("thrown"); },
  "wrong close": (ws) => outcome(() => ws.close("x")),
  "closes with nothing": (ws) => [ws.close(), ws.readyState, ws.send("late"), ws.close()],
  "closes with a code": (ws) => ws.close(4000),
  "closes with a reason": (ws) => ws.close(3000, "the reason"),
  "closes with a long reason": (ws) => ws.close(3000, "ä".repeat(100)),
  "closes without a code": (ws) => ws.close(1005, "x"),
  terminates: (ws) => [ws.terminate(), ws.readyState],
};

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  development: false,
  fetch(req, server) {
    const { pathname } = new URL(req.url);
    if (pathname === "/events") return Response.json(events.splice(0));
    if (pathname === "/wrong") {
      return Response.json([
        outcome(() => (server as any).upgrade()), outcome(() => (server as any).upgrade({})),
        outcome(() => server.upgrade(new Request("http://x/"))), outcome(() => server.upgrade(req)),
      ]);
    }
    if (pathname === "/wrong-options") {
      note(
        outcome(() => (server as any).upgrade(req, 5)),
        outcome(() => (server as any).upgrade(req, { headers: "x" })),
        outcome(() => server.upgrade(req, { headers: { "a b": "c" } } as any)),
      );
    }
    const data = { path: pathname };
    const headers = { "X-One": "1", "Set-Cookie": "a=b" };
    const upgraded = server.upgrade(req, { data, headers } as any);
    note("upgrade", upgraded, outcome(() => server.upgrade(req)));
    if (!upgraded) return new Response("no WebSocket", { status: 400 });
  },
  websocket: {
    maxPayloadLength: 10_000,
    open(ws: any) {
      note("open", ws.readyState, ws.remoteAddress);
      if (ws.data.path === "/open-throws") throw new Error("open threw");
      if (ws.data.path === "/open-closes") ws.close(4000, "at once");
      if (ws.data.path === "/greets") ws.send("welcome");
    },
    message(ws: any, message: any) {
      const action = typeof message === "string" ? actions[message] : undefined;
      if (action) return void note(message, action(ws));
      note("message", typeof message, message.constructor.name, message.length);
      ws.send(message);
    },
    close(ws: any, code: number, reason: string) {
      note("close", code, reason, ws.readyState, ws.subscriptions, ws.send("x"), ws.data);
    },
    ping: (ws: any, data: any) => void note("ping", data.constructor.name, data.toString()),
    pong: (ws: any, data: any) => void note("pong", data.constructor.name, data.toString()),
    error: (error: any, ws: any) => void note("error", error.message, ws.readyState),
  },
} as any);

ready({ main: server });
