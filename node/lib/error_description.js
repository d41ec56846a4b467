/**
 * Takes errors apart for the page for developers. Everything may be thrown, so everything here is
 * looked at with care.
 */
import { fileURLToPath } from "node:url";

const MOST_CAUSES = 16;
/** A stack may be any text, however long; V8's have few frames, and these are short. */
const MOST_LINES = 100;
const LONGEST_LINE = 1000;
/** Files of programs: no other file is shown, whatever a stack says. */
const PROGRAM_FILE = /\.[cm]?[jt]sx?$/;
const OWN_FOLDER = new URL(".", import.meta.url).href;
const OWN_PATH = fileURLToPath(OWN_FOLDER);

/** @returns {import("./native.js").ErrorDescription} */
export function describe(error) {
  if (!isObject(error)) return { type: typeof error, message: text(error), frames: [] };
  const message = text(read(error, "message") ?? error);
  return {
    type: text(read(error, "name") ?? read(read(error, "constructor"), "name") ?? "Error"),
    message,
    frames: framesOf(text(read(error, "stack") ?? ""), message),
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

/**
 * What follows the message in V8's `stack`, which begins as "Name: message" or "Name [CODE]:
 * message"; "" if it does not. The message may be a client's text with lines that look like frames
 * and name any file, so they must not be taken for some. The name may have changed since then.
 */
function behindMessage(stack, message) {
  if (message === "") return /^[\w$]+(?: \[\w+\])?\n/.test(stack) ? stack : "";
  const start = stack.indexOf(": ") + 2;
  if (start < 2 || stack.slice(0, start).includes("\n")) return "";
  const end = start + message.length;
  return stack.startsWith(message, start) && stack[end] === "\n" ? stack.slice(end) : "";
}

/** The frames of V8's `stack`: lines like "    at async name (place:line:column)". */
function framesOf(stack, message) {
  const frames = [];
  for (const line of behindMessage(stack, message).split("\n", MOST_LINES)) {
    if (line.length > LONGEST_LINE) continue;
    const shown = line.trim();
    if (shown.startsWith("at ")) frames.push(frameOf(shown.slice(3)));
  }
  return frames;
}

/** A frame is "name (place)", "async place" or "place". */
function frameOf(shown) {
  const open = shown.indexOf(" (");
  if (open >= 0 && shown.endsWith(")")) {
    return frameAt(shown.slice(0, open), shown.slice(open + 2, -1));
  }
  return frameAt("", shown.startsWith("async ") ? shown.slice(6) : shown);
}

function frameAt(name, place) {
  const found = /^(.*?)(?::(\d{1,9}))(?::(\d{1,9}))?$/.exec(place);
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
  if (!file.startsWith("/") || !PROGRAM_FILE.test(file)) return false;
  return !file.startsWith(OWN_PATH) && !file.includes("/node_modules/");
}
