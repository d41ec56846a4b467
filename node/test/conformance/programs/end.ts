// How a program with a server ends; the driver says which way.
import { call } from "./say";

const server = Bun.serve({
  port: 0,
  async fetch(req, server) {
    const { pathname } = new URL(req.url);
    if (pathname === "/uncaught")
      setTimeout(() => {
        throw new Error("uncaught");
      });
    if (pathname === "/unhandled") void Promise.reject(new Error("unhandled"));
    if (pathname === "/exit") process.exit(7);
    if (pathname === "/stop") void server.stop();
    if (pathname === "/stop by force") void server.stop(true);
    return new Response("ok");
  },
});

const ways: Record<string, () => unknown> = {
  unref: () => server.unref(),
  "unref, ref, stop": () => server.unref() && server.ref() && server.stop(),
  stop: () => server.stop(),
  "stop by force": () => server.stop(true),
  "unref after a request": async () => {
    await (await fetch(server.url)).text();
    server.unref();
  },
  "throw after serve": async () => {
    await null;
    throw new Error("after serve");
  },
  "signal that is handled": () =>
    process.once("SIGTERM", async () => {
      await server.stop();
      call("stopped");
    }),
  nothing: () => undefined,
};

const { port } = server;
const over = ways[process.env.WAY!]();
call("ready", { main: port });
await over;
