// A file as it is, a part of it that the request asks for, and others from memory.
const server = Bun.serve({
  port: 0,
  static: {
    "/index.html": new Response(await Bun.file("./files.ts").bytes(), {
      headers: { "Content-Type": "text/html" },
    }),
  },

  fetch(req) {
    const range = req.headers.get("X-Part");
    if (range === null) return new Response(Bun.file("./files.ts"));
    const [start = 0, end = Infinity] = range.split("=").at(-1)!.split("-").map(Number);
    const bigFile = Bun.file("./files.ts");
    return new Response(bigFile.slice(start, end));
  },
});

console.log(`Listening on ${server.url}`);
