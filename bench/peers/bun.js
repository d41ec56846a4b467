// The routes of bench/hello.cc on Bun.serve.

const text = "Hello, world!";
const json = '{"message":"Hello, world!"}';
const jsonHeaders = { headers: { "Content-Type": "application/json;charset=utf-8" } };

const files = process.env.BAO_BENCH_FILES;
const { BAO_BENCH_TLS: certificates, BAO_BENCH_LOW_MEMORY: low } = process.env;
const tls = certificates && {
  key: Bun.file(`${certificates}/key.pem`),
  cert: Bun.file(`${certificates}/cert.pem`),
  lowMemoryMode: low !== undefined,
};

const server = Bun.serve({
  ...(tls && { tls }),
  port: 0,
  hostname: "127.0.0.1",
  idleTimeout: 60,
  development: false,
  routes: {
    "/prepared": new Response(text),
    "/json": () => new Response(json, jsonHeaders),
    "/users/:id": (request) => new Response(request.params.id),
    "/files/4k": new Response(Bun.file(`${files}/4k`)),
    "/files/1m": new Response(Bun.file(`${files}/1m`)),
    "/suspend": async () => {
      await new Promise(setImmediate);
      return new Response(text);
    },
  },
  fetch: () => new Response(text),
});
console.log(`listening on ${server.port}`);
