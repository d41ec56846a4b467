// The server of `./dev bench websocket` in JavaScript: the same program on Bun's engine and on ours, as the package
// holds it. Messages come back to their client, compressed if it offers that, or go to everybody in the room.

const { serve, Response } =
  globalThis.Bun === undefined
    ? await import(process.env.BAO_BENCH_LIBRARY)
    : { serve: Bun.serve, Response: globalThis.Response };

const server = serve({
  port: 0,
  hostname: "127.0.0.1",
  idleTimeout: 60,
  development: false,
  fetch(request, server) {
    const { pathname } = new URL(request.url);
    const data = { room: pathname.startsWith("/room"), compress: pathname.endsWith("-compressed") };
    if (!server.upgrade(request, { data })) return new Response("no WebSocket");
  },
  websocket: {
    perMessageDeflate: true,
    open(ws) {
      if (ws.data.room) ws.subscribe("room");
    },
    message(ws, message) {
      const { room, compress } = ws.data;
      if (room) server.publish("room", message, compress);
      else ws.send(message, compress);
    },
  },
});
console.log(`listening on ${server.port}`);
