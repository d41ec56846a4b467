// A route that is made anew again and again.
const options = () => ({
  static: {
    "/api/time": new Response(new Date().toISOString()),
  },

  fetch(req: Request) {
    return new Response("404!");
  },
});

const server = Bun.serve(options());

setInterval(() => {
  server.reload(options());
}, 10);

console.log(`on ${server.url}`);
