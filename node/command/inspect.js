/**
 * Bun.inspect(): shows values as Bun does. What only Node knows the inside of (errors, streams,
 * events) is shown by Node.
 */
import { Blob, Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { inspect as nodeInspect, types } from "node:util";

import { BunFile } from "../lib/file.js";
import { Headers } from "../lib/headers.js";
import { Request } from "../lib/request.js";
import { Response } from "../lib/response.js";
import { table } from "./table.js";

const CUSTOM = Symbol.for("nodejs.util.inspect.custom");
const NAME = /^[A-Za-z_$][\w$]*$/;
/** Beyond it the next element of an array stands on a new line. */
const LINE = 80;
const MOST_ELEMENTS = 100;
const USUAL_DEPTH = 8;

/** Writes one value, with what stands in it. */
class Writer {
  text = "";
  indent = 0;
  /** How long the line is that elements of arrays are written to, as far as that matters. */
  line = 0;
  seen = [];

  constructor({ depth = USUAL_DEPTH, compact = false, sorted = false }) {
    this.depth = depth ?? Infinity;
    this.compact = compact;
    this.sorted = sorted;
  }

  put(text, length = text.length) {
    this.text += text;
    this.line += length;
  }

  newLine() {
    this.line = this.indent * 2;
    this.text += this.compact ? " " : `\n${"  ".repeat(this.indent)}`;
  }

  /** A value; strings in quotes. */
  value(value) {
    if (typeof value === "string") return this.put(JSON.stringify(value), value.length);
    if (typeof value === "function") return this.put(shownFunction(value));
    if (typeof value !== "object" || value === null) return this.put(shownPrimitive(value));
    if (this.seen.includes(value)) return this.put("[Circular]");
    if (this.seen.length > this.depth) {
      return this.put(Array.isArray(value) ? "[Array ...]" : "[Object ...]");
    }
    this.seen.push(value);
    this.object(value);
    this.seen.pop();
  }

  object(value) {
    if (types.isProxy(value)) return this.fields(value, "", keysOf(value));
    for (const [fits, show] of KINDS) {
      if (fits(value)) return show(this, value);
    }
    if (typeof value[CUSTOM] === "function") return this.custom(value);
    this.fields(value, nameOf(value), keysOf(value));
  }

  custom(value) {
    const options = { depth: this.depth - this.seen.length, stylize: (text) => text };
    const shown = value[CUSTOM](options.depth, options, inspect);
    if (typeof shown === "string") this.put(shown.replaceAll("\n", `\n${"  ".repeat(this.indent)}`));
    else if (shown === value) this.fields(value, nameOf(value), keysOf(value));
    else this.value(shown);
  }

  node(value) {
    const shown = nodeInspect(value, { depth: Math.max(0, this.depth - this.seen.length + 1) });
    this.put(shown.replaceAll("\n", `\n${"  ".repeat(this.indent)}`));
  }

  /** `Name {` and one line for each entry, which `entries` have functions for. */
  block(name, entries, { comma = ",", last = comma } = {}) {
    const head = name === "" ? "{" : `${name} {`;
    if (entries.length === 0) return this.put(`${head}}`);
    this.put(head);
    this.indent++;
    entries.forEach((entry, i) => {
      this.newLine();
      entry();
      const isLast = i === entries.length - 1;
      this.put(isLast ? (this.compact ? "" : last) : comma);
    });
    this.indent--;
    this.newLine();
    this.put("}");
  }

  fields(value, name, keys) {
    const shown = this.sorted ? [...keys].sort((a, b) => (String(a) < String(b) ? -1 : 1)) : keys;
    this.block(
      name,
      shown.map((key) => () => {
        this.put(`${shownKey(key)}: `);
        this.property(value, key);
      }),
    );
  }

  property(value, key) {
    const property = descriptorOf(value, key);
    if (property === undefined || "value" in property) return this.value(value[key]);
    const { get, set } = property;
    this.put(get && set ? "[Getter/Setter]" : get ? "[Getter]" : "[Setter]");
  }

  /** Whether the line is long enough. */
  isLong() {
    if (this.line <= LINE) return false;
    this.line = this.indent * 2;
    return true;
  }

  array(value) {
    const extra = Object.keys(value).filter((key) => !isIndex(key));
    if (value.length === 0 && extra.length === 0) return this.put("[]");
    this.indent++;
    const isFirstBig = value.length > 0 && 0 in value && !isPrimitive(value[0]);
    let isTall = !this.compact && (value.length > 10 || isFirstBig || this.isLong());
    if (isTall) {
      this.put("[");
      this.newLine();
      this.line++;
    } else {
      this.put("[ ");
    }
    let isFirst = true;
    const next = () => {
      if (isFirst) return void (isFirst = false);
      this.put(",");
      if (!this.compact && this.isLong()) {
        isTall = true;
        this.newLine();
      } else {
        this.put(" ");
      }
    };
    this.elements(value, next);
    for (const key of extra) {
      next();
      this.put(`${shownKey(key)}: `);
      this.property(value, key);
    }
    this.indent--;
    if (isTall) {
      this.newLine();
      this.put("]");
    } else {
      this.put(" ]");
    }
  }

  elements(value, next) {
    let count = 0;
    for (let i = 0; i < value.length; i++) {
      if (!(i in value)) {
        const from = i;
        while (i + 1 < value.length && !(i + 1 in value)) i++;
        next();
        this.put(i === from ? "empty item" : `${i - from + 1} x empty items`);
      } else if (count === MOST_ELEMENTS) {
        this.put(",");
        this.newLine();
        return this.put(`... ${value.length - i} more items`);
      } else {
        next();
        this.value(value[i]);
        count++;
      }
    }
  }
}

// -- Kinds of objects

const entriesOf = (writer, pairs) =>
  [...pairs].map(([key, value]) => () => {
    writer.value(key);
    writer.put(": ");
    writer.value(value);
  });

const grouped = (pairs) => {
  const names = [...new Set([...pairs].map(([name]) => name))];
  return names.map((name) => {
    const values = pairs.getAll(name);
    return [name, values.length === 1 ? values[0] : values];
  });
};

function showBytes(writer, value, bytes) {
  const name = `${value.constructor.name}(${value.byteLength / (value.BYTES_PER_ELEMENT ?? 1)})`;
  const items = [...bytes].map(shownPrimitive);
  writer.put(items.length === 0 ? `${name} []` : `${name} [ ${items.join(", ")} ]`);
}

const bytesIn = (value) =>
  ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);

