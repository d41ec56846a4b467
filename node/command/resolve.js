/**
 * The hook that finds modules: ours ("bun", "bao"), files as Bun names them, tsconfig's `paths`;
 * everything else is Node's.
 */
import { createRequire, isBuiltin } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

import { fileAt, isInstalled } from "./files.js";
import { program } from "./program.js";
import { isForeign, isSource } from "./transpile.js";
import { mappedFile } from "./tsconfig.js";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const { realpathSync } = process.getBuiltinModule("node:fs");

const OURS = new Map([
  ["bun", new URL("./bun_module.js", import.meta.url).href],
  ["bao", new URL("../lib/index.js", import.meta.url).href],
  ["bao/http", new URL("../lib/http.js", import.meta.url).href],
]);

const PACKAGE = new URL("../", import.meta.url).href;

/** Extensions of which Node's way of loading is not Bun's, wherever such a file lies. */
const DATA = { ".json": "json", ".txt": "text" };

/** Set while Node's older rules are asked, so that the question does not come back to us. */
let asking = false;

/** For module.registerHooks(). */
export function resolve(specifier, context, nextResolve) {
  const ours = OURS.get(specifier);
  if (ours) return { url: ours, format: "module", shortCircuit: true };
  if (specifier === program.evaluated?.url) return { url: specifier, shortCircuit: true };
  if (asking || isBuiltin(specifier)) return nextResolve(specifier, context);
  if (specifier.startsWith("bun:")) {
    throw new Error(`The module "${specifier}" is not part of bao yet`);
  }

  const importer = fileOfUrl(context.parentURL);
  const found = importer ? ownFile(specifier, importer) : null;
  return asData(ofNow(found ?? byNode(specifier, context, nextResolve, importer)), context);
}

/**
 * Files of the program that were read before are read anew by another name, because Node never
 * forgets what it has.
 */
function ofNow(found) {
  if (program.generation === 0 || !found.url.startsWith("file:")) return found;
  const path = fileURLToPath(found.url);
  if (isInstalled(path) || found.url.startsWith(PACKAGE)) return found;
  const mark = found.url.includes("?") ? "&" : "?";
  return { ...found, url: `${found.url}${mark}bao-generation=${program.generation}` };
}

/** @returns {string} the path of the file that a module's name means in the file `importer` */
export function pathOfModule(name, importer) {
  const found = isBuiltin(name) ? null : ownFile(name, importer);
  return found ? fileURLToPath(found.url) : createRequire(importer).resolve(name);
}

function fileOfUrl(url) {
  return url?.startsWith("file:") ? fileURLToPath(url) : null;
}

/** What a file of the program, or of a package in TypeScript, names: a path, or a mapped name. */
function ownFile(specifier, importer) {
  if (isInstalled(importer) && !isForeign(importer)) return null;
  const { path, query } = pathOf(specifier, importer);
  const file = path === null ? mappedFile(specifier, importer) : fileAt(path);
  return file && { url: pathToFileURL(realpathSync(file)).href + query, shortCircuit: true };
}

function pathOf(specifier, importer) {
  if (specifier.startsWith("file:")) {
    const url = new URL(specifier);
    return { path: fileURLToPath(url), query: url.search + url.hash };
  }
  if (!/^(?:\/|\.{1,2}(?:\/|$))/.test(specifier)) return { path: null, query: "" };
  // A file's name may hold a question mark, so what stands there as it is goes first.
  const whole = from(specifier, importer);
  const mark = specifier.search(/[?#]/);
  if (mark < 0 || fileAt(whole)) return { path: whole, query: "" };
  return { path: from(specifier.slice(0, mark), importer), query: specifier.slice(mark) };
}

function from(specifier, importer) {
  if (specifier.startsWith("/")) return specifier;
  const base = importer.slice(0, importer.lastIndexOf("/") + 1);
  return base + specifier;
}

/** Node's rules for imports are stricter than Bun's, which takes what `require` would take, too. */
function byNode(specifier, context, nextResolve, importer) {
  try {
    return nextResolve(specifier, context);
  } catch (error) {
    const required = importer && looseFile(specifier, importer);
    if (required) return { url: pathToFileURL(required).href, shortCircuit: true };
    throw error;
  }
}

function looseFile(specifier, importer) {
  asking = true;
  try {
    return createRequire(importer).resolve(specifier);
  } catch {
    return null;
  } finally {
    asking = false;
  }
}

/**
 * JSON and text may be imported without saying so; the loading hook makes modules of them (see
 * data.js).
 */
function asData(found, context) {
  // Some versions of Node give a Set here.
  if ([...(context.conditions ?? [])].includes("require")) return found;
  const extension = /\.\w+(?=$|[?#])/.exec(found.url)?.[0];
  const type = context.importAttributes?.type ?? DATA[extension];
  if (!found.url.startsWith("file:") || (type !== "json" && type !== "text")) return found;
  return {
    url: withType(found.url, type),
    format: "module",
    importAttributes: {},
    shortCircuit: true,
  };
}

function withType(url, type) {
  return `${url}${url.includes("?") ? "&" : "?"}bao-${type}`;
}
