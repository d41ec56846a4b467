/**
 * Request: those that come in (`requestFromSlot`), and those that a program makes. Method, URL and
 * fields of the former are read from the head, which is kept as one string; the body stays with the
 * engine until it is wanted.
 */
import { defineBody, extract, hasBody, moveBody, shareBody, UNREAD } from "./body.js";
import { cookiesOfRequest, copyCookies } from "./cookie_map.js";
import { methodOfHead, urlOfHead } from "./head.js";
import { Headers, headersOfRequest } from "./headers.js";
import { isPlatforms, standInFor } from "./platform_classes.js";
import { bodyArrived, ENDS, failureError, Watch } from "./slot_body.js";
import { trailersOfSlot } from "./trailers.js";
import { wrongType } from "./wrong.js";

const INCOMING = Symbol("incoming");
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const UPPER_CASE = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]);

/**
 * What a program may say about a request that it makes for fetch(): the values allowed, the usual
 * one first.
 */
const SETTINGS = {
  mode: ["cors", "navigate", "same-origin", "no-cors"],
  credentials: ["same-origin", "omit", "include"],
  cache: ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"],
  redirect: ["follow", "error", "manual"],
  referrerPolicy: [
    "",
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
  ],
  integrity: [""],
  keepalive: [false],
  referrer: ["about:client"],
};

export class Request {
  /** The slot of the addon while the exchange lasts; -1: it is over, or there was none. */
  _slot = -1;
  // What is not there is undefined, not null, and the body that is not there stands on the prototype:
  // libraries that copy a Request, or put a Proxy around it, look at every field of its own.
  /** Parameters of the route, an object. */
  _params = undefined;
  /** A Watch once somebody waits for the body or has taken `signal`. */
  _watch = undefined;
  /** The head as it was sent; "" if the program made this Request. */
  _head = "";
  _server = undefined;
  /** The CookieMap once the program has asked for it. */
  _cookies = undefined;
  _method = undefined;
  _url = undefined;
  _headers = undefined;
  _used = false;
  /** The settings that are not the usual ones. */
  _settings = undefined;

  constructor(input, init) {
    if (input === INCOMING) return;
    if (arguments.length < 1) {
      throw new TypeError("Failed to construct 'Request': 1 argument required, but only 0 present.");
    }
    construct(this, input, init);
  }

  get method() {
    return (this._method ??= methodOfHead(this._head));
  }

  get url() {
    return (this._url ??= urlOfHead(this._head, this._server._authority, this._server._secure));
  }

  get headers() {
    return (this._headers ??= headersOfRequest(this));
  }

  /** The parameters of the route that the request came by. */
  get params() {
    return this._params;
  }

  set params(value) {
    this._params = value;
  }

  /** The cookies of a request that came in; what is changed there goes out with its reply. */
  get cookies() {
    if (this._cookies === undefined && this._head !== "") this._cookies = cookiesOfRequest(this);
    return this._cookies;
  }

  /**
   * The fields behind a chunked body, once it was read to its end; none before, and none that may
   * only stand in a head.
   */
  get trailers() {
    if (this._trailers !== undefined) return this._trailers;
    const trailers = this._slot >= 0 ? trailersOfSlot(this._slot) : null;
    return trailers === null ? new Headers() : (this._trailers = trailers);
  }

  get signal() {
    const watch = (this._watch ??= new Watch());
    return (watch.controller ??= new AbortController()).signal;
  }

  get destination() {
    return "";
  }

  get duplex() {
    return "half";
  }

  get isReloadNavigation() {
    return false;
  }

  get isHistoryNavigation() {
    return false;
  }

  clone() {
    const copy = new Request(INCOMING);
    copy._body = shareBody(this);
    copyHead(copy, this);
    copy._params = this._params;
    if (this.cookies !== undefined) copy._cookies = copyCookies(this.cookies);
    follow(copy, this.signal);
    return copy;
  }

  /** The body that was asked for is here (0), or never will be (a Failure). */
  _bodyArrived(failure) {
    bodyArrived(this, failure);
  }

  /** The client is gone or has sent its end. */
  _clientGone() {
    this._watch?.controller?.abort(failureError(1, ENDS));
  }

  /** The exchange is over and the slot gone: because the reply went out (0), or for a Failure. */
  _detached(failure) {
    bodyArrived(this, failure === 0 ? 5 : failure);
    this._watch?.reply?.over(failure);
    if (failure !== 0) this._watch?.controller?.abort(failureError(failure, ENDS));
  }

  /** As the platform's, which have no fields of their own. */
  toJSON() {
    return {};
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    const { method, url, headers, params, bodyUsed } = this;
    const shown =
      params === undefined
        ? { method, url, headers, bodyUsed }
        : { method, url, headers, params, bodyUsed };
    return "Request " + inspect(shown, options);
  }
}

