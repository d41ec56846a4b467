/**
 * Response: what the Fetch standard says, with what programs written for Bun rely on (relative
 * redirects, the type of `json`, status 101, no body for statuses that have none instead of an
 * error).
 *
 * The server reads the fields, see native.d.ts: a Response whose `_headers` are null, whose `_body`
 * is a string and that was not `_used` goes out as that string with `_status` and `_type`. So `new
 * Response("text")` must only store.
 */
import { Blob } from "node:buffer";
import {
  bytesOfStream,
  defineBody,
  dropBody,
  extract,
  moveBody,
  shareBody,
  take,
  takeStream,
  TEXT_TYPE,
} from "./body.js";
import { BunFile } from "./file.js";
import { fileBehind } from "./file_read.js";
import { Headers } from "./headers.js";
import { standInFor } from "./platform_classes.js";
import { checkedTrailers } from "./trailers.js";
import { alreadyUsed, wrongType } from "./wrong.js";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const fs = process.getBuiltinModule("node:fs");

const UNSENDABLE =
  "Cannot send a Response with status 0. HTTP status codes must be between 100 and 999 " +
  "(Response.error() returns status 0).";
const JSON_TYPE = "application/json;charset=utf-8";
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Statuses whose replies have no body (Fetch, "null body status"). */
const NULL_BODY_STATUSES = [101, 204, 205, 304];
const REDIRECT_STATUSES = [301, 302, 303, 307, 308];

export class Response {
  /** What is sent: see body.js. */
  _body = null;
  /** The type that the body gives by itself; it is sent unless `_headers` has a content-type. */
  _type = null;
  _status = 200;
  /** Headers, or null as long as there are no fields and nobody has asked for them. */
  _headers = null;
  _used = false;
  _statusText = "";
  /** Parsed JSON may have all the fields above, but not this. */
  #brand;

  constructor(body, init) {
    if (typeof body === "string") {
      this._body = body;
      this._type = TEXT_TYPE;
    } else if (body !== undefined && body !== null) {
      this._type = extract(this, body);
    }
    if (init !== undefined && init !== null) initialize(this, init);
  }

  /** Whether an object was made by this class. */
  static _isOurs(object) {
    return #brand in object;
  }

  /** As in Bun, `init` may be a status. */
  static json(value, init) {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError("Value is not JSON serializable");
    const response = new Response(text);
    response._type = JSON_TYPE;
    if (typeof init === "number") setStatus(response, init);
    else if (init !== undefined && init !== null) initialize(response, init);
    return response;
  }

  /** As in Bun, `url` may be relative, and `init` a status or an object. */
  static redirect(url, init) {
    if (arguments.length < 1) throw new TypeError("Response.redirect needs a URL");
    const location = redirectTarget(`${url}`);
    const fields = typeof init === "object" && init !== null ? init : { status: init ?? 302 };
    const response = new Response(null, {
      ...fieldsOf(fields),
      status: redirectStatus(fields.status),
    });
    response.headers.set("Location", location);
    return response;
  }

  static error() {
    const response = new Response();
    response._status = 0;
    return response;
  }

  get type() {
    return this._status === 0 ? "error" : "default";
  }

  get url() {
    return "";
  }

  get redirected() {
    return false;
  }

  get status() {
    return this._status;
  }

  get ok() {
    return this._status >= 200 && this._status <= 299;
  }

  get statusText() {
    return this._statusText;
  }

  get headers() {
    const headers = (this._headers ??= new Headers());
    if (this._type !== null) {
      if (!headers.has("content-type")) headers.append("Content-Type", this._type);
      this._type = null;
    }
    return headers;
  }

  clone() {
    const copy = new Response();
    copy._body = shareBody(this);
    copy._type = this._type;
    copy._status = this._status;
    copy._statusText = this._statusText;
    if (this._headers !== null) copy._headers = new Headers(this._headers);
    if (this._trailers !== null) copy._trailers = this._trailers;
    return copy;
  }

  /** As the platform's, which have no fields of their own. */
  toJSON() {
    return {};
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    const { status, statusText, headers, bodyUsed, ok, type } = this;
    return "Response " + inspect({ status, statusText, headers, bodyUsed, ok, type }, options);
  }
}

