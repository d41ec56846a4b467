// The server of `./dev bench node`: the same program on Bun's engine and on ours, as the package holds it.

const { serve, Response } =
  globalThis.Bun === undefined
    ? await import(process.env.BAO_BENCH_LIBRARY)
    : { serve: Bun.serve, Response: globalThis.Response };

const text = "Hello, world!";
const found = { id: 7, name: "Ada", tags: ["a", "b"] };

const server = serve({
  port: 0,
  hostname: "127.0.0.1",
  idleTimeout: 60,
  development: false,
  routes: {
    "/prepared": new Response(text),
    "/async": async () => new Response(text),
    "/json": () => Response.json(found),
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
  fetch: () => new Response(text),
});
console.log(`listening on ${server.port}`);
