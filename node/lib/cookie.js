/**
 * Cookie: one cookie as a reply sets it (RFC 6265 section 4.1), as Bun's class of this name does
 * it. The collection of a request's cookies is in cookie_map.js.
 */

/** What Bun takes for a name, a path and a domain. */
const NAME = /^[!-:<>-~]+$/;
const PATH = /^[ -:<-~]*$/;
const DOMAIN = /^[a-z0-9.-]*$/;
const SAME_SITES = { strict: "Strict", lax: "Lax", none: "None" };
/** The farthest that a Date can be from 1970, in milliseconds. */
const MOST_TIME = 8.64e15;

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
/** What a date must have to be one, lest the lenient parser takes anything with a number for it. */
const MONTH = new RegExp(`${MONTHS.join("|")}|^\\d+/`, "i");

function failure(message, code) {
  const error = new TypeError(message);
  if (code !== undefined) error.code = code;
  return error;
}

export function missingArguments() {
  return failure("Not enough arguments", "ERR_MISSING_ARGS");
}

export function wrongThis(member) {
  const Class = member.split(".")[0];
  return failure(`Can only call ${member} on instances of ${Class}`, "ERR_INVALID_THIS");
}

function checkedName(name) {
  if (NAME.test(name)) return name;
  throw failure("Invalid cookie name: contains invalid characters");
}

function checkedPath(path) {
  if (PATH.test(path)) return path;
  throw failure("Invalid cookie path: contains invalid characters");
}

function checkedDomain(domain) {
  if (DOMAIN.test(domain)) return domain;
  throw failure("Invalid cookie domain: contains invalid characters");
}

function checkedSameSite(value) {
  if (typeof value === "string" && Object.hasOwn(SAME_SITES, value)) return value;
  throw failure("Invalid sameSite value. Must be 'strict', 'lax', or 'none'");
}

/** The milliseconds of an `expires`: a Date, seconds since 1970, a date as text; null for none. */
function timeOf(value) {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) {
    if (!Number.isNaN(value.getTime())) return value.getTime();
    throw new RangeError("expires must be a valid Date (or Number)");
  }
  if (typeof value === "number") return timeOfSeconds(value);
  if (typeof value === "string") {
    const time = parsedDate(value);
    if (time !== null) return time;
    throw failure("Invalid cookie expiration date");
  }
  throw failure("Invalid expires value. Must be a Date or a number", "ERR_INVALID_ARG_VALUE");
}

function timeOfSeconds(seconds) {
  if (!Number.isFinite(seconds)) {
    throw new RangeError("expires must be a valid Number (or Date)");
  }
  const time = seconds * 1000;
  return Math.abs(time) <= MOST_TIME ? time : null;
}

/** A date as cookies have it, in words and not as ISO 8601 writes it; null if it is none. */
function parsedDate(text) {
  if (!MONTH.test(text)) return null;
  const named = /[+-]\d{4}|gmt|utc|\bz\b/i.test(text);
  const time = Date.parse(named ? text : `${text} GMT`);
  return Number.isNaN(time) ? null : time;
}

/** RFC 9110 section 5.6.7, but for years beyond 9999. */
function httpDate(time) {
  const date = new Date(time);
  const two = (number) => String(number).padStart(2, "0");
  const day = `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]}`;
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":");
  return `${day} ${year} ${clock} GMT`;
}

/** Percent-encodes everything but what encodeURIComponent leaves, and lone surrogates as U+FFFD. */
function encoded(value) {
  return encodeURIComponent(value.toWellFormed());
}

/** The options of a cookie, which may be nothing, or an object. */
function checkedOptions(options) {
  if (options === undefined || options === null) return null;
  if (typeof options === "object" || typeof options === "function") return options;
  throw failure("Options must be an object");
}

export class Cookie {
  #name;
  #value;
  #domain = null;
  #path = "/";
  #time = null;
  #date = null;
  #maxAge = undefined;
  #secure = false;
  #httpOnly = false;
  #partitioned = false;
  #sameSite = "lax";

  constructor(name, value, ...rest) {
    if (arguments.length >= 2) {
      this.#name = required(`${name}`);
      this.#value = `${value}`;
      this.#read(checkedOptions(rest[0]));
    } else if (typeof name === "string") {
      this.#parse(name);
    } else if (name !== null && typeof name === "object") {
      this.#name = required("name" in name ? `${name.name}` : "");
      this.#value = "value" in name ? `${name.value}` : "";
      this.#read(name);
    } else {
      throw missingArguments();
    }
    checkedName(this.#name);
  }

  static parse(text) {
    if (arguments.length < 1) throw missingArguments();
    return new Cookie(`${text}`);
  }

  static from(name, value, options) {
    if (arguments.length < 2) throw missingArguments();
    return new Cookie(name, value, options);
  }

  static isCookie(value) {
    return value !== null && typeof value === "object" && #name in value;
  }

  #read(options) {
    if (options === null) return;
    const given = (name) => (name in options ? options[name] : undefined);
    const domain = given("domain") ?? null;
    if (domain !== null) this.#domain = checkedDomain(`${domain}`);
    const path = given("path") ?? null;
    if (path !== null) this.#path = checkedPath(`${path}`);
    this.#time = timeOf(given("expires"));
    const maxAge = given("maxAge");
    if (typeof maxAge === "number" && !Number.isNaN(maxAge)) this.#maxAge = maxAge;
    this.#secure = Boolean(given("secure"));
    this.#httpOnly = Boolean(given("httpOnly"));
    this.#partitioned = Boolean(given("partitioned"));
    const sameSite = given("sameSite") ?? null;
    if (sameSite !== null) this.#sameSite = checkedSameSite(sameSite);
  }

