/**
 * CookieMap: the cookies of a request and what is changed about them, as Bun's class of this name
 * does it.
 */
import { Cookie, isCookie, makeEnumerable, missingArguments, wrongThis } from "./cookie.js";
import { withoutSpace } from "./head.js";

const UNPAIRED = "Expected arrays of exactly two strings";
const NO_PAIRS = "Expected each element to be an array of two strings";

/**
 * The pairs of Cookie fields (RFC 6265 section 4.2): `;` separates, the first `=` ends a name,
 * white space around both is dropped, and so is whatever has no `=` or no name.
 */
function pairsOf(text) {
  const pairs = [];
  for (const pair of text.split(";")) {
    const equals = pair.indexOf("=");
    if (equals < 0) continue;
    const name = withoutSpace(pair, 0, equals);
    if (name !== "") pairs.push([name, decoded(withoutSpace(pair, equals + 1, pair.length))]);
  }
  return pairs;
}

/**
 * A value as encodeURIComponent made it. Where a `%` begins no escape, U+FFFD takes the place of
 * the three characters that an escape would have, or of the `%` alone if there are fewer.
 */
function decoded(value) {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return decodedAsFarAsGoes(value);
  }
}

function decodedAsFarAsGoes(value) {
  const utf8 = Buffer.from(value);
  const bytes = [];
  for (let i = 0; i < utf8.length; i++) {
    if (utf8[i] !== 0x25) {
      bytes.push(utf8[i]);
      continue;
    }
    const digits = utf8.toString("latin1", i + 1, i + 3);
    if (/^[0-9a-f]{2}$/i.test(digits)) bytes.push(parseInt(digits, 16));
    else bytes.push(0xef, 0xbf, 0xbd);
    if (digits.length === 2) i += 2;
  }
  return Buffer.from(bytes).toString();
}

/** The pairs that a CookieMap is made of. */
function initialPairs(init) {
  if (init === undefined || init === null) return [];
  if (typeof init === "string") return pairsOf(init);
  if (typeof init !== "object" && typeof init !== "function") {
    throw new TypeError("Invalid initializer type");
  }
  if (!Array.isArray(init)) {
    return Object.getOwnPropertyNames(init).map((name) => [name, `${init[name]}`]);
  }
  return init.map((pair) => {
    if (!Array.isArray(pair)) throw new TypeError(NO_PAIRS);
    if (pair.length !== 2) throw new TypeError(UNPAIRED);
    return [`${pair[0]}`, `${pair[1]}`];
  });
}

export class CookieMap {
  /** Pairs that came with the request, and were not changed since. */
  #sent;
  /** Cookies that were set or deleted, the latest last; one for each name. */
  #changes = [];

  constructor(init) {
    this.#sent = initialPairs(init);
  }

  get(name) {
    if (!isMap(this)) throw wrongThis("CookieMap.get");
    const wanted = `${name}`;
    const change = this.#changes.find((cookie) => cookie.name === wanted);
    // As in Bun: a cookie without a value is as good as one that was deleted.
    if (change !== undefined) return change.value === "" ? null : change.value;
    return this.#sent.find((pair) => pair[0] === wanted)?.[1] ?? null;
  }

  toSetCookieHeaders() {
    if (!isMap(this)) throw wrongThis("CookieMap.toSetCookieHeaders");
    return this.#changes.map(String);
  }

  has(name) {
    if (!isMap(this)) throw wrongThis("CookieMap.has");
    return this.get(name) !== null;
  }

  set(name, value, ...rest) {
    if (!isMap(this)) throw wrongThis("CookieMap.set");
    if (arguments.length === 0) return;
    if (arguments.length > 1) this.#change(new Cookie(name, value, ...rest));
    else if (isCookie(name)) this.#change(name);
    else if (name !== null && typeof name === "object") this.#change(new Cookie(name));
    else throw missingArguments();
  }

  delete(name, ...rest) {
    if (!isMap(this)) throw wrongThis("CookieMap.delete");
    if (arguments.length === 0) return;
    const isObject = name !== null && typeof name === "object";
    const place = isObject ? name : rest[0];
    const text = isObject ? name.name : name;
    if (typeof text !== "string") throw new TypeError("Cookie name is required");
    if (place !== undefined && place !== null && typeof place !== "object") {
      throw new TypeError("Options must be an object");
    }
    if (text === "") throw new TypeError("Invalid cookie name: contains invalid characters");
    const { domain, path } = place ?? {};
    this.#change(new Cookie(text, "", { domain, path, expires: 0 }));
  }

  #change(cookie) {
    const { name } = cookie;
    this.#sent = this.#sent.filter((pair) => pair[0] !== name);
    this.#changes = this.#changes.filter((earlier) => earlier.name !== name);
    this.#changes.push(cookie);
  }

  /** What was changed stands first, as in Bun; what has changed meanwhile is seen. */
  *entries() {
    if (!isMap(this)) throw wrongThis("CookieMap.entries");
    for (let i = 0; i < this.#changes.length + this.#sent.length; i++) {
      if (i >= this.#changes.length) {
        const [name, value] = this.#sent[i - this.#changes.length];
        yield [name, value];
      } else if (this.#changes[i].value !== "") {
        yield [this.#changes[i].name, this.#changes[i].value];
      }
    }
  }

  *keys() {
    for (const [name] of this.entries()) yield name;
  }

  *values() {
    for (const [, value] of this.entries()) yield value;
  }

  forEach(callback, ...rest) {
    if (typeof callback !== "function") {
      const error = new TypeError("Cannot call callback on a non-function");
      throw Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
    }
    for (const [name, value] of this.entries()) callback.call(rest[0], value, name, this);
  }

  toJSON() {
    const object = {};
    for (const [name, value] of this.entries()) {
      if (Object.hasOwn(object, name)) continue;
      Object.defineProperty(object, name, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
    return object;
  }

  get size() {
    return [...this.entries()].length;
  }

  static isCookieMap(value) {
    return value !== null && typeof value === "object" && #sent in value;
  }

  static changesOf(map) {
    return map.#changes;
  }

  /** A map of the same cookies, changes included. */
  static copyOf(map) {
    const copy = new CookieMap();
    copy.#sent = map.#sent;
    copy.#changes = map.#changes.slice();
    return copy;
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    return `CookieMap ${inspect(this.toJSON(), options)}`;
  }
}

const { changesOf, copyOf, isCookieMap: isMap } = CookieMap;
/** Whatever a program puts in its place: what is sent was checked. */
const textOf = Cookie.prototype.toString;
delete CookieMap.changesOf;
delete CookieMap.copyOf;
delete CookieMap.isCookieMap;
makeEnumerable(CookieMap.prototype);
Object.defineProperties(CookieMap.prototype, {
  [Symbol.iterator]: { value: CookieMap.prototype.entries, writable: true, configurable: true },
  [Symbol.toStringTag]: { value: "CookieMap", configurable: true },
});

/** The cookies of a request that came in. */
export function cookiesOfRequest(request) {
  return new CookieMap(request.headers.get("cookie") ?? "");
}

export { copyOf as copyCookies };

/** The Set-Cookie field lines of what was changed; "" for none. */
export function setCookieLines(cookies) {
  return changesOf(cookies)
    .map((cookie) => `Set-Cookie: ${textOf.call(cookie)}\r\n`)
    .join("");
}
