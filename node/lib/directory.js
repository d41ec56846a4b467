/**
 * `{ dir: "./public" }` on a route: the files below a folder, which the engine serves.
 */
import { fileURLToPath } from "node:url";
import { Headers } from "./headers.js";

/** What may be said beside `dir`, and what has to be a boolean of it. */
const FLAGS = ["listing", "dotFiles", "precompressed", "fallthrough"];
/** Bun's `statCache` says how Bun remembers times; there is nothing here to be set by it. */
const NAMES = ["dir", "index", "headers", "statCache", ...FLAGS];

/** Whether a route's value is one. */
export function isDirectory(value) {
  return value !== null && typeof value === "object" && "dir" in value;
}

/**
 * @param {(sentence: string) => never} refuse says what is wrong with the route
 * @returns {import("./native.js").DirectoryTarget}
 */
export function directoryTarget(options, refuse) {
  for (const name of Object.keys(options)) {
    if (NAMES.includes(name)) continue;
    refuse(`has ${JSON.stringify(name)} beside dir: there are ${NAMES.join(", ")}`);
  }
  const directory = { path: pathOf(options.dir, refuse), index: indexOf(options.index, refuse) };
  for (const name of FLAGS) {
    const value = options[name] ?? false;
    if (typeof value !== "boolean") refuse(`has ${shown(value)} as ${name}: give true or false`);
    directory[name] = value;
  }
  const { headers } = options;
  const lines = headers === undefined || headers === null ? null : new Headers(headers)._wire();
  return { directory, lines };
}

function pathOf(dir, refuse) {
  if (dir instanceof URL && dir.protocol === "file:") return fileURLToPath(dir);
  if (typeof dir === "string" && dir !== "" && !dir.includes("\0")) return dir;
  return refuse(`has ${shown(dir)} as dir: give the path of a folder, "./public" say`);
}

function indexOf(index, refuse) {
  if (index === undefined || index === null) return ["index.html"];
  if (index === false) return [];
  const list = typeof index === "string" ? [index] : index;
  if (Array.isArray(list) && list.every((name) => typeof name === "string")) return list;
  const mend = 'give a name, "index.html" say, a list of names, or false';
  return refuse(`has ${shown(index)} as index: ${mend}`);
}

function shown(value) {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : String(value);
}
