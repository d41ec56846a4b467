/**
 * Takes errors apart for the page for developers. Everything may be thrown, so everything here is
 * looked at with care.
 */
import { fileURLToPath } from "node:url";

const MOST_CAUSES = 16;
const OWN_FOLDER = new URL(".", import.meta.url).href;
const OWN_PATH = fileURLToPath(OWN_FOLDER);

/** @returns {import("./native.js").ErrorDescription} */
export function describe(error) {
  if (!isObject(error)) return { type: typeof error, message: text(error), frames: [] };
  return {
    type: text(read(error, "name") ?? read(read(error, "constructor"), "name") ?? "Error"),
    message: text(read(error, "message") ?? error),
    frames: framesOf(text(read(error, "stack") ?? "")),
  };
}

/** The errors that this one was thrown for, the nearest first. */
export function describeCauses(error) {
  const causes = [];
  const seen = new Set();
  for (let at = error; isObject(at) && causes.length < MOST_CAUSES; ) {
    seen.add(at);
    at = read(at, "cause");
    if (at === undefined || seen.has(at)) break;
    causes.push(describe(at));
  }
  return causes;
}

function isObject(value) {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** A property whose getter may throw. */
function read(object, name) {
  try {
    return object?.[name];
  } catch {
    return undefined;
  }
}

function text(value) {
  try {
    return String(value);
  } catch {
    return "?";
  }
}

/** The frames of V8's `stack`: lines like "    at async name (place:line:column)". */
function framesOf(stack) {
  const frames = [];
  for (const line of stack.split("\n")) {
    const found = /^\s+at (?:(.*?) \((.*)\)|(?:async )?(.*))$/.exec(line);
    if (found) frames.push(frameOf(found[1] ?? "", found[2] ?? found[3]));
  }
  return frames;
}

function frameOf(name, place) {
  const found = /^(.*?)(?::(\d+))(?::(\d+))?$/.exec(place);
  const file = pathOf(found ? found[1] : place);
  return {
    function: name,
    file,
    line: Number(found?.[2] ?? 0),
    column: Number(found?.[3] ?? 0),
    user: isUsers(file),
  };
}

function pathOf(place) {
  if (!place.startsWith("file://")) return place;
  try {
    return fileURLToPath(place);
  } catch {
    return place;
  }
}

/** Whether a file is the program's own, not Node's, Bao's or a package's. */
function isUsers(file) {
  return file.startsWith("/") && !file.startsWith(OWN_PATH) && !file.includes("/node_modules/");
}