function showBlob(writer, value) {
  const isFile = typeof value.name === "string";
  const lines = [];
  if (isFile) lines.push(() => writer.put(`name: ${JSON.stringify(value.name)}`));
  if (value.type !== "") lines.push(() => writer.put(`type: ${JSON.stringify(value.type)}`));
  if (isFile) lines.push(() => writer.put(`lastModified: ${value.lastModified}`));
  const head = `${isFile ? "File" : "Blob"} (${shownSize(value.size, "bytes")})`;
  if (lines.length === 0) writer.put(head);
  else writer.block(head, lines, { last: "" });
}

/** How long a body of ours is, if it is here. */
function sizeOfBody({ _body: body }) {
  if (typeof body === "string") return Buffer.byteLength(body);
  if (body instanceof BunFile) return null;
  return body instanceof Blob ? body.size : (body?.length ?? 0);
}

function showBody(writer, holder) {
  const { _body: body } = holder;
  if (body instanceof Blob) return [() => writer.object(body)];
  if (body instanceof ReadableStream) return [() => writer.node(body)];
  const size = sizeOfBody(holder);
  return size > 0 ? [() => writer.put(`Blob (${shownSize(size)})`)] : [];
}

const headOf = (name, holder) => {
  const size = sizeOfBody(holder);
  return size === null ? name : `${name} (${size === 0 ? "0 KB" : shownSize(size)})`;
};

const line = (writer, name, value, end = ",") => () => {
  writer.put(`${name}: `);
  writer.value(value);
  writer.put(end);
};

