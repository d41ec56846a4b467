/**
 * tsconfig.json, as far as it changes how a program runs: `paths`, `baseUrl`, `extends`, decorators
 * and JSX.
 */
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";

import { fileAt, foldersAround, isInstalled } from "./files.js";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const { readFileSync } = process.getBuiltinModule("node:fs");

/** What the transpiler is told of a configuration: nothing else changes what a program does. */
const TRANSPILER_OPTIONS = [
  "alwaysStrict",
  "emitDecoratorMetadata",
  "experimentalDecorators",
  "jsx",
  "jsxFactory",
  "jsxFragmentFactory",
  "jsxImportSource",
  "preserveValueImports",
  "importsNotUsedAsValues",
  "target",
  "useDefineForClassFields",
  "verbatimModuleSyntax",
];
const MOST_EXTENDED = 32;

/**
 * @typedef {object} Configuration
 * @property {Record<string, unknown>} options the compilerOptions for the transpiler
 * @property {{ pattern: string, targets: string[] }[]} paths the most particular first; targets are
 * absolute
 * @property {string | null} base the folder that `baseUrl` names
 */

/** @type {Configuration} */
const NONE = { options: {}, paths: [], base: null };

/** Configurations by folder. */
const known = new Map();

/** @returns {Configuration} of the nearest tsconfig.json (or jsconfig.json) around a file */
export function configurationOf(file) {
  if (isInstalled(file)) return NONE;
  const passed = [];
  let configuration = NONE;
  for (const folder of foldersAround(file)) {
    const found = known.get(folder) ?? configurationIn(folder);
    if (found) {
      configuration = found;
      break;
    }
    passed.push(folder);
  }
  for (const folder of passed) known.set(folder, configuration);
  return configuration;
}

function configurationIn(folder) {
  for (const name of ["tsconfig.json", "jsconfig.json"]) {
    const path = join(folder, name);
    const text = textOf(path);
    if (text === null) continue;
    return readConfiguration(folder, path, text);
  }
  return null;
}

function readConfiguration(folder, path, text) {
  // What it extends is found by the hook that asks for configurations in turn: for the names in
  // this one there is none yet.
  known.set(folder, NONE);
  try {
    const configuration = digest(merged(path, text, MOST_EXTENDED));
    known.set(folder, configuration);
    return configuration;
  } catch (error) {
    known.delete(folder);
    throw error;
  }
}

function textOf(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/**
 * The compilerOptions of a file over those that it extends, paths made absolute where they stand.
 */
function merged(path, text, left) {
  const config = parseWithComments(text, path);
  const own = { ...config.compilerOptions };
  const folder = dirname(path);
  if (typeof own.baseUrl === "string") own.baseUrl = resolve(folder, own.baseUrl);
  if (own.paths) own.pathsFolder = own.baseUrl ?? folder;
  let inherited = {};
  for (const name of [config.extends ?? []].flat()) {
    const parent = extendedFile(name, path);
    const parentText = parent && left > 0 ? textOf(parent) : null;
    if (parentText !== null) inherited = { ...inherited, ...merged(parent, parentText, left - 1) };
  }
  return { ...inherited, ...own };
}

function extendedFile(name, from) {
  if (typeof name !== "string") return null;
  if (name.startsWith(".") || isAbsolute(name)) {
    const path = resolve(dirname(from), name);
    return textOf(path) !== null ? path : `${path}.json`;
  }
  const { resolve: find } = createRequire(from);
  for (const candidate of [name, `${name}.json`, `${name}/tsconfig.json`]) {
    try {
      return find(candidate);
    } catch {
      // the next form of the name
    }
  }
  return null;
}

function digest(compilerOptions) {
  const options = {};
  for (const name of TRANSPILER_OPTIONS) {
    if (compilerOptions[name] !== undefined) options[name] = compilerOptions[name];
  }
  const paths = Object.entries(compilerOptions.paths ?? {})
    .map(([pattern, targets]) => ({
      pattern,
      targets: [targets].flat().map((target) => resolve(compilerOptions.pathsFolder, target)),
    }))
    .sort((a, b) => weight(b.pattern) - weight(a.pattern));
  return { options, paths, base: compilerOptions.baseUrl ?? null };
}

/** An exact name goes before patterns, and these by the length of what stands before the `*`. */
function weight(pattern) {
  const star = pattern.indexOf("*");
  return star < 0 ? Infinity : star;
}

/** @returns {string | null} the file that `paths` or `baseUrl` give for a bare name */
export function mappedFile(name, importer) {
  const { paths, base } = configurationOf(importer);
  for (const { pattern, targets } of paths) {
    const rest = restBehind(pattern, name);
    if (rest === null) continue;
    for (const target of targets) {
      const found = fileAt(target.replace("*", () => rest));
      if (found) return found;
    }
  }
  return base ? fileAt(join(base, name)) : null;
}

/** What the `*` of a pattern stands for; null if the name does not match. */
function restBehind(pattern, name) {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === name ? "" : null;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  if (name.length < before.length + after.length) return null;
  if (!name.startsWith(before) || !name.endsWith(after)) return null;
  return name.slice(before.length, name.length - after.length);
}

/** JSON with comments and commas behind the last member, as editors write it. */
function parseWithComments(text, path) {
  const tokens = /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g;
  const bare = text
    .replace(/^\uFEFF/, "")
    .replace(tokens, (token) => (token[0] === "/" ? " " : token));
  const strict = bare.replace(/"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g, (token) =>
    token === "," ? "" : token,
  );
  try {
    return JSON.parse(strict || "{}");
  } catch (error) {
    throw new SyntaxError(`${path} is no JSON: ${error.message}`);
  }
}
