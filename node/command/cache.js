/**
 * Transpiled files are remembered on disk, because starting the transpiler costs more than
 * everything else at the start of a small program. One file for each source, in $XDG_CACHE_HOME/bao
 * or ~/.cache/bao; where that cannot be written, nothing is remembered.
 */
import { isAbsolute, join } from "node:path";

import { readJson } from "./files.js";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const { mkdirSync, readFileSync, renameSync, writeFileSync } = process.getBuiltinModule("node:fs");

/** Changes with the version, which also fixes the version of the transpiler. */
const VERSION = readJson(new URL("../package.json", import.meta.url))?.version;
/** Counts changes of what transpile.js makes of a file. */
const EDITION = 2;

const FOLDER = folderOfUser();

/**
 * @param {string} path
 * @param {string} text what is in the file now
 * @param {string} options what else the result depends on
 * @param {() => { format: string, source: string }} make
 */
export function remembered(path, text, options, make) {
  if (FOLDER === null) return make();
  const entry = join(FOLDER, digest(path));
  const key = digest(`${VERSION} ${EDITION}\0${path}\0${options}\0${text}`);
  const known = read(entry, key);
  if (known) return known;
  const made = make();
  write(entry, `${key} ${made.format}\n${made.source}`);
  return made;
}

function folderOfUser() {
  const { XDG_CACHE_HOME, HOME } = process.env;
  if (XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, "bao");
  return HOME && isAbsolute(HOME) ? join(HOME, ".cache", "bao") : null;
}

/**
 * Tells texts apart, nothing more: 106 bits of two multiplicative hashes and the length. Loading
 * Node's crypto for it would cost every program five megabytes.
 */
function digest(text) {
  return `${hash(text, 1)}-${hash(text, 2)}-${text.length.toString(36)}`;
}

/** 53 bits: two lanes of 32 that are mixed at the end, as many as a number can hold. */
function hash(text, seed) {
  let high = 0x9e3779b9 ^ seed;
  let low = 0x85ebca6b ^ seed;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x27d4eb2f);
    high ^= high >>> 15;
    low = Math.imul(low ^ unit, 0x165667b1);
    low ^= low >>> 13;
  }
  high = Math.imul(high ^ (low >>> 16), 0xc2b2ae35);
  low = Math.imul(low ^ (high >>> 13), 0x2545f491);
  return ((high >>> 11) * 0x100000000 + (low >>> 0)).toString(36);
}

function read(entry, key) {
  let whole;
  try {
    whole = readFileSync(entry, "utf8");
  } catch {
    return null;
  }
  const end = whole.indexOf("\n");
  const [found, format] = whole.slice(0, end).split(" ");
  return found === key ? { format, source: whole.slice(end + 1) } : null;
}

/** Whole or not at all: others may read the same entry meanwhile. */
function write(entry, whole) {
  const draft = `${entry}.${process.pid}`;
  try {
    mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
    writeFileSync(draft, whole, { mode: 0o600 });
    renameSync(draft, entry);
  } catch {
    // It only would have been faster.
  }
}
