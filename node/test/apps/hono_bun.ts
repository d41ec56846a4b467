// What Hono has for Bun alone: files, WebSockets, the client's address.
import { Hono } from "hono";
import { getConnInfo, serveStatic, upgradeWebSocket, websocket } from "hono/bun";

const app = new Hono();
app.use(
  "/files/*",
  serveStatic({ root: "./", rewriteRequestPath: (path) => path.slice("/files".length) }),
);
app.get("/address", (c) => c.text(getConnInfo(c).remote.address ?? "none"));
app.get(
  "/socket",
  upgradeWebSocket((c) => ({
    onOpen: (event, ws) => ws.send(`hello ${c.req.query("name")}`),
    onMessage(event, ws) {
      if (event.data === "bye") ws.close(4000, "asked to");
      else
        ws.send(
          typeof event.data === "string" ? `text ${event.data}` : (event.data as ArrayBuffer),
        );
    },
  })),
);

export default { port: 0, fetch: app.fetch, websocket };
