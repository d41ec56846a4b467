/** The clients that others have written talk to WebSockets of the Node face; the C++ face: tests/clients. */
import { before } from "node:test";

import { testClients } from "./sockets/clients.js";
import { startServers } from "./sockets/server.js";

let urls;
before(() => (urls = startServers()));
testClients("Node", () => urls);
