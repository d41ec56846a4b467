/**
 * Makes a table for the addon out of the options `routes`, `static`, `fetch` and `error`.
 */
import { addEntry, removeEntry } from "./dispatch.js";
import { directoryTarget, isDirectory } from "./directory.js";
import { BunFile } from "./file.js";
import { isResponse, replyParts, Response } from "./response.js";
import { wrongType } from "./wrong.js";

const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/**
 * What the addon may still use: the numbers of the handlers of each table. Two tables have the same
 * ones if the second is the first with its Responses prepared.
 */
const tables = new Map();
let lastTable = 0;

/**
 * Numbers the handlers in `options` and lists the routes; bodies of prepared Responses are taken.
 * The addon tells by `forget` when it needs the table no more, also if it refuses it.
 *
 * `prepared` is there if bodies of Responses have to be waited for, because they are Blobs or the
 * platform's: handlers stand in for them, and `prepared` gives the table that replaces this one
 * when all are there, or null if that is not wanted any more.
 * @returns {import("./native.js").Routes & { prepared: Promise<?import("./native.js").Routes>? }}
 */
export function compile(options, server) {
  const table = ++lastTable;
  const compiler = { server, error: options.error, numbers: [], late: new Map(), limits: [] };
  tables.set(table, compiler.numbers);
  try {
    const routes = [];
    for (const name of ["static", "routes"]) addRoutes(compiler, name, options[name], routes);
    const fetch = options.fetch ? number(compiler, options.fetch, null) : -1;
    const webSockets = options.websocket !== undefined && options.websocket !== null;
    const compiled = { table, fetch, routes, webSockets, limits: compiler.limits };
    return { ...compiled, prepared: compiler.late.size > 0 ? prepare(compiled, compiler) : null };
  } catch (error) {
    forget(table);
    throw error;
  }
}

/** A table whose one entry takes all requests. */
export function compileEntry(entry) {
  const table = ++lastTable;
  const fetch = addEntry(entry);
  tables.set(table, [fetch]);
  return { table, fetch, routes: [], webSockets: false, limits: [] };
}

async function prepare({ table, fetch, routes, webSockets, limits }, { numbers, late }) {
  const parts = new Map();
  // What fails goes on to be told by its handler.
  const settled = [...late].map(([number, promise]) =>
    promise.then(
      (whole) => parts.set(number, whole),
      () => {},
    ),
  );
  await Promise.all(settled);
  if (!tables.has(table)) return null;
  const place = (target) =>
    Array.isArray(target) ? target.map(place) : (parts.get(target) ?? target);
  const next = ++lastTable;
  tables.set(next, numbers);
  return { table: next, fetch, routes: routes.map(place), webSockets, limits };
}

/** The table's function: its handlers' numbers are free, unless another table has them, too. */
export function forget(table) {
  const numbers = tables.get(table);
  tables.delete(table);
  if (numbers === undefined || [...tables.values()].includes(numbers)) return;
  for (const number of numbers) removeEntry(number);
}

function number(compiler, handler, names) {
  const { server, error } = compiler;
  const result = addEntry({ handler, server, names, error, receive: null });
  compiler.numbers.push(result);
  return result;
}

function addRoutes(compiler, option, given, routes) {
  if (given === undefined || given === null) return;
  if (typeof given !== "object") {
    const expected = `Bun.serve() expects '${option}' to be an object`;
    const mend = "give an object of paths and handlers";
    throw wrongType(`Option ${option} is a ${typeof given}: ${mend} (${expected})`);
  }
  for (const pattern of Object.keys(given)) {
    if (given[pattern] === undefined) continue;
    // `routes` is the newer name: it wins over `static`.
    const before = routes.indexOf(pattern);
    if (before >= 0) routes.splice(before, 2);
    routes.push(pattern, targetOf(compiler, pattern, given[pattern]));
  }
}

function targetOf(compiler, pattern, value) {
  const simple = simpleTarget(compiler, pattern, value);
  if (simple !== undefined) return simple;
  if (value === true) {
    refuse(pattern, "is true: give a handler or a Response, or false to pass requests on to fetch");
  }
  if (value === null || typeof value !== "object") {
    const mend = "give a handler, a Response, an object by method, or false";
    refuse(pattern, `is ${shown(value)}: ${mend}`);
  }
  return targetsByMethod(compiler, pattern, value);
}

/** A handler, a Response, a file, a directory or false; undefined for anything else. */
function simpleTarget(compiler, pattern, value) {
  if (value === false) return null;
  if (typeof value === "function") return number(compiler, value, namesOf(pattern));
  if (value instanceof BunFile) return preparedTarget(compiler, pattern, new Response(value));
  if (isResponse(value)) return preparedTarget(compiler, pattern, value);
  return isDirectory(value)
    ? directoryTarget(value, (sentence) => refuse(pattern, sentence))
    : undefined;
}

/**
 * The program keeps its Response as it was: it may stand on several routes, or on the next
 * reload's.
 */
function preparedTarget(compiler, pattern, response) {
  const { status } = response;
  if (status === 101) refuse(pattern, "has a Response with status 101: give 200 to 599");
  if (response._body instanceof ReadableStream) {
    const mend = "give its bytes() or blob(), or a handler that returns it";
    refuse(pattern, `has a Response whose body is a stream: ${mend}`);
  }
  if (response._body instanceof BunFile && response._body._fd >= 0) {
    refuse(pattern, "has a file that is a descriptor: give its path, or a handler that returns it");
  }
  const kept = response.clone();
  const parts = replyParts(kept.clone());
  if (!(parts instanceof Promise)) return parts;
  const result = number(compiler, () => kept.clone(), null);
  compiler.late.set(result, parts);
  return result;
}

function targetsByMethod(compiler, pattern, byMethod) {
  const targets = [];
  const limit = limitOf(pattern, byMethod.maxRequestBodySize);
  for (const method of Object.keys(byMethod)) {
    const value = byMethod[method];
    if (method === "maxRequestBodySize") continue;
    if (!METHODS.includes(method)) {
      refuse(pattern, `lists ${JSON.stringify(method)}: methods are ${METHODS.join(", ")}`);
    }
    if (value === undefined) continue;
    const target = simpleTarget(compiler, pattern, value);
    if (target === undefined) {
      refuse(pattern, `has ${shown(value)} for ${method}: give a handler or a Response`);
    }
    targets.push(method, target);
    if (limit !== null && typeof target === "number") compiler.limits.push(target, limit);
  }
  if (targets.length === 0) {
    const mend = `give at least one of ${METHODS.join(", ")}, or remove the route`;
    refuse(pattern, `lists no method: ${mend}`);
  }
  return targets;
}

/** The most bytes that bodies may have on this route, in place of the server's option; or null. */
function limitOf(pattern, value) {
  if (value === undefined || value === null) return null;
  if (typeof value === "number" && (Number.isInteger(value) || value === Infinity) && value >= 0) {
    return value;
  }
  const mend = "give a whole number that is not negative";
  return refuse(pattern, `has the maxRequestBodySize ${shown(value)}: ${mend}`);
}

/**
 * The names of a pattern's parameters in its order; null if it has none. The addon checks the
 * pattern.
 */
function namesOf(pattern) {
  const names = [];
  for (const segment of pattern.split("/")) {
    if (segment.startsWith(":")) names.push(segment.slice(1));
    else if (segment === "*") names.push("*");
  }
  return names;
}

function refuse(pattern, sentence) {
  throw wrongType(`Route ${JSON.stringify(pattern)} ${sentence}`);
}

function shown(value) {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : String(value);
}
