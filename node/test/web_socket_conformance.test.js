/** The rules of RFC 6455 and RFC 7692 on the wire, against the Node face; the C++ face: tests/clients. */
import { before } from "node:test";

import { testCompression } from "./sockets/compression.js";
import { testConformance } from "./sockets/conformance.js";
import { startServers } from "./sockets/server.js";

let urls;
before(() => (urls = startServers()));
testConformance("Node", () => urls);
testCompression("Node", () => urls);
