// What does not depend on the program: syntax, framing, the life of a connection, timeouts.
import { call, ready } from "./say";

let open = () => {};

async function fetch(req: Request): Promise<Response> {
  const { pathname } = new URL(req.url, "http://a");
  if (pathname === "/held") {
    call("held");
    await new Promise<void>((resolve) => (open = resolve));
  }
  if (pathname === "/open") open();
  return new Response(`${req.method} ${pathname} ${await req.text()}`);
}

// Handlers that say nothing for longer than idleTimeout: one is cut, and then the rest answer.
const cut = Promise.withResolvers<void>();
const idle = Bun.serve({
  port: 0,
  idleTimeout: 1,
  async fetch(req, server) {
    const { pathname } = new URL(req.url);
    if (pathname === "/silent") {
      req.signal.addEventListener("abort", () => cut.resolve());
      await new Promise(() => {});
    }
    if (pathname === "/free") {
      server.timeout(req, 0);
      await cut.promise;
    }
    return new Response("answered");
  },
});
const patient = Bun.serve({
  port: 0,
  idleTimeout: 0,
  async fetch() {
    await cut.promise;
    return new Response("answered");
  },
});

ready({ main: Bun.serve({ port: 0, development: false, fetch }), idle, patient });