// Few have them: the field of all others is here.
Object.defineProperty(Response.prototype, "_trailers", { value: null, writable: true });
defineBody(Response);
Object.defineProperty(Response.prototype, Symbol.toStringTag, {
  value: "Response",
  configurable: true,
});
standInFor("Response", Response);

function initialize(response, init) {
  if (typeof init !== "object" && typeof init !== "function") {
    const expected = "The provided body value is not of type 'ResponseInit'";
    throw wrongType(`Failed to construct 'Response': ${expected}: ${String(init)} is no object`);
  }
  const { status, statusText, headers, trailers } = init;
  if (status !== undefined) setStatus(response, status);
  if (statusText !== undefined && statusText !== null && statusText !== "") setStatusText(response, statusText);
  if (headers !== undefined) response._headers = new Headers(headers);
  if (trailers !== undefined && trailers !== null) setTrailers(response, trailers);
}

function setTrailers(response, trailers) {
  if (!(response._body instanceof ReadableStream)) {
    throw new TypeError("Response: trailers stand behind a stream, and this body is none");
  }
  response._trailers = checkedTrailers(trailers);
}

function setStatus(response, given) {
  const status = Math.trunc(typeof given === "bigint" ? Number(given) : given);
  if (!(status >= 200 && status <= 599) && status !== 101) {
    const range = "must be 101 or in the range of [200, 599]";
    throw new RangeError(`The status provided (${String(given)}) ${range}`);
  }
  response._status = status;
  if (NULL_BODY_STATUSES.includes(status)) {
    dropBody(response);
    response._type = null;
  }
}

function setStatusText(response, given) {
  const text = `${given}`;
  if (!REASON.test(text)) {
    throw new TypeError("Response: statusText has characters that cannot be sent");
  }
  response._statusText = text;
}

/** `init` may be a Response, whose properties are getters of its class. */
function fieldsOf({ statusText, headers }) {
  return { statusText, headers };
}

function redirectStatus(given = 302) {
  const status = Math.trunc(given);
  if (!REDIRECT_STATUSES.includes(status)) {
    throw new RangeError(
      "Failed to execute 'redirect' on 'Response': Invalid status code. " +
        `It must be 301, 302, 303, 307 or 308, not ${String(given)}`,
    );
  }
  return status;
}

/**
 * An absolute URL in its normal form; a relative one as it is, but for characters that no URL has.
 */
function redirectTarget(text) {
  if (/^[a-z][a-z0-9+.-]*:/i.test(text)) return new URL(text).href;
  if (/[\0\r\n]/.test(text)) {
    throw new TypeError("Response.redirect: a URL has no line breaks and no NUL");
  }
  return text.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}

// -- What the server sends

/**
 * A reply as native.reply takes it; or native.replyStream: then there is a stream, whose length is
 * null unless the program has declared it, and no body; or native.replyFile: then there is a file.
 * @typedef {object} Parts
 * @property {number} status
 * @property {string | null} lines
 * @property {string | null | undefined} type
 * @property {string | Uint8Array | null} [body]
 * @property {ReadableStream} [stream]
 * @property {number | null} [length]
 * @property {Headers | (() => unknown) | null} [trailers]
 * @property {{ path: string, begin: number, end: number }} [file]
 */

/** Whether a handler has returned a Response, ours or the platform's. */
export function isResponse(value) {
  return value instanceof Response;
}

/**
 * Takes a Response of ours or of the platform for sending: its body is used afterwards. Throws a
 * TypeError if it was used before. A promise is returned only if the body has to be waited for: a
 * Blob, or a stream unless `asStream`, which leaves it as it is.
 * @returns {Parts | Promise<Parts>}
 */
export function replyParts(response, asStream = false) {
  if (!Response._isOurs(response)) {
    return asStream ? partsOfPlatforms(response) : wholePartsOfPlatforms(response);
  }
  if (response._status === 0) throw new TypeError(UNSENDABLE);
  if (response._body instanceof BunFile) return partsOfFile(response, moveBody(response));
  if (asStream) {
    const stream = takeStream(response);
    if (stream !== null) return partsOfTaken(response, stream);
    if (isLargeBlob(response._body)) return partsOfBlob(response);
  }
  const body = take(response, true);
  const parts = { status: response._status, lines: linesOf(response), type: response._type, body };
  return body instanceof Promise ? body.then((whole) => withBody(parts, whole)) : parts;
}

