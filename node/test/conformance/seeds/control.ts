// What a handler can do about its request.
const server = Bun.serve({
  async fetch(req, server) {
    if (req.url.includes("slow")) {
      server.abort(req);
      return;
    }
    server.timeout(req, 60);
    await req.text();
    const address = server.requestIP(req);
    if (!address) return new Response("Unknown client");
    return new Response(
      `Client IP: ${address.address}, Port: ${address.port}\n` +
        `Active requests: ${server.pendingRequests}\n` +
        `Active WebSockets: ${server.pendingWebSockets}`,
    );
  },
});

console.log(`on ${server.url}`);
