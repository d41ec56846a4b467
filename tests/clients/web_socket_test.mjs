// web_socket_test.mjs PROGRAM: what node/test/ does to WebSockets of the Node face is done to those of socket_server.cc.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before } from "node:test";

import { testClients } from "../../node/test/sockets/clients.js";
import { testCompression } from "../../node/test/sockets/compression.js";
import { testConformance } from "../../node/test/sockets/conformance.js";

let server;
let urls;
before(async () => {
  server = spawn(process.argv[2] ?? process.env.BAO_SOCKET_SERVER, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface(server.stdout), "line");
  urls = JSON.parse(line);
});
after(async () => {
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  const [status] = await ended;
  if (status !== 0) throw new Error(`the server ended with ${status}`);
});

testClients("C++", () => urls);
testConformance("C++", () => urls);
testCompression("C++", () => urls);