/** A stream that nobody has read from yet: what is behind it may be a file, as Bun sees it, too. */
function partsOfTaken(response, stream) {
  const file = response._trailers === null ? fileBehind(stream) : undefined;
  if (file === undefined) {
    return partsOfStream(response, stream, declaredLength(response._headers));
  }
  stream.getReader();
  response._type = file.type;
  return partsOfFile(response, file);
}

function partsOfStream(response, stream, length) {
  const lines = linesOf(response);
  const { _status: status, _type: type, _trailers: trailers } = response;
  return { status, lines, type, stream, length, trailers };
}

/** Blobs from this size on are not put into memory to be sent. */
const LARGE_BLOB = 1024 * 1024;

function isLargeBlob(body) {
  return typeof body === "object" && body instanceof Blob && body.size > LARGE_BLOB;
}

function partsOfBlob(response) {
  const blob = moveBody(response);
  return partsOfStream(response, blob.stream(), blob.size);
}

/** A descriptor is sent by the engine if it stands for a regular file, else read from. */
function partsOfFile(response, file) {
  if (file._fd >= 0 && !isRegular(file._fd)) return partsOfStream(response, file.stream(), null);
  const type = file._type === null && response._type !== null ? undefined : response._type;
  const path = file._fd >= 0 ? `/proc/self/fd/${file._fd}` : file._path;
  const content = { path, begin: file._begin, end: file._end };
  return { status: response._status, lines: linesOf(response), type, file: content };
}

function isRegular(fd) {
  return fs.fstatSync(fd).isFile();
}

function linesOf(response) {
  return response._headers === null ? null : response._headers._wire();
}

function withBody(parts, body) {
  parts.body = body;
  return parts;
}

/** A Content-Length that a program gave its stream; what is no plain number says nothing. */
function declaredLength(headers) {
  const text = headers?.get("content-length") ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Fields of a Response that came from fetch() and say how it was sent to us, not what it is. */
const OF_THE_TRANSFER = [
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "content-encoding",
];

/** And those that say when another server had made it, which is not when a copy is sent. */
const OF_ITS_TIME = ["date", "age"];

function partsOfPlatforms(response, isPrepared = false) {
  if (response.type === "error") throw new TypeError(UNSENDABLE);
  const { body: stream, status } = response;
  if (response.bodyUsed || stream?.locked) throw alreadyUsed();
  const headers = new Headers(response.headers);
  const length = lengthOfPlatforms(response, headers);
  const isDecoded = response.url !== "" && headers.has("content-encoding");
  // What fetch() has received is decoded and unframed by now.
  if (response.url !== "") {
    for (const name of OF_THE_TRANSFER) headers.delete(name);
    if (isPrepared) for (const name of OF_ITS_TIME) headers.delete(name);
  }
  const parts = { status, type: null };
  if (stream !== null) return { ...parts, lines: headers._wire(), stream, length };
  // The reply to HEAD has the length of what GET would bring (RFC 9110 section 9.3.2), or none.
  if (isDecoded) return { ...parts, lines: headers._wire(), stream: emptyStream(), length: null };
  if (length !== null) headers.set("Content-Length", length);
  return { ...parts, lines: headers._wire(), body: null };
}

function emptyStream() {
  return new ReadableStream({ start: (controller) => controller.close() });
}

async function wholePartsOfPlatforms(response) {
  const { status, lines, type, stream } = partsOfPlatforms(response, true);
  const body = stream === undefined ? null : await bytesOfStream(stream);
  return { status, lines, type, body };
}

/** What fetch() has received is as long as the other server said, unless it was decoded. */
function lengthOfPlatforms(response, headers) {
  const isDecoded = response.url !== "" && headers.has("content-encoding");
  return isDecoded ? null : declaredLength(headers);
}

/** The stream of a result that is not going to be sent; null if it has none that can be ended. */
export function streamOfReply(result) {
  if (!isResponse(result)) return null;
  const stream = Response._isOurs(result) ? result._body : result.body;
  if (stream === null || typeof stream !== "object") return null;
  return stream instanceof ReadableStream && !stream.locked ? stream : null;
}
