/**
 * Headers: what the Fetch standard says, without forbidden names (this is a server), with `count`,
 * `toJSON` and `getAll` as Bun has them. Fields are kept in one flat array as they go to the wire;
 * what callers see is lower-cased, joined and sorted when it is asked for.
 */
import { standInFor } from "./platform_classes.js";
import { fieldsOfHead } from "./head.js";
import { native } from "./slots.js";
import { missing } from "./wrong.js";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What a value must not have, and white space at its ends, which is cut off. */
const UNUSUAL = /[\0\r\n\u0100-\uffff]|^[\t ]|[\t ]$/;
const FORBIDDEN = /[\0\r\n\u0100-\uffff]/;

/**
 * Names that the program has used, as it wrote them, and their lower case. Checking a name once is
 * enough.
 */
const lowerCaseOf = new Map();
/** Enough for any program; names beyond it (made from data, perhaps) are checked each time. */
const MOST_NAMES = 1024;

/** Checks a name that the program gives (RFC 9110 section 5.1) and returns it in lower case. */
function lowerName(name) {
  const lower = lowerCaseOf.get(name);
  return lower === undefined ? learnName(name) : lower;
}

function learnName(name) {
  const text = String(name);
  if (!TOKEN.test(text)) throw new TypeError(`Invalid header name: '${text}'`);
  const lower = text.toLowerCase();
  if (lowerCaseOf.size < MOST_NAMES) lowerCaseOf.set(text, lower);
  return lower;
}

/** The lower case of a name that was checked before. */
function lowerCase(name) {
  const lower = lowerCaseOf.get(name);
  return lower === undefined ? name.toLowerCase() : lower;
}

/** Checks a value and cuts white space off its ends (RFC 9110 section 5.5). */
function normalValue(value, name) {
  const text = typeof value === "string" ? value : `${value}`;
  return UNUSUAL.test(text) ? trimmedValue(text, name) : text;
}

function trimmedValue(text, name) {
  let start = 0;
  let end = text.length;
  while (start < end && isWhiteSpace(text.charCodeAt(start))) start++;
  while (end > start && isWhiteSpace(text.charCodeAt(end - 1))) end--;
  const trimmed = text.slice(start, end);
  if (FORBIDDEN.test(trimmed)) {
    throw new TypeError(
      `Header '${name}' has invalid value: ` +
        "line breaks, NUL and characters above U+00FF cannot be sent",
    );
  }
  return trimmed;
}

function isWhiteSpace(code) {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

function appendField(list, name, value) {
  // An object may give another text each time: what is checked must be what is sent.
  const text = typeof name === "string" ? name : `${name}`;
  lowerName(text);
  list.push(text, normalValue(value, text));
}

/** A flat list of the fields in `init`: Headers, pairs, or an object. */
function listOf(init) {
  if (init === null || (typeof init !== "object" && typeof init !== "function")) {
    throw new TypeError(
      "Type error: Headers are made of Headers, an iterable of pairs, or an object, not of " +
        String(init),
    );
  }
  const iterate = init[Symbol.iterator];
  if (iterate === Headers.prototype.entries) return entriesOf(init).slice();
  const list = [];
  if (typeof iterate === "function") {
    for (const pair of init) appendPair(list, pair);
  } else {
    for (const name of Object.keys(init)) appendField(list, name, init[name]);
  }
  return list;
}

function appendPair(list, pair) {
  if (pair === null || typeof pair !== "object" || typeof pair[Symbol.iterator] !== "function") {
    throw new TypeError("Headers: each entry must be a pair of name and value");
  }
  const items = Array.isArray(pair) ? pair : [...pair];
  if (items.length !== 2) {
    throw new TypeError(
      `Header sub-sequence must contain exactly two items, this one has ${items.length}`,
    );
  }
  appendField(list, items[0], items[1]);
}

/** The flat list, read from the request's head when it was not yet needed. */
function entriesOf(headers) {
  if (headers._list === null) headers._list = fieldsOfHead(headers._request._head);
  return headers._list;
}

/** The flat list for a change: what was sorted is no longer right. */
function changed(headers) {
  headers._sorted = null;
  return entriesOf(headers);
}

/**
 * All values of a name joined; null if there is none. Cookies are joined as RFC 9113 section 8.2.3
 * says.
 */
function joined(list, lower) {
  let found = null;
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i];
    if (name !== lower && (name.length !== lower.length || lowerCase(name) !== lower)) continue;
    found = found === null ? list[i + 1] : found + (lower === "cookie" ? "; " : ", ") + list[i + 1];
  }
  return found;
}

/**
 * Pairs sorted by name, values of one name joined, except for Set-Cookie, whose values cannot be.
 */
