/**
 * What Bun adds to import.meta. Modules that mention import.meta call this before anything else of
 * theirs.
 */
import { createRequire } from "node:module";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { program } from "./program.js";
import { pathOfModule } from "./resolve.js";

/** @param {ImportMeta} meta */
export function complete(meta) {
  if (!meta.url.startsWith("file:")) return;
  const path = fileURLToPath(meta.url);
  const require = createRequire(meta.url);
  // In an ES module nothing is the main CommonJS module, and Bun says so, too.
  require.main = undefined;
  const values = {
    // Without what tells the generations of a file apart.
    url: meta.url.replace(/[?&]bao-generation=\d+/, ""),
    dir: dirname(path),
    dirname: dirname(path),
    file: basename(path),
    filename: path,
    path,
    env: process.env,
    main: path === program.main,
    require,
    resolveSync: (name, from = path) => pathOfModule(name, from),
  };
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(meta, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}
