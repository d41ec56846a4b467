// bao/http in a program that the types must accept, and lines that they must refuse.
import http, { createServer, METHODS, Server, STATUS_CODES, type ServerOptions } from "bao/http";
import type { IncomingMessage, ServerResponse } from "node:http";

const listener = (req: IncomingMessage, res: ServerResponse) => {
  res.setHeader("x-url", req.url ?? "");
  res.end(STATUS_CODES[200]);
};
const options: ServerOptions = { keepAliveTimeout: 1000, maxHeaderSize: 8192 };
const server: Server = http.createServer(options, listener);
server.on("request", (req, res) => void res.end(req.method));
server.on("upgrade", (req, socket, head) => void socket.end(head));
server.on("clientError", (error, socket) => console.log(error.statusCode, socket.destroyed));
server.getConnections((error, count) => console.log(error?.message, count.toFixed()));
server.httpAllowHalfOpen = true;
createServer({ requestTimeout: 1000, shouldUpgradeCallback: (req) => req.url === "/sockets" });
server.listen(0, "127.0.0.1", () => console.log(server.address(), METHODS.length));
server.listen({ port: 0, host: "localhost" });
server.listen("/tmp/a.sock");
server.close((error) => console.log(error?.message));
createServer().unref().closeAllConnections();

// @ts-expect-error: milliseconds are a number
createServer({ timeout: "1s" });