function showResponse(writer, value) {
  const { ok, url, status, statusText, headers, redirected, bodyUsed } = value;
  const body = showBody(writer, value);
  const shown = Object.entries({ ok, url, status, statusText, headers, redirected });
  const lines = shown.map(([name, one]) => line(writer, name, one));
  lines.push(line(writer, "bodyUsed", bodyUsed, body.length > 0 ? "," : ""), ...body);
  writer.block(headOf("Response", value), lines, { comma: "" });
}

function showRequest(writer, value) {
  const { method, url, headers, params } = value;
  const lines = [line(writer, "method", method), line(writer, "url", url)];
  if (params !== undefined) lines.push(line(writer, "params", params));
  lines.push(line(writer, "headers", headers, ""), ...showBody(writer, value));
  writer.block(headOf("Request", value), lines, { comma: "" });
}

function showMap(writer, value) {
  const name = value.size === 0 ? "Map" : `Map(${value.size})`;
  writer.block(name, entriesOf(writer, value));
}

function showSet(writer, value) {
  const name = value.size === 0 ? "Set" : `Set(${value.size})`;
  writer.block(name, [...value].map((one) => () => writer.value(one)));
}

function showPromise(writer, value) {
  const [, state = "resolved"] = /<(pending|rejected)>/.exec(nodeInspect(value, { depth: 0 })) ?? [];
  writer.put(`Promise { <${state}> }`);
}

/** What Node alone can look into, or has made for itself. */
function isNodes(value) {
  if (types.isNativeError(value) || value instanceof Error) return true;
  if (value instanceof EventEmitter || value instanceof URL) return true;
  const { constructor } = value;
  if (typeof constructor !== "function" || constructor === Object) return false;
  const name = Object.getOwnPropertyDescriptor(constructor, "name")?.value;
  const known = Object.getOwnPropertyDescriptor(globalThis, name);
  return known !== undefined && known.value === constructor && !(value instanceof Array);
}

/** The first that fits shows the value. */
const KINDS = [
  [Array.isArray, (writer, value) => writer.array(value)],
  [types.isArgumentsObject, (writer, value) => writer.array([...value])],
  [types.isMap, showMap],
  [types.isSet, showSet],
  [types.isWeakMap, (writer) => writer.put("WeakMap {}")],
  [types.isWeakSet, (writer) => writer.put("WeakSet {}")],
  [types.isPromise, showPromise],
  [types.isDate, (writer, value) => writer.put(Number.isNaN(+value) ? "Invalid Date" : isoOf(value))],
  [types.isRegExp, (writer, value) => writer.put(String(value))],
  [types.isBoxedPrimitive, showBoxed],
  [Buffer.isBuffer, (writer, value) => writer.node(value)],
  [types.isTypedArray, (writer, value) => showBytes(writer, value, value)],
  [
    (value) => types.isAnyArrayBuffer(value) || types.isDataView(value),
    (writer, value) => showBytes(writer, value, bytesIn(value)),
  ],
  [(value) => value instanceof BunFile, (writer, value) => showBunFile(writer, value)],
  [(value) => value instanceof Blob, showBlob],
  [
    (value) => value instanceof Headers,
    (writer, value) => writer.block("Headers", entriesOf(writer, value)),
  ],
  [
    (value) => value instanceof URLSearchParams,
    (writer, value) => writer.block("URLSearchParams", entriesOf(writer, grouped(value))),
  ],
  [
    (value) => value[Symbol.toStringTag] === "FormData" && typeof value.getAll === "function",
    (writer, value) => writer.block("FormData", entriesOf(writer, grouped(value))),
  ],
  [(value) => value instanceof Response && "_status" in value, showResponse],
  [(value) => value instanceof Request && "_slot" in value, showRequest],
  [isNodes, (writer, value) => writer.node(value)],
];

function isoOf(date) {
  return Date.prototype.toISOString.call(date);
}

function showBoxed(writer, value) {
  const primitive = value.valueOf();
  const kind = typeof primitive;
  writer.put(`[${kind[0].toUpperCase()}${kind.slice(1)}: ${quoted(primitive)}]`);
}

