/**
 * The console as Bun has it: where it does not write to a terminal, values are shown as
 * Bun.inspect() shows them. It can also be written to without a line end, and read line by line.
 */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Methods that show values, and the stream that each writes to. */
const METHODS = {
  log: "stdout",
  info: "stdout",
  debug: "stdout",
  warn: "stderr",
  error: "stderr",
};

/** @param {Console} console */
export function install(console) {
  for (const [name, stream] of Object.entries(METHODS)) {
    const write = console[name];
    const method = (...given) => {
      if (isSimple(given) || process[stream].isTTY) return write(...given);
      write("%s", format(given));
    };
    put(console, name, Object.defineProperty(method, "name", { value: name }));
  }
  put(console, "write", writeAll);
  put(console, Symbol.asyncIterator, lines);
}

function put(object, name, value) {
  Object.defineProperty(object, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** What Node writes as Bun does: text and errors. */
function isSimple(given) {
  return given.every((value, i) => {
    if (typeof value === "string") return i > 0 || given.length === 1 || !value.includes("%");
    return value instanceof Error;
  });
}

function format(given) {
  const { shownForConsole } = require("./inspect.js");
  const [first, ...rest] = given;
  const parts = typeof first === "string" && rest.length > 0 ? [filled(first, rest)] : [];
  const values = parts.length > 0 ? rest : given;
  return [...parts, ...values.map(shownForConsole)].join(" ");
}

/** The text with values for what stands behind its percent signs; those are taken off the list. */
function filled(text, values) {
  const { inspect } = require("./inspect.js");
  return text.replace(/%[sdifjoOc%]/g, (directive) => {
    if (directive === "%%") return "%";
    if (values.length === 0) return directive;
    const value = values.shift();
    switch (directive) {
      case "%s":
        return typeof value === "bigint" ? `${value}n` : String(value);
      case "%d":
      case "%i":
        return numberOf(value, directive === "%i" ? Number.parseInt : Math.trunc);
      case "%f":
        return String(Number.parseFloat(value));
      case "%j":
        return String(JSON.stringify(value));
      case "%c":
        return "";
      default:
        return inspect(value);
    }
  });
}

function numberOf(value, read) {
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "object" || typeof value === "symbol" ? "NaN" : String(read(value));
}

/** Writes text and bytes as they are, and gives their number. */
function writeAll(...given) {
  let count = 0;
  for (const value of given) {
    const bytes = ArrayBuffer.isView(value)
      ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      : Buffer.from(value instanceof ArrayBuffer ? value : String(value));
    process.stdout.write(bytes);
    count += bytes.length;
  }
  return count;
}

/** The lines of standard input: `for await (const line of console)`. */
async function* lines() {
  const { createInterface } = require("node:readline");
  yield* createInterface({ input: process.stdin, crlfDelay: Infinity });
}
