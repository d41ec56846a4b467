// The smallest server: ./bao examples/ts/hello.ts, then open http://localhost:3000.
const server = Bun.serve({
  fetch() {
    return new Response("Hello from Bao\n");
  },
});

console.log(`listening on ${server.url}`);
