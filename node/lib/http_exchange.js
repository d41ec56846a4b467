/**
 * A request of `bao/http` and its reply: what stands between the engine and the two objects that
 * the program has of them. It stands at its slot in dispatch.js, as a Request does there.
 */
import nodeHttp from "node:http";

import { dropSlot, holdSlot } from "./dispatch.js";
import { socketOf } from "./http_socket.js";
import * as native from "./native.js";

const symbolOf = (object, name) =>
  Object.getOwnPropertySymbols(object).find(({ description }) => description === name);
/** What a request's `signal` hangs on, where node:http has that, and what ends its watch. */
const CONTROLLER = symbolOf(new nodeHttp.IncomingMessage(), "kAbortController");
const DETACH_SIGNAL = symbolOf(nodeHttp.IncomingMessage.prototype, "kDetachAbortSignal");

/** The own property by which requests and responses know their exchange. */
export const EXCHANGE = Symbol("bao exchange");

export class Exchange {
  constructor(slot, server) {
    this._slot = slot;
    this.server = server;
    this.socket = socketOf(native.connection(slot), server);
    this.request = null;
    this.response = null;
    /** The head of the reply once it is decided; the length if it was said. */
    this.status = 200;
    this.lines = null;
    this.reason = null;
    this.length = null;
    /** Whether it was decided before the end of the reply was there. */
    this.hasEarlyHead = true;
    /** The piece of content that leaves with the end. */
    this.last = null;
    /** Whether the reply is being ended, so that what comes is all that comes. */
    this.isEnding = false;
    /** Whether the client has to take something first. */
    this.isBehind = false;
    this.isClosed = false;
    /** What its fields say: whether the connection ends with it, and what the client expects. */
    this.hasBody = false;
    this.closes = false;
    this.expectation = null;
    /** Whether the client has sent its end behind a body that is not read yet. */
    this.isHalfClosed = false;
    /** How often the server has found it waiting for the body. */
    this.looks = 0;
    /** What tells `finish`, once the reply is on its way. */
    this.finish = null;
    holdSlot(slot, this);
    this.socket.begin(this);
  }

  // -- For dispatch.js

  /** Somebody always wants to know how it ends, and whether the client is behind. */
  get _watch() {
    return this;
  }

  get reply() {
    return this;
  }

  _bodyArrived(failure) {
    this.socket.refreshTimer();
    if (failure === 0) this.request._read();
    else this.request.destroy(resetError());
  }

  /**
   * A client that has sent its end may still read, but in node:http it counts as gone, unless the
   * server says otherwise; not before the body that it has sent is read.
   */
  _clientGone() {
    if (this._slot < 0 || this.server.httpAllowHalfOpen) return;
    const { request } = this;
    if (request.complete || !this.hasBody) this.cut();
    else this.isHalfClosed = true;
  }

  /** The body was read to its end. */
  bodyRead() {
    // Whoever replies now has not been late.
    if (this.isHalfClosed) setImmediate(() => this.cut());
  }

  /** The connection is gone; `_slot` is -1. */
  _detached() {
    process.nextTick(tellCut, this);
  }

  drained() {
    this.isBehind = false;
    this.socket.refreshTimer();
    this.response._drained();
  }

  // -- For the request, the response and the socket

  /** A reply is on its way: the slot is nobody's any more. */
  leave() {
    // What is asked after the reply, by a log say, must still be true.
    if (this.response?._eventsCount > 0) this.socket.remember();
    const slot = this._slot;
    dropSlot(slot);
    this._slot = -1;
    this.socket.done(this);
    return slot;
  }

  /** `leave` for a reply that is whole. */
  replied() {
    // The connection may end with it, which must not count as the request's.
    const { request } = this;
    if (DETACH_SIGNAL !== undefined && request[CONTROLLER]) request[DETACH_SIGNAL]();
    return this.leave();
  }

  /** The connection is the program's, and with it the reply. */
  handedOver() {
    dropSlot(this._slot);
    this._slot = -1;
    this.isClosed = true;
    this.request.complete = true;
    this.socket.done(this);
  }

  /** Whether somebody waits for the rest of the body. */
  isAwaited() {
    const { request } = this;
    return request !== null && request._consuming && !request.complete;
  }

  /** The body took too long. */
  expire() {
    if (this.response.headersSent) return this.cut();
    native.reply(this.leave(), 408, "connection: close\r\n", null, "");
    process.nextTick(tellCut, this);
  }

  /** Ends the connection. */
  cut() {
    if (this._slot < 0) return;
    native.abort(this.leave());
    process.nextTick(tellCut, this);
  }

  /** The same by the request, which tells its own end first. */
  cutByRequest() {
    if (this._slot < 0) return;
    native.abort(this.leave());
    setImmediate(tellCut, this);
  }

  /** The reply has been sent, and its `finish` told. */
  finished() {
    const { request } = this;
    if (request._eventsCount > 0 && !request._consuming && !request.destroyed) request._dump();
  }

  /** The end of it. */
  close() {
    if (this.isClosed) return;
    this.isClosed = true;
    const { request, response } = this;
    // As node:http: who listens hears an end, also of a body that nobody has read.
    if (!request.readableEnded && !request.destroyed && request._eventsCount > 0) request._dump();
    response.destroyed = true;
    response._closed = true;
    response.emit("close");
  }
}

function tellCut(exchange) {
  if (exchange.isClosed) return;
  exchange.isClosed = true;
  const { request, response, socket } = exchange;
  socket.done(exchange);
  // Who reads a request without a body gets its end, whatever becomes of the connection.
  const isRead = request.readableFlowing === true && !exchange.hasBody;
  if (!request.destroyed && !isRead && !(request.readableEnded && request.complete)) {
    request.destroy(resetError());
  }
  // There is none before it is known that the connection stays with HTTP.
  if (response === null) return;
  response.destroyed = true;
  response._closed = true;
  response.emit("close");
}

/** The error of node:http for a request whose connection has gone. */
export function resetError() {
  return Object.assign(new Error("aborted"), { code: "ECONNRESET" });
}
