// What another server says is fetched once, and served from memory.
const upstream = Bun.serve({ port: 0, fetch: () => Response.json({ data: [1, 2, 3] }) });

const data = await fetch(upstream.url);
const blob = await data.blob();
await upstream.stop();

const server = Bun.serve({
  static: {
    "/api/data": new Response(blob),
    "/api/health-check": new Response("All good!"),
    "/old-link": Response.redirect("/new-link", 301),
    "/api/version.json": Response.json({ version: "1.0.0" }),
  },

  fetch(req) {
    return new Response("404!");
  },
});

console.log(`on ${server.url}`);
