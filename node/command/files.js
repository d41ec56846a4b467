/**
 * From what a program writes in an import to the file that it means, as Bun reads it: extensions
 * may be left out, a folder stands for its index, and `.js` may be written for a file of
 * TypeScript.
 */
import { dirname, extname, join } from "node:path";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const { readFileSync, statSync } = process.getBuiltinModule("node:fs");

/** Which file is meant where several differ in their extension only: the first of these. */
const EXTENSIONS = [".tsx", ".jsx", ".ts", ".mts", ".mjs", ".js", ".cts", ".cjs", ".json"];
const INDEXES = EXTENSIONS.map((extension) => `index${extension}`);

/** The sources that a compiler would have made such a file from. */
const SOURCES_OF = { ".js": [".ts", ".tsx"], ".jsx": [".tsx"], ".mjs": [".mts"], ".cjs": [".cts"] };

/** @returns {string | null} the path of the file that is meant by `path` */
export function fileAt(path) {
  const kind = kindOf(path);
  if (kind === "file" && !path.endsWith("/")) return path;
  if (!path.endsWith("/")) {
    const found = fileBeside(path);
    if (found) return found;
  }
  return kind === "folder" ? fileOfFolder(path) : null;
}

function fileBeside(path) {
  for (const extension of EXTENSIONS) {
    if (kindOf(path + extension) === "file") return path + extension;
  }
  const extension = extname(path);
  for (const source of SOURCES_OF[extension] ?? []) {
    const candidate = path.slice(0, -extension.length) + source;
    if (kindOf(candidate) === "file") return candidate;
  }
  return null;
}

function fileOfFolder(folder) {
  const main = readJson(join(folder, "package.json"))?.main;
  if (typeof main === "string") {
    const path = join(folder, main);
    const found = kindOf(path) === "folder" ? indexOf(path) : fileAt(path);
    if (found) return found;
  }
  return indexOf(folder);
}

function indexOf(folder) {
  for (const index of INDEXES) {
    const path = join(folder, index);
    if (kindOf(path) === "file") return path;
  }
  return null;
}

function kindOf(path) {
  let found;
  try {
    found = statSync(path, { throwIfNoEntry: false });
  } catch {
    return null; // a name that no file can have, or a folder that may not be looked into
  }
  if (!found) return null;
  return found.isDirectory() ? "folder" : "file";
}

/** What a file of JSON holds; undefined if it is not there or no JSON. */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** The folders around a file, the nearest first. */
export function* foldersAround(file) {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    yield folder;
    if (folder === dirname(folder)) return;
  }
}

/** Whether a file belongs to an installed package. */
export function isInstalled(path) {
  return path.includes("/node_modules/");
}