function sorted(headers) {
  if (headers._sorted !== null) return headers._sorted;
  const list = entriesOf(headers);
  const pairs = [];
  const seen = new Set();
  for (let i = 0; i < list.length; i += 2) {
    const lower = lowerCase(list[i]);
    if (lower === "set-cookie") {
      pairs.push([lower, list[i + 1]]);
    } else if (!seen.has(lower)) {
      seen.add(lower);
      pairs.push([lower, joined(list, lower)]);
    }
  }
  return (headers._sorted = pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)));
}

/** Removes all fields of a name from position `from` on. */
function removeFrom(list, lower, from) {
  let end = from;
  for (let i = from; i < list.length; i += 2) {
    if (lowerCase(list[i]) === lower) continue;
    list[end] = list[i];
    list[end + 1] = list[i + 1];
    end += 2;
  }
  list.length = end;
}

function need(count, given, method) {
  if (given >= count) return;
  throw missing(method, count, given);
}

export class Headers {
  /** Name, value, name, value … as they go to the wire; null: still in the head of `_request`. */
  _list = null;
  _sorted = null;
  _request = null;

  constructor(init) {
    this._list = init === undefined ? [] : listOf(init);
  }

  get(name) {
    if (arguments.length < 1) need(1, 0, "get");
    const lower = lowerName(name);
    if (this._list !== null) return joined(this._list, lower);
    const slot = this._request._slot;
    return slot >= 0 ? native.field(slot, lower) : joined(entriesOf(this), lower);
  }

  has(name) {
    need(1, arguments.length, "has");
    return this.get(name) !== null;
  }

  set(name, value) {
    need(2, arguments.length, "set");
    const written = `${name}`;
    const lower = lowerName(written);
    const text = normalValue(value, written);
    const list = changed(this);
    for (let i = 0; i < list.length; i += 2) {
      if (lowerCase(list[i]) !== lower) continue;
      list[i + 1] = text;
      return removeFrom(list, lower, i + 2);
    }
    list.push(written, text);
  }

  append(name, value) {
    need(2, arguments.length, "append");
    appendField(changed(this), name, value);
  }

  delete(name) {
    need(1, arguments.length, "delete");
    removeFrom(changed(this), lowerName(name), 0);
  }

  getSetCookie() {
    const list = entriesOf(this);
    return list.filter((_, i) => i % 2 === 1 && lowerCase(list[i - 1]) === "set-cookie");
  }

  /**
   * As in Bun: all values of Set-Cookie, the one name for which more than one can be told apart.
   */
  getAll(name) {
    need(1, arguments.length, "getAll");
    if (lowerName(name) !== "set-cookie") {
      throw new TypeError('Only "set-cookie" is supported.');
    }
    return this.getSetCookie();
  }

  forEach(callback, thisArgument) {
    if (typeof callback !== "function") throw new TypeError("Headers.forEach needs a function");
    for (const [name, value] of this.entries()) callback.call(thisArgument, value, name, this);
  }

  /**
   * The list is looked at anew for each entry, so changes on the way are seen (Fetch, "value pairs
   * to iterate over").
   */
  *entries() {
    for (let i = 0; i < sorted(this).length; i++) {
      const [name, value] = sorted(this)[i];
      yield [name, value];
    }
  }

  *keys() {
    for (let i = 0; i < sorted(this).length; i++) yield sorted(this)[i][0];
  }

  *values() {
    for (let i = 0; i < sorted(this).length; i++) yield sorted(this)[i][1];
  }

  get count() {
    return sorted(this).length;
  }

  toJSON() {
    const object = {};
    const cookies = this.getSetCookie();
    for (const [name, value] of sorted(this)) {
      object[name] = name === "set-cookie" ? cookies : value;
    }
    return object;
  }

  /** The field lines as they go to the wire, "name: value\r\n"…; "" for none. */
  _wire() {
    const list = entriesOf(this);
    let lines = "";
    for (let i = 0; i < list.length; i += 2) lines += list[i] + ": " + list[i + 1] + "\r\n";
    return lines;
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    return "Headers " + inspect(this.toJSON(), options);
  }
}

Object.defineProperties(Headers.prototype, {
  [Symbol.iterator]: { value: Headers.prototype.entries, writable: true, configurable: true },
  [Symbol.toStringTag]: { value: "Headers", configurable: true },
});
standInFor("Headers", Headers);

/**
 * The Headers of a request that came in: its fields stay in the head until more than one of them is
 * needed.
 */
export function headersOfRequest(request) {
  const headers = new Headers();
  headers._list = null;
  headers._request = request;
  return headers;
}
