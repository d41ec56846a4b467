/** Servers of the tests' own process: each stops when the tests of its file are over. */
import { after } from "node:test";
import { serve } from "../lib/index.js";

const servers = [];
after(() => Promise.all(servers.map((server) => server.stop(true))));

/** A server for one test, on any port of the loopback, in production unless it says otherwise. */
export function start(options) {
  const server = serve({ port: 0, hostname: "127.0.0.1", development: false, ...options });
  servers.push(server);
  return server;
}

/** Asks a server by the platform's fetch. */
export const at = (server, path = "/", init) => fetch(new URL(path, server.url), init);
