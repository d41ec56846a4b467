/**
 * The servers that the clients here talk to, on Node. tests/clients/socket_server.cc is the same in C++.
 *
 * Each is one of `modes`, which say how it compresses. On the path /echo messages come back as they are, asked to
 * be compressed; on /command they say what the server is to do.
 */
import { start } from "../started.js";

/** What a server takes, in bytes. */
const MOST = 4 << 20;

const deflates = {
  plain: false,
  shared: true,
  dedicated: { compress: "dedicated", decompress: "dedicated" },
  small: { compress: "3KB", decompress: "4KB" },
  half: { compress: "disable", decompress: "dedicated" },
};

/** @returns the servers' addresses by their modes, of the scheme ws */
export function startServers() {
  const urls = {};
  for (const [mode, perMessageDeflate] of Object.entries(deflates)) {
    urls[mode] = startServer(perMessageDeflate).url.href.replace("http", "ws");
  }
  return urls;
}

function startServer(perMessageDeflate) {
  /** How the last sockets have closed. */
  const closed = [];
  const server = start({
    fetch(request, server) {
      const { pathname } = new URL(request.url);
      if (pathname === "/closed") return Response.json(closed.splice(0));
      const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(/, */);
      const headers = offered.includes("second") ? { "Sec-WebSocket-Protocol": "second" } : {};
      const commanded = pathname === "/command";
      if (!server.upgrade(request, { headers, data: commanded })) {
        return new Response("no WebSocket", { status: 400 });
      }
    },
    websocket: {
      maxPayloadLength: MOST,
      perMessageDeflate,
      message(ws, message) {
        if (ws.data) obey(ws, message);
        else ws.send(message, true);
      },
      pong(ws, payload) {
        if (ws.data) ws.send(`pong ${payload}`);
      },
      close(ws, code, reason) {
        closed.push([code, reason]);
      },
    },
  });
  return server;
}

function obey(ws, message) {
  const [word, first, ...rest] = message.split(" ");
  switch (word) {
    case "close":
      return ws.close(Number(first), rest.join(" "));
    case "terminate":
      return ws.terminate();
    case "ping":
      return ws.ping(first);
    case "send":
      return ws.send(new Uint8Array(Number(first)).fill(7), true);
    case "burst":
      for (let i = 0; i < Number(first); i++) ws.send(`message ${i}`);
  }
}
