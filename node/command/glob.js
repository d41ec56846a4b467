/** Bun.Glob: patterns for paths. */
import { isAbsolute, resolve } from "node:path";

import { wrongType } from "../lib/wrong.js";

const fs = process.getBuiltinModule("node:fs");

/** What a pattern's characters mean as a regular expression; `braces` is how deep they stand. */
function sourceOf(pattern) {
  let source = "";
  let braces = 0;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "*") {
      const [part, next] = stars(pattern, at);
      source += part;
      at = next - 1;
    } else if (character === "?") {
      source += "[^/]";
    } else if (character === "[") {
      const set = setAt(pattern, at);
      source += set ? set.source : "\\[";
      if (set) at = set.last;
    } else if (character === "{" && closes(pattern, at)) {
      source += "(?:";
      braces++;
    } else if (character === "}" && braces > 0) {
      source += ")";
      braces--;
    } else if (character === "," && braces > 0) {
      source += "|";
    } else {
      if (character === "\\" && at + 1 < pattern.length) at++;
      source += escaped(pattern[at]);
    }
  }
  return source;
}

/** One star or several, and where the pattern goes on. */
function stars(pattern, at) {
  let next = at;
  while (pattern[next] === "*") next++;
  const begins = at === 0 || "/{,".includes(pattern[at - 1]);
  if (next - at < 2 || !begins) return ["[^/]*", next];
  // Any number of folders, with the slash behind each.
  if (pattern[next] === "/") return ["(?:[^/]*/)*", next + 1];
  const ends = next === pattern.length || "},".includes(pattern[next]);
  return [ends ? ".*" : "[^/]*", next];
}

/** A set of characters like [a-z] or [!a]; null if it has no end. */
function setAt(pattern, start) {
  const isNot = "!^".includes(pattern[start + 1] ?? " ");
  const first = start + (isNot ? 2 : 1);
  let last = first + 1;
  while (last < pattern.length && pattern[last] !== "]") last++;
  if (last >= pattern.length) return null;
  const members = pattern.slice(first, last).replace(/[\\\]^[]/g, "\\$&");
  return { source: `[${isNot ? "^/" : ""}${members}]`, last };
}

/** Whether the brace at a place has an end. */
function closes(pattern, start) {
  let depth = 0;
  for (let at = start; at < pattern.length; at++) {
    if (pattern[at] === "\\") at++;
    else if (pattern[at] === "{") depth++;
    else if (pattern[at] === "}" && --depth === 0) return true;
  }
  return false;
}

function escaped(character) {
  return character.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

function expressionOf(pattern) {
  return new RegExp(`^${sourceOf(pattern)}$`, "su");
}

export class Glob {
  #pattern;
  #isNot;
  #expression;

  constructor(pattern) {
    if (typeof pattern !== "string") {
      throw wrongType("Glob.constructor: first argument is not a string");
    }
    this.#pattern = pattern;
    this.#isNot = /^(?:!!)*!(?!!)/.test(pattern);
    this.#expression = expressionOf(pattern.replace(/^!+/, ""));
  }

  /** Whether the whole of a path fits. */
  match(path) {
    if (typeof path !== "string") throw wrongType("Glob.match: first argument is not a string");
    return this.#expression.test(path) !== this.#isNot;
  }

  /** The paths below a folder that fit, with Bun's options. */
  *scanSync(options) {
    const walk = new Walk(this.#pattern, settingsOf(options));
    yield* walk.paths();
  }

  async *scan(options) {
    // A folder at a time: others have their turn between.
    for (const path of this.scanSync(options)) yield path;
  }
}

function settingsOf(options) {
  const given = typeof options === "string" ? { cwd: options } : (options ?? {});
  const { cwd = ".", dot = false, absolute = false, onlyFiles = true } = given;
  const { followSymlinks = false, throwErrorOnBrokenSymlink = false } = given;
  const folder = resolve(cwd);
  return { cwd: folder, dot, absolute, onlyFiles, followSymlinks, throwErrorOnBrokenSymlink };
}

/** Goes through the folders below one. */
class Walk {
  constructor(pattern, settings) {
    this.settings = settings;
    // What is spelled out at its front is gone to at once, and stays as it is spelled.
    const segments = pattern.split("/");
    let plain = 0;
    while (plain < segments.length - 1 && !/[*?[\]{}!\\]/.test(segments[plain])) plain++;
    const front = segments.slice(0, plain).join("/");
    this.prefix = plain === 0 ? "" : `${front}/`;
    this.folder = isAbsolute(pattern) ? front || "/" : resolve(settings.cwd, front);
    this.isDeep = pattern.includes("**");
    this.segments = segments.length - plain;
    this.expression = expressionOf(segments.slice(plain).join("/"));
    this.wantsDots = settings.dot || /(?:^|\/)\./.test(segments.slice(plain).join("/"));
    this.pattern = segments.slice(plain);
  }

  *paths() {
    fs.readdirSync(this.settings.cwd);
    yield* this.#below("", 1, new Set());
  }

  *#below(path, depth, above) {
    for (const entry of this.#entries(path)) {
      if (entry.name.startsWith(".") && !this.#takesDot(entry.name, depth)) continue;
      const inside = path + entry.name;
      const kind = this.#kindOf(entry, inside);
      if (this.expression.test(inside) && (kind !== "folder" || !this.settings.onlyFiles)) {
        if (kind !== "link" || !this.settings.onlyFiles) yield this.#told(inside);
      }
      if (kind === "folder" && (this.isDeep || depth < this.segments)) {
        const real = fs.realpathSync(resolve(this.folder, inside));
        if (above.has(real)) continue;
        yield* this.#below(`${inside}/`, depth + 1, new Set([...above, real]));
      }
    }
  }

  /** A name with a dot at its front is meant only by what has one, too. */
  #takesDot(name, depth) {
    if (this.settings.dot) return true;
    if (!this.wantsDots) return false;
    const own = this.isDeep ? this.pattern : [this.pattern[depth - 1] ?? ""];
    return own.some((segment) => segment.startsWith(".") && expressionOf(segment).test(name));
  }

  #entries(path) {
    try {
      return fs.readdirSync(resolve(this.folder, path), { withFileTypes: true });
    } catch (error) {
      if (error.code === "ENOENT" || error.code === "ENOTDIR" || error.code === "EACCES") return [];
      throw error;
    }
  }

  #kindOf(entry, inside) {
    if (entry.isDirectory()) return "folder";
    if (!entry.isSymbolicLink()) return "file";
    if (!this.settings.followSymlinks) return "link";
    try {
      return fs.statSync(resolve(this.folder, inside)).isDirectory() ? "folder" : "file";
    } catch (error) {
      if (this.settings.throwErrorOnBrokenSymlink) throw error;
      return "link";
    }
  }

  #told(inside) {
    return this.settings.absolute ? resolve(this.folder, inside) : this.prefix + inside;
  }
}