for (const [name, [usual]] of Object.entries(SETTINGS)) {
  Object.defineProperty(Request.prototype, name, {
    get() {
      return this._settings?.[name] ?? usual;
    },
    configurable: true,
  });
}
Object.defineProperty(Request.prototype, "_body", { value: null, writable: true });
Object.defineProperty(Request.prototype, "_trailers", { value: undefined, writable: true });
defineBody(Request);
Object.defineProperty(Request.prototype, Symbol.toStringTag, {
  value: "Request",
  configurable: true,
});
standInFor("Request", Request);

/**
 * The Request for a slot. `head` is its whole head as it was sent, `server` the Server, whose
 * `_authority` stands in for a missing Host.
 */
export function requestFromSlot(slot, head, server) {
  const request = new Request(INCOMING);
  request._slot = slot;
  request._head = head;
  request._server = server;
  request._body = UNREAD;
  return request;
}

// -- Requests that a program makes

const NO_INIT = {};

function construct(request, input, given) {
  const init = given ?? NO_INIT;
  if (typeof init !== "object" && typeof init !== "function") {
    throw new TypeError(`Request: the second argument must be an object, not ${String(init)}`);
  }
  const source = requestIn(input);
  if (source === null) request._url = urlOf(input);
  else copyHead(request, source);
  if (init.method !== undefined) request._method = methodOf(`${init.method}`);
  request._method ??= "GET";
  if (init.headers !== undefined) request._headers = new Headers(init.headers);
  if (init !== NO_INIT) readSettings(request, init);
  const signal = init.signal === undefined ? source?.signal : init.signal;
  if (signal !== undefined && signal !== null) follow(request, signal);
  giveBody(request, init.body, source);
}

/** `input` if it is a Request, of whatever class. */
function requestIn(input) {
  if (input === null || typeof input !== "object") return null;
  return "_slot" in input || isPlatforms("Request", input) ? input : null;
}

function urlOf(input) {
  try {
    return new URL(input).href;
  } catch (cause) {
    const given = JSON.stringify(String(input));
    const message = `Failed to construct 'Request': Invalid URL ${given}: give an absolute one`;
    throw Object.assign(new TypeError(message, { cause }), { code: "ERR_INVALID_URL" });
  }
}

function methodOf(given) {
  if (!TOKEN.test(given)) throw new TypeError(`Request: ${JSON.stringify(given)} is not a method`);
  const upper = given.toUpperCase();
  return UPPER_CASE.has(upper) ? upper : given;
}

function copyHead(request, source) {
  request._method = source.method;
  request._url = source.url;
  request._headers = new Headers(source.headers);
  if ("_settings" in source) request._settings = source._settings;
  else readSettings(request, source);
}

function readSettings(request, init) {
  for (const [name, allowed] of Object.entries(SETTINGS)) {
    if (init[name] === undefined) continue;
    const value = typeof allowed[0] === "boolean" ? Boolean(init[name]) : `${init[name]}`;
    if (allowed.length > 1 && !allowed.includes(value)) {
      const choice = new Intl.ListFormat("en-GB", { type: "disjunction" });
      const names = choice.format(allowed.map((one) => `'${one}'`));
      throw wrongType(`${name} must be one of ${names}`);
    }
    request._settings = { ...request._settings, [name]: value };
  }
}

/** Lets the request's signal abort with another one. */
function follow(request, signal) {
  if (!(signal instanceof AbortSignal)) {
    throw new TypeError("Failed to construct 'Request': signal is not of type AbortSignal.");
  }
  const watch = (request._watch = new Watch());
  watch.controller = { signal: AbortSignal.any([signal]), abort() {} };
}

function giveBody(request, body, source) {
  const isGiven = body !== undefined && body !== null;
  if (!isGiven && !bringsBody(source)) return;
  if (request._method === "GET" || request._method === "HEAD") {
    throw new TypeError(`Request: a ${request._method} request has no body`);
  }
  const type = isGiven ? extract(request, body) : takeOver(request, source);
  if (type === null || request._headers?.has("content-type")) return;
  (request._headers ??= new Headers()).append("Content-Type", type);
}

/** Not by `body`, which would make a stream of what has a length. */
function bringsBody(source) {
  if (source === null) return false;
  return "_slot" in source ? hasBody(source) : source.body !== null;
}

/** Moves the body of another Request into this one, which gets the type with the other fields. */
function takeOver(request, source) {
  if ("_slot" in source) request._body = moveBody(source);
  else extract(request, source.body);
  return null;
}
