/**
 * The global fetch() as Bun has it, over Node's: it takes unix sockets, settings of TLS, another
 * Host, files by their URL and every kind of body, and its errors say by their code what happened.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import { isDisturbedOrLocked, isIterable, streamOfIterable } from "../lib/body.js";
import { Headers } from "../lib/headers.js";
import { OF_THE_TRANSFER } from "../lib/platform.js";
import { Response } from "../lib/response.js";
import { missing, wrongType } from "../lib/wrong.js";

const require = createRequire(import.meta.url);

const UPPER_CASE = /^(?:delete|get|head|options|patch|post|put)$/i;
const UNREACHABLE = "Unable to connect. Is the computer able to access the url?";
const SELF_SIGNED = "DEPTH_ZERO_SELF_SIGNED_CERT";
const CUT = "The socket connection was closed unexpectedly.";

/** What Bun says of errors, by their code. */
const SENTENCES = {
  ECONNREFUSED: UNREACHABLE,
  ECONNRESET: CUT,
  EPIPE: CUT,
  ENOENT: "Was there a typo in the url or port?",
};

/** Lets the global `fetch` of `target`, which knows our Requests, do what Bun's does. */
export function install(target) {
  const inner = target.fetch;
  async function fetch(input, init) {
    if (arguments.length === 0) throw missing("fetch", 1, 0);
    const [what, settings] = given(input, init ?? undefined);
    const url = urlOf(what);
    if (/^file:/i.test(url)) return responseOfFile(url);
    try {
      return completed(await inner(what, await platformSettings(settings, url)));
    } catch (error) {
      throw told(error, url);
    }
  }
  fetch.preconnect = preconnect;
  Object.defineProperty(target, "fetch", {
    value: fetch,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** A hint: the name is looked up ahead. */
function preconnect(url) {
  const { hostname } = new URL(url);
  require("node:dns").lookup(hostname, () => {});
}

/** As Bun takes them: the URL may stand in an object beside the settings. */
function given(input, init) {
  if (init !== undefined && typeof init !== "object") {
    throw wrongType(`fetch() expects an object of settings, not ${String(init)}`);
  }
  const isSettings =
    typeof input === "object" &&
    input !== null &&
    Object.getPrototypeOf(input) === Object.prototype &&
    typeof input.url === "string";
  return isSettings ? [input.url, { ...input, ...init }] : [input, init];
}

function urlOf(what) {
  if (typeof what === "object" && what !== null && "_slot" in what) return what.url;
  return String(what?.url ?? what);
}

function responseOfFile(url) {
  return new Response(require("../lib/file.js").file(fileURLToPath(url)));
}

/** For the platform's fetch of this URL. */
async function platformSettings(init, url) {
  if (init === undefined) return undefined;
  if (init.proxy) throw new Error("The option proxy of fetch() is not part of bao yet");
  const settings = { ...init };
  if (UPPER_CASE.test(init.method)) settings.method = init.method.toUpperCase();
  if (init.body !== undefined && init.body !== null) settings.body = bodyOf(init.body);
  if (settings.body instanceof ReadableStream) settings.duplex = "half";
  const host = init.headers ? takeFields(settings) : null;
  const isOwnWay = init.unix !== undefined || (init.tls !== undefined && init.tls !== null);
  if ((isOwnWay || host !== null) && URL.canParse(url)) {
    const { dispatcherFor } = require("./agents.js");
    settings.dispatcher = await dispatcherFor(new URL(url).origin, { ...settings, host });
  }
  return settings;
}

function bodyOf(body) {
  if (body instanceof ReadableStream) {
    if (isDisturbedOrLocked(body)) {
      throw new TypeError("Body object should not be disturbed or locked");
    }
    return body;
  }
  return isIterable(body) ? streamOfIterable(body) : body;
}

/**
 * Leaves out what says how a request came to us, if its fields are handed on; gives the Host that
 * the program itself wants to be said, or null.
 */
function takeFields(settings) {
  const headers = new Headers(settings.headers);
  const isHandedOn = Boolean(settings.headers._request);
  const host = isHandedOn ? null : headers.get("host");
  headers.delete("host");
  for (const name of OF_THE_TRANSFER) {
    if (isHandedOn || name !== "connection") headers.delete(name);
  }
  if (isHandedOn) headers.delete("content-length");
  settings.headers = headers;
  return host;
}

// -- What comes back

/** The platform's Headers get what ours have more. */
function completed(response) {
  const prototype = Object.getPrototypeOf(response.headers);
  if (!("toJSON" in prototype)) {
    for (const name of ["toJSON", "getAll", "count"]) {
      Object.defineProperty(prototype, name, memberOf(name));
    }
  }
  return response;
}

/** A member of our Headers for the platform's, which are read into ours for it. */
function memberOf(name) {
  const { get, value } = Object.getOwnPropertyDescriptor(Headers.prototype, name);
  const call = get ?? value;
  const member = function (...rest) {
    return call.apply(new Headers(this), rest);
  };
  const common = { configurable: true, enumerable: true };
  return get ? { ...common, get: member } : { ...common, value: member, writable: true };
}

/** The error of the platform's fetch as one that says by its code what happened. */
function told(error, url) {
  if (!(error instanceof TypeError)) return error;
  if (/^Failed to parse URL|^Invalid URL/.test(error.message)) {
    const message = url === "" ? "fetch() URL must not be a blank string." : "fetch() URL is invalid";
    return withFacts(message, { code: "ERR_INVALID_URL" }, error);
  }
  const { cause } = error;
  if (error.message !== "fetch failed" || !(cause instanceof Error)) return error;
  const code = codeOf(cause);
  if (code === undefined) return error;
  const sentence = SENTENCES[code];
  const own = code === SELF_SIGNED ? "self signed certificate" : cause.message;
  const message = sentence === undefined ? own : `${code}: ${sentence}`;
  const { syscall, hostname, errno = 0 } = cause;
  const place = hostname === undefined ? {} : { syscall, hostname };
  return withFacts(message, { code, path: url, errno, ...place }, cause);
}

function withFacts(message, facts, cause) {
  return Object.assign(new TypeError(message, { cause }), facts);
}

function codeOf({ code, message, name, errors }) {
  if (message === "redirect count exceeded") return "TooManyRedirects";
  if (message === "unexpected redirect") return "UnexpectedRedirect";
  if (code === undefined && Array.isArray(errors)) return errors[0]?.code;
  // The other server has ended the connection, or speaks no HTTP.
  if (code === "UND_ERR_SOCKET" || name === "HTTPParserError") return "ECONNRESET";
  return code;
}