const quoted = (value) =>
  typeof value === "string" ? JSON.stringify(value) : shownPrimitive(value);

function showBunFile(writer, value) {
  const name = value._path === null ? `fd: ${value._fd}` : JSON.stringify(value._path);
  const lines = [() => writer.put(`type: ${JSON.stringify(value.type)}`)];
  writer.block(`FileRef (${name})`, lines, { last: "" });
}

// -- Parts

function shownPrimitive(value) {
  if (typeof value === "bigint") return `${value}n`;
  return Object.is(value, -0) ? "-0" : String(value);
}

function isPrimitive(value) {
  return value === null || (typeof value !== "object" && typeof value !== "function");
}

function isIndex(key) {
  return /^(?:0|[1-9]\d*)$/.test(key);
}

function shownKey(key) {
  if (typeof key === "symbol") return `[${String(key)}]`;
  return NAME.test(key) ? key : JSON.stringify(key);
}

function shownFunction(value) {
  const name = Object.getOwnPropertyDescriptor(value, "name")?.value;
  const text = Function.prototype.toString.call(value);
  if (/^class\b/.test(text)) {
    const parent = Object.getPrototypeOf(value);
    const behind = parent?.name ? ` extends ${parent.name}` : "";
    return `[class ${typeof name === "string" && name !== "" ? name : "(anonymous)"}${behind}]`;
  }
  const [, kind] = /\[object (\w+)\]/.exec(Object.prototype.toString.call(value));
  return typeof name === "string" && name !== "" ? `[${kind}: ${name}]` : `[${kind}]`;
}

function nameOf(value) {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null) return "[Object: null prototype]";
  const tag = descriptorOf(value, Symbol.toStringTag)?.value;
  if (typeof tag === "string" && tag !== "") return tag;
  const name = descriptorOf(prototype, "constructor")?.value?.name;
  return typeof name === "string" && name !== "Object" ? name : "";
}

function descriptorOf(value, key) {
  for (let at = value; at !== null; at = Object.getPrototypeOf(at)) {
    const property = Object.getOwnPropertyDescriptor(at, key);
    if (property !== undefined) return property;
  }
  return undefined;
}

/** Own members that are enumerable, and what a class of the program's gives. */
function keysOf(value) {
  const isShown = (at, key) => Object.getOwnPropertyDescriptor(at, key)?.enumerable;
  const own = Reflect.ownKeys(value).filter((key) => key !== "constructor" && isShown(value, key));
  const keys = new Set(own);
  for (let at = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) {
    if (at === Object.prototype) break;
    for (const key of Object.getOwnPropertyNames(at)) {
      if (key !== "constructor") keys.add(key);
    }
  }
  // A tag of its own stands before the brace.
  if (Object.hasOwn(value, Symbol.toStringTag)) keys.delete(Symbol.toStringTag);
  return [...keys];
}

/** Thousands, with one digit behind the point where that is nearly exact. */
function shownSize(size) {
  if (size < 512) return `${size} bytes`;
  const power = Math.max(1, Math.floor(Math.log10(size) / 3));
  const value = size / 1000 ** power;
  const digits = Math.abs(value - Math.trunc(value)) <= 0.1 ? 1 : 2;
  return `${value.toFixed(digits)} ${" KMGTP"[power]}B`;
}

/** The text that shows a value. */
export function inspect(value, options) {
  const settings = typeof options === "object" && options !== null ? options : {};
  if (settings.colors) return nodeInspect(value, { colors: true, depth: settings.depth });
  try {
    const writer = new Writer(settings);
    writer.value(value);
    return writer.text;
  } catch {
    // What cannot be looked at from outside (a revoked Proxy, members that throw) Node looks into.
    return nodeInspect(value);
  }
}

/** As `console.log` shows it: text as it is. */
export function shownForConsole(value) {
  return typeof value === "string" ? value : inspect(value, { depth: 2 });
}

Object.assign(inspect, { custom: CUSTOM, table });
