// Handlers that fail in every place, with and without an `error` handler.
import { call, ready } from "./say";

class Custom extends Error {
  name = "Custom";
}

const failures: Record<string, (req: Request) => any> = {
  throw: () => {
    throw new Error("woops!");
  },
  "throw later": async () => {
    await Bun.sleep(1);
    throw new Error("woops later!");
  },
  reject: () => Promise.reject(new Error("rejected!")),
  "throw a class of its own": () => {
    throw new Custom("own");
  },
  "throw text": () => {
    throw "just text";
  },
  "throw a number": () => {
    throw 42;
  },
  "throw an object": () => {
    throw { message: "object" };
  },
  "throw a Response": () => {
    throw new Response("thrown", { status: 409 });
  },
  "throw TypeError": () => (undefined as any).member,
  "throw with cause": () => {
    throw new Error("outer", { cause: new Error("inner") });
  },
  "used Response": async () => {
    const response = new Response("used");
    await response.text();
    return response;
  },
  "stream that fails at once": () =>
    new Response(
      new ReadableStream({
        start() {
          throw new Error("no stream");
        },
      }),
    ),
  "wrong status": () => new Response("x", { status: 1000 }),
  "wrong field": () => new Response("x", { headers: { "X-A": "a\r\nb" } }),
};

const nameOf = (req: Request) => decodeURIComponent(new URL(req.url).pathname.slice(1));
const fetch = (req: Request) => failures[nameOf(req)](req);
// Of what the runtime throws only the kind is the same everywhere.
const ours = /woops|rejected|own$|outer|stream$/;
const describe = (error: any) =>
  error instanceof Error
    ? `${error.name}: ${ours.test(error.message) ? error.message : ""}`
    : typeof error;

const server = (options: object) =>
  Bun.serve({ port: 0, development: false, fetch, ...options } as any);
const boom = () => {
  throw new Error("woops!");
};

ready({
  production: server({}),
  developed: server({ development: true }),
  handled: server({
    error: (error: Error) => new Response(`handled ${describe(error)}`, { status: 503 }),
  }),
  "handled, developed": server({ development: true, error: () => new Response("mine") }),
  "handled later": server({
    error: async (error: Error) => {
      await Bun.sleep(1);
      return new Response(`later ${describe(error)}`);
    },
  }),
  "handler throws": server({ error: boom }),
  "handler rejects": server({ error: () => Promise.reject(new Error("again")) }),
  "handler returns nothing": server({ error: () => undefined }),
  "handler returns nothing later": server({ error: async () => {} }),
  "handler returns text": server({ error: () => "text" }),
  "handler returns a status only": server({ error: () => new Response(null, { status: 502 }) }),
  "handler returns 204": server({ error: () => new Response(null, { status: 204 }) }),
  "handler returns a used Response": server({
    error: async () => {
      const response = new Response("used");
      await response.text();
      return response;
    },
  }),
  "page as in the manual": server({
    error: (error: Error) =>
      new Response(`<pre>${error}\n${typeof error.stack}</pre>`, {
        headers: { "Content-Type": "text/html" },
      }),
  }),
  "error of a route": server({
    routes: {
      "/route": boom,
      "/route/:id": async () => boom(),
      "/methods": { GET: boom, POST: async () => boom() },
    },
    error: (error: Error) => new Response(describe(error), { status: 500 }),
  }),
  "routes without error": server({ routes: { "/route": boom, "/methods": { GET: boom } } }),
  this: server({
    error(this: any) {
      return new Response(`${this?.port > 0}`);
    },
  }),
  arguments: server({ error: (...given: unknown[]) => new Response(String(given.length)) }),
  "unread body": server({
    fetch: async (req: Request) => {
      if (req.method === "GET") return new Response("still here");
      throw new Error("before the body");
    },
  }),
  timer: server({
    fetch: (req: Request) => {
      setTimeout(() => call("after"), 1);
      throw new Error("handler");
    },
  }),
});
