/**
 * `export default { fetch }`: a program whose default export has a function `fetch` is served with
 * that as its options.
 */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/**
 * @param {unknown} exported the program's default export
 * @param {string} name the program, as the user names it
 */
export function serveDefault(exported, name) {
  if (!hasFetch(exported)) return;
  const { Server } = require("../lib/server.js");
  if (exported instanceof Server) return;
  const server = require("../lib/serve.js").serve(optionsOf(exported));
  console.log(`${name} is served on ${addressOf(server, exported)}`);
}

/** Options may be an instance of a class, or a function with members, as frameworks export them. */
function hasFetch(value) {
  const mayHold = (typeof value === "object" && value !== null) || typeof value === "function";
  return mayHold && typeof value.fetch === "function";
}

/** A framework's list of what it routes itself is not for us: `routes` is an object of paths. */
function optionsOf(exported) {
  if (typeof exported !== "function" && !Array.isArray(exported.routes)) return exported;
  const options = Object.create(exported);
  if (Array.isArray(exported.routes))
    Object.defineProperty(options, "routes", { value: undefined });
  return options;
}

function addressOf(server, { unix }) {
  return server.port === undefined ? `the unix socket ${unix.replace("\0", "@")}` : server.url.href;
}
