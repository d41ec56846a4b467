/**
 * ServerResponse: node:http's own class, whose head and content go to the engine.
 *
 * Frameworks replace the prototype of a response by one that ends in node:http's (Express does), so
 * what is ours is in own properties, and all else is node:http's by itself: fields, states, errors.
 * The engine writes the status line, and decides about framing.
 */
import nodeHttp from "node:http";

import { EXCHANGE } from "./http_exchange.js";
import * as native from "./native.js";

const { STATUS_CODES, validateHeaderName, validateHeaderValue } = nodeHttp;
const { writeHead: writeHeadOfNode } = nodeHttp.ServerResponse.prototype;
const {
  end: endOfNode,
  destroy: destroyOfNode,
  setHeader: setHeaderOfNode,
} = nodeHttp.OutgoingMessage.prototype;

/** Where node:http keeps fields until the head is made: lower-case name -> [name, value]. */
const symbols = Object.getOwnPropertySymbols(new nodeHttp.OutgoingMessage());
const OUT_HEADERS = symbols.find(({ description }) => description === "kOutHeaders");
const NEED_DRAIN = symbols.find(({ description }) => description === "kNeedDrain");
const END_CALLBACKS = symbols.find(({ description }) => description === "kEndCallbacks");
/** What newer versions of Node call finished. */
const FINISHED = symbols.find(({ description }) => description === "kWritableFinished");

/** An object without a prototype that is still quick, as one with `__proto__: null` is not. */
function Entries() {}
Entries.prototype = Object.create(null);

/** Names that are good, and how they stand in lower case. A program has few; so many are kept. */
const names = new Map();
const MOST_NAMES = 1000;
/** What no value may hold: node:http's rule. */
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** What native.write says if the client is slow. */
const BEHIND = 1;
/** What native.replyStream says. */
const NOT_WANTED = 0;
const WANTED_LATER = 2;

export class ServerResponse extends nodeHttp.ServerResponse {
  constructor(request, options) {
    super(request, options);
    // Others make responses to requests of their own, for tests say.
    if (request[EXCHANGE] !== undefined) adoptResponse(this, request);
  }
}

/** Makes an object of node:http's class the response to a request of ours. */
export function adoptResponse(response, request) {
  const exchange = request[EXCHANGE];
  response[EXCHANGE] = exchange;
  response.socket = exchange.socket;
  response.end = end;
  response.setHeader = OUT_HEADERS === undefined ? setHeaderOfNode : setHeader;
  response.destroy = destroy;
  response._send = send;
  response._storeHeader = storeHeader;
  response._writeRaw = writeRaw;
  response._drained = drained;
  if (exchange.closes) response.shouldKeepAlive = false;
  exchange.socket._httpMessage = response;
  return response;
}

/** node:http's, for names that were seen before and values that are plain. */
function setHeader(name, value) {
  const key = names.get(name) ?? newName(name);
  const isPlain = typeof value === "string" ? !BAD_VALUE.test(value) : typeof value === "number";
  if (!isPlain || key === undefined || this._header) {
    return setHeaderOfNode.call(this, name, value);
  }
  (this[OUT_HEADERS] ??= new Entries())[key] = [name, value];
  return this;
}

