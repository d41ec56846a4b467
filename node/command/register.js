/**
 * Makes a Node process one that runs programs of Bun: node --import registers it, in the program's
 * process, in its workers and in what it forks.
 */
import module from "node:module";

import { install } from "../lib/platform.js";
import { Bun } from "./bun.js";
import { install as installConsole } from "./console.js";
import { install as installDirectStreams } from "./direct_stream.js";
import { install as installFetch } from "./fetch.js";
import { install as installGlobals } from "./globals.js";
import { load } from "./load.js";
import { program } from "./program.js";
import { resolve } from "./resolve.js";

if (typeof module.registerHooks !== "function") {
  process.stderr.write(
    `bao: needs Node 22.15 or later, and this is Node ${process.versions.node}\n`,
  );
  process.exit(1);
}

const { NODE_COMPILE_CACHE: codeCache } = process.env;
if (codeCache?.endsWith("/bao/code")) {
  program.codeCache = codeCache;
  delete process.env.NODE_COMPILE_CACHE;
}

module.registerHooks({ resolve, load });
// Maps of installed packages would only make big ones slow to load.
module.setSourceMapsSupport(true, { nodeModules: false });
install(globalThis);
installDirectStreams(globalThis);
installFetch(globalThis);
installGlobals();
installConsole(console);
Object.defineProperty(globalThis, "Bun", {
  value: Bun,
  writable: true,
  enumerable: false,
  configurable: true,
});
