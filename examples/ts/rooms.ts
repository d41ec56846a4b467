// Rooms with authentication: who has logged in may enter a room and talk to those who are there.
//
// A page of another site can open a WebSocket here with the user's cookies, because browsers do not
// hold it back. So the Origin is checked before the cookie is believed.
import { serve } from "bun";

type Member = { name: string; room: string };

const sessions = new Map<string, string>();

const cookie = (req: Request, name: string) =>
  new RegExp(`(?:^|; )${name}=([^;]*)`).exec(req.headers.get("cookie") ?? "")?.[1] ?? "";

// Programs that are no browsers send no Origin, and nobody's cookies but their own.
function isSameSite(req: Request) {
  const origin = req.headers.get("origin");
  return origin === null || origin === new URL(req.url).origin;
}

const server = serve({
  routes: {
    "/login": {
      POST: async (req) => {
        const name = new URLSearchParams(await req.text()).get("name")?.slice(0, 40);
        if (!name) return new Response("name=… please\n", { status: 400 });
        const token = crypto.randomUUID();
        sessions.set(token, name);
        return new Response("welcome\n", {
          headers: { "Set-Cookie": `session=${token}; Path=/; HttpOnly; SameSite=Strict` },
        });
      },
    },
    "/rooms/:room": (req, server) => {
      if (!isSameSite(req)) return new Response("not from there\n", { status: 403 });
      const name = sessions.get(cookie(req, "session"));
      if (name === undefined) return new Response("log in first\n", { status: 401 });
      const data: Member = { name, room: `room ${req.params.room}` };
      if (server.upgrade(req, { data })) return;
      return new Response("This is for WebSockets\n", { status: 400 });
    },
  },
  websocket: {
    data: {} as Member,
    open(ws) {
      ws.subscribe(ws.data.room);
      ws.send(`You are in ${ws.data.room}`);
      ws.publish(ws.data.room, `${ws.data.name} enters`);
    },
    message(ws, message) {
      ws.publish(ws.data.room, `${ws.data.name}: ${message}`);
    },
    close(ws) {
      server.publish(ws.data.room, `${ws.data.name} leaves`);
    },
    backpressureLimit: 64 * 1024, // who reads no faster than that misses messages
  },
});

console.log(`listening on ${server.url}`);