/** The name in lower case; undefined if it is wrong, which node:http then says. */
function newName(name) {
  if (typeof name !== "string" || !/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return undefined;
  const key = name.toLowerCase();
  if (names.size < MOST_NAMES) names.set(name, key);
  return key;
}

/** The head is decided: from now on `headersSent` is true, but it waits for the first content. */
function storeHeader(firstLine, headers) {
  const exchange = this[EXCHANGE];
  exchange.status = this.statusCode;
  if (this.statusMessage !== "OK") exchange.reason = this.statusMessage;
  exchange.lines = "";
  if (OUT_HEADERS !== undefined && headers === this[OUT_HEADERS]) {
    for (const key in headers) addField(exchange, key, headers[key][0], headers[key][1]);
  } else if (Array.isArray(headers)) {
    addList(exchange, headers);
  } else if (headers) {
    for (const name of Object.keys(headers)) addChecked(exchange, name, headers[name]);
  }
  if (exchange.length !== null) this._contentLength = exchange.length;
  if (!this.shouldKeepAlive && !exchange.closes && this.req.httpVersionMinor > 0) {
    exchange.lines += "connection: close\r\n";
  }
  this._header = firstLine;
}

/** Name, value …, or pairs of them. */
function addList(exchange, list) {
  if (list.length > 0 && Array.isArray(list[0])) {
    for (const [name, value] of list) addChecked(exchange, name, value);
    return;
  }
  if (list.length % 2 !== 0) {
    const error = new TypeError("The argument 'headers' is invalid: a name has no value");
    throw Object.assign(error, { code: "ERR_INVALID_ARG_VALUE" });
  }
  for (let i = 0; i < list.length; i += 2) addChecked(exchange, list[i], list[i + 1]);
}

function addChecked(exchange, name, value) {
  validateHeaderName(name);
  for (const single of Array.isArray(value) ? value : [value]) validateHeaderValue(name, single);
  addField(exchange, name.toLowerCase(), name, value);
}

function addField(exchange, key, name, value) {
  if (key === "transfer-encoding") return;
  if (key === "content-length") exchange.length = lengthOf(value);
  if (!Array.isArray(value)) {
    exchange.lines += `${name}: ${value}\r\n`;
  } else if (exchange.server._uniqueHeaders?.has(key)) {
    exchange.lines += `${name}: ${value.join("; ")}\r\n`;
  } else {
    for (const single of value) exchange.lines += `${name}: ${single}\r\n`;
  }
}

function lengthOf(value) {
  const length = Number(value);
  return Number.isSafeInteger(length) && length >= 0 ? length : null;
}

/** Takes what is to be sent, be it none; gives whether more may follow at once. */
function send(data, encoding, callback) {
  const exchange = this[EXCHANGE];
  if (exchange._slot >= 0) {
    const isText = typeof data === "string";
    const isUtf8 = !encoding || encoding === "utf8" || encoding === "utf-8";
    const piece = isText && data !== "" && !isUtf8 ? Buffer.from(data, encoding) : data;
    if (this._headerSent) sendPiece(exchange, piece);
    else sendFirst(this, exchange, piece);
  }
  if (typeof callback === "function") {
    // `finish` comes with what `end` causes.
    if (exchange.isEnding && exchange.finish === null) exchange.finish = callback;
    else process.nextTick(callback);
  }
  return !exchange.isBehind;
}

/** The head with the first of the content, or with all of it. */
function sendFirst(response, exchange, piece) {
  response._headerSent = true;
  const { status, lines, length, reason } = exchange;
  const isUnknown = response.req.method === "HEAD" && isOfUnknownLength(exchange, piece);
  if (exchange.isEnding && !isUnknown) {
    // A length that was said of content that is not sent stands.
    const isSent = status !== 304 && (response._hasBody || length === null);
    const slot = exchange.replied();
    try {
      native.reply(slot, status, lines, null, isSent ? piece : "", reason);
    } catch (error) {
      native.abort(slot);
      throw error;
    }
    return;
  }
  const first = piece.length > 0 ? piece : undefined;
  const wanted = native.replyStream(exchange._slot, status, lines, null, length, reason, first);
  // A reply without content is over with its head.
  if (wanted === NOT_WANTED) exchange.replied();
  else exchange.isBehind = wanted === WANTED_LATER;
}

/** Of what GET would get: nothing is said of it if the head was decided before the content. */
function isOfUnknownLength({ length, hasEarlyHead }, piece) {
  return length === null && (hasEarlyHead || piece.length === 0);
}

function sendPiece(exchange, piece) {
  if (piece.length === 0 || exchange._slot < 0) return;
  // It leaves with the end.
  if (exchange.isEnding && exchange.last === null) return void (exchange.last = piece);
  exchange.isBehind = native.write(exchange._slot, piece) === BEHIND;
}

function end(chunk, encoding, callback) {
  const exchange = this[EXCHANGE];
  if (isWhole(this, exchange, chunk, encoding, callback)) {
    return endAtOnce(this, exchange, chunk ?? "");
  }
  const wasFinished = this.finished;
  exchange.isEnding = true;
  try {
    endOfNode.call(this, chunk, encoding, callback);
  } finally {
    exchange.isEnding = false;
  }
  if (this.finished && !wasFinished) {
    // Then node:http itself has seen to it that `finish` comes.
    exchange.finish ??= nothing;
    if (exchange._slot >= 0) {
      native.finish(exchange.replied(), trailersOf(this._trailer), exchange.last ?? undefined);
    }
    process.nextTick(finished, exchange);
  }
  return this;
}

/** Of the lines that `addTrailers` has made those that may stand there (RFC 9110 section 6.5.1). */
function trailersOf(lines) {
  if (lines === "") return "";
  const isAllowed = (line) => native.mayBeTrailer(line.slice(0, line.indexOf(":")));
  return lines.split("\r\n").slice(0, -1).filter(isAllowed).map((line) => `${line}\r\n`).join("");
}

function nothing() {}

function finished(exchange) {
  if (exchange.isClosed) return;
  const { finish, response } = exchange;
  if (finish !== null) finish();
  else tellFinish(response);
  exchange.finished();
  // Meanwhile who has written too late hears so, as long as somebody listens.
  if (response._eventsCount > 0) process.nextTick(closed, exchange);
  else exchange.close();
}

function tellFinish(response) {
  if (FINISHED !== undefined) response[FINISHED] = true;
  const callbacks = END_CALLBACKS === undefined ? null : response[END_CALLBACKS];
  if (callbacks) {
    response[END_CALLBACKS] = null;
    for (const callback of callbacks) callback(null);
  }
  response.emit("finish");
}

function closed(exchange) {
  exchange.close();
}

/** Whether this is the whole reply, and nobody wants to know when it is sent. */
function isWhole(response, exchange, chunk, encoding, callback) {
  return (
    !response.finished &&
    !response._headerSent &&
    !response.destroyed &&
    callback === undefined &&
    (chunk === undefined || chunk === null || chunk instanceof Uint8Array ||
      (typeof chunk === "string" && (encoding === undefined || encoding === "utf8"))) &&
    !response.strictContentLength &&
    !exchange.server._isStrict
  );
}

/** What node:http's `end` comes to then. */
function endAtOnce(response, exchange, content) {
  exchange.hasEarlyHead = Boolean(response._header);
  if (!response._header) {
    // Others put themselves in the place of `writeHead`, to set fields at the last moment.
    if (isPlainHead(response)) implicitHead(response);
    else response._implicitHeader();
  }
  if (exchange._slot >= 0) {
    exchange.isEnding = true;
    sendFirst(response, exchange, content);
    exchange.isEnding = false;
  }
  response.finished = true;
  if (response._eventsCount > 0) response.emit("prefinish");
  process.nextTick(finished, exchange);
  return response;
}

function isPlainHead({ writeHead, statusCode, statusMessage }) {
  return (
    writeHead === writeHeadOfNode &&
    statusMessage === undefined &&
    Number.isInteger(statusCode) &&
    statusCode >= 200 &&
    statusCode <= 599
  );
}

function implicitHead(response) {
  response.statusMessage = STATUS_CODES[response.statusCode] ?? "unknown";
  response._storeHeader("HTTP/1.1", response[OUT_HEADERS]);
}

/** There is room again. */
function drained() {
  if (this.finished) return;
  if (NEED_DRAIN !== undefined) this[NEED_DRAIN] = false;
  this.emit("drain");
}

/** Ends the connection, unless the reply is whole. */
function destroy(error) {
  this[EXCHANGE].cut();
  return destroyOfNode.call(this, error);
}

/** Whole heads of interim replies: `HTTP/1.1 103 Early Hints` and so on. */
function writeRaw(data, encoding, callback) {
  const then = typeof encoding === "function" ? encoding : callback;
  const { _slot, socket } = this[EXCHANGE];
  const end = data.indexOf("\r\n");
  if (_slot >= 0) native.sendInterim(_slot, Number(data.slice(9, 12)), data.slice(end + 2, -2));
  socket.refreshTimer();
  if (typeof then === "function") process.nextTick(then);
  return true;
}
