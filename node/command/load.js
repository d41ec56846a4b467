/**
 * The hook that reads modules: TypeScript and JSX are transpiled, and what Bun allows beyond Node
 * is made possible.
 */
import { fileURLToPath } from "node:url";

import { dataType, moduleOfData } from "./data.js";
import { isInstalled } from "./files.js";
import { completeFor } from "./globals.js";
import { program } from "./program.js";
import { isForeign, isSource, transpile } from "./transpile.js";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const { readFileSync } = process.getBuiltinModule("node:fs");

const OURS = new URL("../", import.meta.url).href;

/** The file that was read to find out its format, until it is loaded. */
let ahead = null;

/** For module.registerHooks(). */
export function load(url, context, nextLoad) {
  if (!url.startsWith("file:") || isOurs(url)) return nextLoad(url, context);
  const path = fileURLToPath(url);
  program.read(path);
  const type = dataType(url);
  if (type) {
    const source = moduleOfData(type, path, readFileSync(path, "utf8"));
    return { format: "module", source, shortCircuit: true };
  }
  // Installed packages are made for Node as they are, unless they ship their sources.
  if (!isSource(path) || (isInstalled(path) && !isForeign(path))) return nextLoad(url, context);
  return { ...take(path), shortCircuit: true };
}

/** What a file says, or the code that has its path. */
function textOf(path) {
  const { evaluated } = program;
  const text = evaluated?.path === path ? evaluated.code : readFileSync(path, "utf8");
  completeFor(text);
  return text;
}

/** @returns {"module" | "commonjs"} what a file is, which is loaded next */
export function formatOf(path) {
  program.read(path);
  ahead = { path, read: transpile(path, textOf(path)) };
  return ahead.read.format;
}

function take(path) {
  const known = ahead?.path === path ? ahead.read : null;
  ahead = null;
  return known ?? transpile(path, textOf(path));
}

function isOurs(url) {
  return url.startsWith(OURS) && /^(?:lib|command)\//.test(url.slice(OURS.length));
}
