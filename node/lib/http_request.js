/**
 * IncomingMessage: node:http's own class, whose head and body come from the engine.
 *
 * Frameworks replace the prototype of a request by one that ends in node:http's (Express does), so
 * what is ours is in own properties, and all else is node:http's by itself.
 */
import nodeHttp from "node:http";

import { EXCHANGE, resetError } from "./http_exchange.js";
import * as native from "./native.js";

const destroyOfNode = nodeHttp.IncomingMessage.prototype._destroy;

export class IncomingMessage extends nodeHttp.IncomingMessage {
  /** `head` is as of native.d.ts; or, as in node:http, a socket alone, for a class of a program. */
  constructor(exchange, head) {
    super(head === undefined ? exchange : exchange.socket);
    if (head !== undefined) adoptRequest(this, exchange, head);
  }
}

/** Makes an object of node:http's class the request of an exchange. */
export function adoptRequest(request, exchange, head) {
  request[EXCHANGE] = exchange;
  request._read = read;
  request._destroy = destroy;
  const end = head.indexOf("\r\n");
  const method = head.indexOf(" ");
  const target = head.indexOf(" ", method + 1);
  request.method = head.slice(0, method);
  request.url = head.slice(method + 1, target);
  // Behind "HTTP/", one digit each.
  request.httpVersion = head.slice(target + 6, end);
  request.httpVersionMajor = head.charCodeAt(target + 6) - 0x30;
  request.httpVersionMinor = head.charCodeAt(target + 8) - 0x30;
  request.upgrade = false;
  const fields = rawFields(head, end + 2, exchange);
  request._addHeaderLines(fields, fields.length);
  return request;
}

/**
 * Name, value … as they were sent; the engine has checked the syntax. The exchange is told of what
 * decides about it.
 */
function rawFields(head, start, exchange) {
  const list = [];
  for (;;) {
    const end = head.indexOf("\r\n", start);
    if (end <= start) return list;
    const colon = head.indexOf(":", start);
    let from = colon + 1;
    let to = end;
    while (from < to && isSpace(head.charCodeAt(from))) from++;
    while (to > from && isSpace(head.charCodeAt(to - 1))) to--;
    const name = head.slice(start, colon);
    const value = head.slice(from, to);
    list.push(name, value);
    if (name.length === 10 && /^connection$/i.test(name)) {
      exchange.closes ||= /(?:^|[\s,])close(?:[\s,]|$)/i.test(value);
    } else if (name.length === 14 && value !== "0" && /^content-length$/i.test(name)) {
      exchange.hasBody = true;
    } else if (name.length === 17 && /^transfer-encoding$/i.test(name)) {
      exchange.hasBody = true;
    } else if (name.length === 6 && /^expect$/i.test(name)) {
      exchange.expectation = value;
    }
    start = end + 2;
  }
}

function isSpace(code) {
  return code === 0x20 || code === 0x09;
}

/** Called when somebody reads, and again when a piece has arrived that was waited for. */
function read() {
  if (!this._consuming) {
    this._readableState.readingMore = false;
    this._consuming = true;
  }
  const { _slot, response, hasBody } = this[EXCHANGE];
  // After the reply nothing of the body is to be had, which is an end; a lost connection is none.
  if (_slot < 0 && hasBody && !this.complete && !response.finished) {
    return void this.destroy(resetError());
  }
  const piece = !hasBody || _slot < 0 || this.complete ? undefined : native.bodyPiece(_slot);
  if (piece === null) return;
  if (typeof piece === "number") return void this.destroy(resetError());
  if (piece === undefined) {
    const trailers = hasBody && _slot >= 0 && !this.complete ? native.trailers(_slot) : null;
    this.complete = true;
    if (trailers !== null) this._addHeaderLines(trailers, trailers.length);
    this.push(null);
    this[EXCHANGE].bodyRead();
  } else {
    this.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
  }
}

/** node:http's, which ends the connection of a request that is not complete. */
function destroy(error, callback) {
  const exchange = this[EXCHANGE];
  // Without a body it is complete, whoever has read it or not.
  if (!exchange.hasBody) this.complete = true;
  if (!this.readableEnded || !this.complete) {
    exchange.cutByRequest();
  }
  const only = this.listenerCount("error") === 0 ? null : error;
  destroyOfNode.call(this, only, callback);
}
