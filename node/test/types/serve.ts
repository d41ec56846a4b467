/** serve(), routes and the Server as programs use them, and what must be refused. */
import { Cookie, CookieMap, serve, Response, type Handler, type ServeOptions, type Server } from "bao";

const server: Server = serve({
  port: process.env.PORT ?? 8080,
  hostname: "localhost",
  development: false,
  reusePort: true,
  idleTimeout: 30,
  maxRequestBodySize: 1024,
  id: "one",
  routes: {
    "/health": new Response("OK"),
    "/platform": new globalThis.Response("OK"),
    "/users/:id": (request) => new Response(request.params.id.toUpperCase()),
    "/orgs/:org/repos/:repo": async (request, server) => {
      const { org, repo } = request.params;
      return Response.json({ org, repo, port: server.port });
    },
    "/sum": async (request) => {
      await request.text();
      return new Response(request.trailers.get("x-sum"));
    },
    "/visits": ({ cookies }) => {
      const visits = Number(cookies.get("visits") ?? 0) + 1;
      cookies.set("visits", `${visits}`, { maxAge: 3600, httpOnly: true, sameSite: "strict" });
      cookies.set({ name: "theme", value: "dark", expires: new Date(2030, 0) });
      cookies.set(new Cookie("a", "b", { domain: "example.org", path: "/", secure: true }));
      cookies.delete("old", { path: "/old" });
      for (const [name, value] of cookies) console.log(name.length + value.length);
      return Response.json(new CookieMap("a=b").toSetCookieHeaders());
    },
    "/files/*": (request) => new Response(request.params["*"]),
    "/posts": {
      GET: () => new Response("list"),
      POST: async (request) => Response.json({ created: true, ...(await request.json()) }, 201),
      HEAD: new Response(),
    },
    "/posts/:id": { DELETE: (request) => new Response(request.params.id) },
    "/api/*": false,
  },
  fetch(request, server) {
    request.cookies.set("seen", "1");
    const address = server.requestIP(request);
    this.timeout(request, 0);
    return new Response(`${request.method} ${new URL(request.url).pathname} ${address?.port}`);
  },
  error(error) {
    return new Response(`${error.message} ${error.code}`, { status: 500 });
  },
});

serve({ fetch: () => new Response("x") });
serve({
  fetch: () => fetch("http://localhost/"),
  error: (error: Error) => new Response(error.stack),
});
server.reload({ port: 1, fetch: () => new Response("x") });
serve({ unix: "/tmp/x.sock", fetch: async () => new globalThis.Response("x") });
serve({
  static: { "/a": new Response("x") },
  fetch: (request: Request) => new Response(request.url),
});
serve({ routes: { "/a": (request: Request) => new Response(request.url) } });
const options: ServeOptions = { fetch: () => new Response("x") };
serve(options);

const handler: Handler = (request, server) => new Response(`${request.url} ${server.id}`);
server.reload({
  fetch: handler,
  routes: { "/:name": (request) => new Response(request.params.name) },
});

async function members(): Promise<void> {
  const numbers: number = server.pendingRequests + server.pendingWebSockets;
  const text: string = server.url.href + server.id + server.protocol;
  const { address } = server;
  const where: string = typeof address === "string" ? address : `${address.address}:${address.port}`;
  const closed: number = server.closeIdleConnections();
  const response: Response = await server.fetch("/users/1", { method: "POST", body: text + where });
  await server.fetch(new URL("http://a/"));
  await server.fetch(new Request("http://a/"));
  server.unref().ref();
  if (server.port !== undefined) server.port.toFixed(numbers + closed + response.status);
  await server.stop();
  await server.stop(true);
  using first = serve({ port: 0 });
  await using second = serve({ port: 0 });
}

// @ts-expect-error a port is a number or a text
serve({ port: {} });
// @ts-expect-error either a port or a socket file
serve({ port: 1, unix: "/tmp/x" });
// @ts-expect-error a handler gives a Response
serve({ fetch: () => "text" });
// @ts-expect-error a handler gives a Response, later on too
serve({ fetch: async () => "text" });
// @ts-expect-error there is no such option
serve({ hostnam: "localhost" });
// @ts-expect-error an option's kind
serve({ development: "yes" });
// @ts-expect-error serve needs options
serve();
serve({
  routes: {
    // @ts-expect-error there is no such parameter
    "/users/:id": (request) => new Response(request.params.name),
  },
});
serve({
  routes: {
    // @ts-expect-error nor any on this route
    "/users": (request) => new Response(request.params.id),
  },
});
serve({
  // @ts-expect-error no method
  routes: { "/a": { FETCH: () => new Response() } },
});
serve({
  // @ts-expect-error a text is no route
  routes: { "/a": "text" },
});
// @ts-expect-error it cannot be set
server.port = 1;

// WebSockets: `data` types `ws.data`, in the handlers and in upgrades.
const chat = serve({
  fetch(request, server) {
    if (server.upgrade(request, { data: { name: "Ada" }, headers: { "x-one": "1" } })) return;
    return new Response("no", { status: 400 });
  },
  websocket: {
    data: {} as { name: string },
    open(ws) {
      ws.subscribe("room");
      ws.data.name.toUpperCase();
    },
    message(ws, message) {
      const sent: number = ws.publish("room", message, true);
      ws.cork((same) => same.send(typeof message === "string" ? message : message.byteLength + ""));
      return void sent;
    },
    close: (ws, code, reason) => void chat.publish("room", `${ws.data.name} ${code} ${reason}`),
    perMessageDeflate: { compress: "4KB", decompress: "shared" },
    idleTimeout: 60,
  },
});
serve({
  fetch: (request, server) => void server.upgrade(request),
  websocket: { message: (ws, message) => void ws.send(message) },
});
// @ts-expect-error no such compressor
serve({ fetch: () => new Response(), websocket: { perMessageDeflate: { compress: "7KB" } } });
// @ts-expect-error an event has its arguments
serve({ fetch: () => new Response(), websocket: { close: (ws, code: string) => void code } });
