// A WebSocket that says back whatever it is told. In a browser's console:
//   ws = new WebSocket("ws://localhost:3000"); ws.onmessage = (e) => console.log(e.data); ws.send("hi")
import { serve } from "bun";

const server = serve({
  fetch(req, server) {
    if (server.upgrade(req)) return; // it is a WebSocket from here on
    return new Response("This server speaks WebSocket\n", { status: 400 });
  },
  websocket: {
    message(ws, message) {
      ws.send(message);
    },
  },
});

console.log(`listening on ${server.url}`);