  /** The value of a Set-Cookie field (RFC 6265 section 5.2); its value is not decoded. */
  #parse(text) {
    if (text === "") throw failure("Invalid cookie name: contains invalid characters");
    if (/[\0\r\n\u0100-\uffff]|^[\t ]|[\t ]$/.test(text)) {
      throw failure("cookie string is not a valid HTTP header value");
    }
    const [pair, ...attributes] = text.split(";");
    const equals = pair.indexOf("=");
    if (equals < 0) {
      throw failure(`Invalid cookie string: ${text.length < 2 ? "empty" : "no '=' found"}`);
    }
    this.#name = pair.slice(0, equals).trim();
    if (this.#name === "") throw failure("Invalid cookie string: name cannot be empty");
    this.#value = pair.slice(equals + 1).trim();
    for (const attribute of attributes) this.#parseAttribute(attribute);
  }

  #parseAttribute(text) {
    const [name, ...rest] = text.split("=");
    const value = rest.join("=").trim();
    switch (name.trim().toLowerCase()) {
      case "domain":
        if (value !== "") this.#domain = checkedDomain(value.toLowerCase());
        break;
      case "path":
        if (value.startsWith("/")) this.#path = checkedPath(value);
        break;
      case "expires":
        this.#time = parsedDate(value) ?? this.#time;
        break;
      case "max-age":
        this.#parseMaxAge(value);
        break;
      case "secure":
        this.#secure = true;
        break;
      case "httponly":
        this.#httpOnly = true;
        break;
      case "partitioned":
        this.#partitioned = true;
        break;
      case "samesite":
        if (Object.hasOwn(SAME_SITES, value.toLowerCase())) this.#sameSite = value.toLowerCase();
        break;
    }
  }

  #parseMaxAge(text) {
    const number = /^[+-]?\d+/.exec(text);
    if (number && Math.abs(Number(number[0])) < 2 ** 63) this.#maxAge = Number(number[0]);
  }

  get name() {
    if (!(#name in this)) throw wrongThis("Cookie.name");
    return this.#name;
  }

  get value() {
    return this.#value;
  }

  set value(value) {
    this.#value = `${value}`;
  }

  get domain() {
    return this.#domain;
  }

  set domain(domain) {
    this.#domain = checkedDomain(`${domain}`);
  }

  get path() {
    return this.#path;
  }

  set path(path) {
    this.#path = checkedPath(`${path}`);
  }

  /** The same Date each time; to change it changes nothing. */
  get expires() {
    if (this.#time === null) return undefined;
    return (this.#date ??= new Date(this.#time));
  }

  set expires(expires) {
    this.#time = timeOf(expires);
    this.#date = null;
  }

  get maxAge() {
    return this.#maxAge;
  }

  set maxAge(maxAge) {
    if (maxAge === undefined || maxAge === null) {
      this.#maxAge = undefined;
      return;
    }
    const number = Number(maxAge);
    if (!Number.isFinite(number)) throw failure("The provided value is non-finite");
    this.#maxAge = number;
  }

  get secure() {
    return this.#secure;
  }

  set secure(secure) {
    this.#secure = Boolean(secure);
  }

  get httpOnly() {
    return this.#httpOnly;
  }

  set httpOnly(httpOnly) {
    this.#httpOnly = Boolean(httpOnly);
  }

  get sameSite() {
    return this.#sameSite;
  }

  set sameSite(sameSite) {
    this.#sameSite = checkedSameSite(sameSite);
  }

  get partitioned() {
    return this.#partitioned;
  }

  set partitioned(partitioned) {
    this.#partitioned = Boolean(partitioned);
  }

  isExpired() {
    if (this.#maxAge !== undefined) return this.#maxAge <= 0;
    return this.#time !== null && this.#time <= Date.now();
  }

  toString() {
    if (!(#name in this)) throw wrongThis("Cookie.toString");
    let text = `${this.#name}=${encoded(this.#value)}`;
    if (this.#domain) text += `; Domain=${this.#domain}`;
    if (this.#path !== "") text += `; Path=${this.#path}`;
    if (this.#time !== null) text += `; Expires=${httpDate(this.#time)}`;
    if (this.#maxAge !== undefined) text += `; Max-Age=${this.#maxAge}`;
    if (this.#secure) text += "; Secure";
    if (this.#httpOnly) text += "; HttpOnly";
    if (this.#partitioned) text += "; Partitioned";
    return `${text}; SameSite=${SAME_SITES[this.#sameSite]}`;
  }

  toJSON() {
    const object = Object.create(null);
    object.name = this.name;
    object.value = this.#value;
    if (this.#domain) object.domain = this.#domain;
    object.path = this.#path;
    if (this.#time !== null) object.expires = this.expires;
    if (this.#maxAge !== undefined) object.maxAge = this.#maxAge;
    object.secure = this.#secure;
    object.sameSite = this.#sameSite;
    object.httpOnly = this.#httpOnly;
    object.partitioned = this.#partitioned;
    return object;
  }

  serialize() {
    return this.toString();
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    return `Cookie ${inspect({ ...this.toJSON() }, options)}`;
  }
}

function required(name) {
  if (name === "") throw failure("name is required");
  return name;
}

/** Whether a value is a Cookie. */
export const { isCookie } = Cookie;
delete Cookie.isCookie;
makeEnumerable(Cookie.prototype);
Object.defineProperty(Cookie.prototype, Symbol.toStringTag, {
  value: "Cookie",
  configurable: true,
});

/** As the members of the platform's classes are. */
export function makeEnumerable(prototype) {
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name !== "constructor") Object.defineProperty(prototype, name, { enumerable: true });
  }
}
