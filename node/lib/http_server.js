/**
 * Server of `bao/http`: node:http's members over a server of the addon.
 */
import { EventEmitter } from "node:events";
import nodeHttp from "node:http";

import { heldAtSlots } from "./dispatch.js";
import { Exchange } from "./http_exchange.js";
import { checkedOptions, isSecure, placeOf, tlsOf } from "./http_options.js";
import { adoptRequest, IncomingMessage } from "./http_request.js";
import { adoptResponse, ServerResponse } from "./http_response.js";
import { addServer, removeServer } from "./http_socket.js";
import * as native from "./native.js";
import { settingsOf } from "./options.js";
import { compileEntry, forget } from "./routes.js";
import "./serve.js";
import { whenStopped } from "./server.js";

/** What clientError's errors are called by node:http; what is not here breaks a rule of HTTP. */
const CODES = { 408: "ERR_HTTP_REQUEST_TIMEOUT", 431: "HPE_HEADER_OVERFLOW" };

/** @param {(request: IncomingMessage, response: ServerResponse) => void} [listener] */
export function createServer(options, listener) {
  return new ServerClass(options, listener);
}

class ServerClass extends EventEmitter {
  #number = -1;
  #table = -1;
  #facts = null;
  #options;
  #isReferenced = true;
  #maxConnections = undefined;
  /** Who takes requests, and what is made for it. */
  #listener = undefined;
  #Request = IncomingMessage;
  #Response = ServerResponse;
  /** Looks for bodies that do not come. */
  #sweep = null;

  constructor(options, listener) {
    super();
    if (typeof options === "function") [options, listener] = [{}, options];
    this.#options = checkedOptions(options ?? {});
    this.listening = false;
    this._isSecure = isSecure(this.#options);
    const { timeout, keepAliveTimeout, headersTimeout, maxHeadersCount } = this.#options;
    const { requestTimeout, maxRequestsPerSocket, uniqueHeaders } = this.#options;
    const { rejectNonStandardBodyWrites } = this.#options;
    /** In milliseconds, as in node:http; 0: none. Those of heads and pauses are read at `listen`. */
    this.timeout = timeout ?? 0;
    this.keepAliveTimeout = keepAliveTimeout ?? 5000;
    this.requestTimeout = requestTimeout ?? 300_000;
    this.headersTimeout = headersTimeout ?? Math.min(60_000, this.requestTimeout || 60_000);
    this.maxHeadersCount = maxHeadersCount ?? null;
    this.maxRequestsPerSocket = maxRequestsPerSocket ?? 0;
    /** Whether the reply is still sent to a client that has sent its end. */
    this.httpAllowHalfOpen = false;
    this._isStrict = rejectNonStandardBodyWrites === true;
    this._uniqueHeaders = uniqueHeaders && new Set(
      uniqueHeaders.flat().map((name) => name.toLowerCase()));
    if (listener !== undefined) this.on("request", listener);
  }

  /** (port, host, backlog, callback), (path, callback) or (options, callback). */
  listen(...given) {
    const callback = given.findLast((argument) => typeof argument === "function");
    if (this.#number >= 0) {
      throw failure("ERR_SERVER_ALREADY_LISTEN", "Listen method has been called more than once");
    }
    if (callback !== undefined) this.once("listening", callback);
    const where = placeOf(given);
    try {
      this.#start(where);
    } catch (error) {
      if (error.code === undefined || error instanceof TypeError) throw error;
      const { port, host, path } = where;
      const place = path === undefined ? { address: host ?? "::", port } : { address: path };
      process.nextTick(tell, this, "error", Object.assign(error, { syscall: "listen" }, place));
      return this;
    }
    this.listening = true;
    if (!this.#isReferenced) native.setReferenced(this.#number, false);
    process.nextTick(tell, this, "listening");
    where.signal?.addEventListener("abort", () => this.close(), { once: true });
    return this;
  }

  #start({ port, host, path, reusePort, ipv6Only }) {
    const { maxHeaderSize } = this.#options;
    const settings = settingsOf({
      ...(path === undefined ? { port: port ?? 0, hostname: host } : { unix: path }),
      reusePort,
      ipv6Only,
      development: false,
      idleTimeout: this.keepAliveTimeout / 1000,
      headTimeout: this.headersTimeout / 1000,
      maxHeadSize: maxHeaderSize || nodeHttp.maxHeaderSize,
      maxHeadFields: this.maxHeadersCount || 2000,
      maxRequestBodySize: Infinity,
      tls: this._isSecure ? tlsOf(this.#options) : undefined,
    });
    settings.takesAll = true;
    const receive = (slot, head) => this.#receive(slot, head);
    const routes = compileEntry({
      handler: null, server: this, names: null, error: undefined, receive,
    });
    try {
      this.#facts = native.start(settings, routes);
    } catch (error) {
      forget(routes.table);
      throw error;
    }
    this.#number = this.#facts.server;
    this.#table = routes.table;
    addServer(this.#table, this);
    this.#tell();
    const interval = this.#options.connectionsCheckingInterval ?? 30_000;
    this.#sweep = setInterval(endLateRequests, interval, this, interval).unref();
  }

  /** The engine tells of connections only if somebody wants to know. */
  #tell() {
    if (this.#number < 0) return;
    const { connection, secureConnection, clientError } = this._events;
    const wantsConnections = [connection, secureConnection, this.#maxConnections];
    native.tellConnections(
      this.#number, wantsConnections.some((one) => one !== undefined), clientError !== undefined);
  }

  on(event, listener) {
    super.on(event, listener);
    this.#tell();
    return this;
  }

  addListener(event, listener) {
    return this.on(event, listener);
  }

  prependListener(event, listener) {
    super.prependListener(event, listener);
    this.#tell();
    return this;
  }

  /** How many connections there may be; what is beyond that is closed, with the event `drop`. */
  get maxConnections() {
    return this.#maxConnections;
  }

  set maxConnections(count) {
    this.#maxConnections = count;
    this.#tell();
  }

  getConnections(callback) {
    const count = this.#number < 0 ? 0 : native.openConnections(this.#number);
    process.nextTick(callback, null, count);
    return this;
  }

  /** A connection was made. */
  _connected(socket) {
    if (native.openConnections(this.#number) > (this.#maxConnections ?? Infinity)) {
      const { localAddress, localPort, localFamily } = socket;
      const { remoteAddress, remotePort, remoteFamily } = socket;
      socket.destroy();
      const ends = { localAddress, localPort, localFamily };
      this.emit("drop", { ...ends, remoteAddress, remotePort, remoteFamily });
      return;
    }
    this.emit("connection", socket);
    if (this._isSecure) this.emit("secureConnection", socket);
  }

  /** The engine has refused what a client has sent, and answers it. */
  _refused(socket, statusCode, reason) {
    socket._isRefused = true;
    const error = new Error(`Parse Error: ${reason}`);
    Object.assign(error, { code: CODES[statusCode] ?? "HPE_STRICT", reason, statusCode });
    this.emit("clientError", error, socket);
  }

  /**
   * An application of Express gives each request and response a prototype of its own, which costs
   * as much as all else that is done for them; unless they have it from the beginning.
   */
  #makeFor(listener) {
    const { request, response } = typeof listener === "function" ? listener : {};
    const isApp = isRequest(request) && isResponse(response);
    this.#listener = listener;
    this.#Request = isApp ? constructorWith(request) : IncomingMessage;
    this.#Response = isApp ? constructorWith(response) : ServerResponse;
  }

  #receive(slot, head) {
    const exchange = new Exchange(slot, this);
    const listener = this._events.request;
    if (listener !== this.#listener) this.#makeFor(listener);
    const request = this.#requestOf(exchange, head);
    exchange.request = request;
    if (this.#leavesHttp(request, exchange)) return;
    const response = this.#responseTo(request);
    exchange.response = response;
    if (this.#options.optimizeEmptyRequests && !exchange.hasBody) {
      request._dumpAndCloseReadable?.();
    }
    if (request.method === "CONNECT") return this.#refuseTunnel(response);
    if (this.maxRequestsPerSocket > 0 && this.#isOneTooMany(request, response)) return;
    const event = exchange.expectation === null ? "request" : this.#eventOf(exchange);
    if (event !== null) this.emit(event, request, response);
    // The engine's own limit is for connections between requests.
    if (exchange._slot >= 0) native.setTimeout(exchange._slot, 0);
  }

  /** For requests that expect something; null for those that are refused for it. */
  #eventOf({ expectation, request, response }) {
    if (request.httpVersionMinor === 0) return "request";
    const { checkContinue, checkExpectation } = this._events;
    if (/^100-continue$/i.test(expectation)) {
      return checkContinue === undefined ? "request" : "checkContinue";
    }
    if (checkExpectation !== undefined) return "checkExpectation";
    // RFC 9110 section 10.1.1.
    response.writeHead(417).end();
    return null;
  }

  #requestOf(exchange, head) {
    const { IncomingMessage: Own } = this.#options;
    const request = Own === undefined
      ? Reflect.construct(IncomingMessage, [exchange, head], this.#Request)
      : adoptRequest(new Own(exchange.socket), exchange, head);
    if (this.#options.joinDuplicateHeaders) request.joinDuplicateHeaders = true;
    return request;
  }

  #responseTo(request) {
    const { ServerResponse: Own, rejectNonStandardBodyWrites } = this.#options;
    const options = rejectNonStandardBodyWrites ? { rejectNonStandardBodyWrites } : undefined;
    if (Own !== undefined) return adoptResponse(new Own(request, options), request);
    return Reflect.construct(ServerResponse, [request, options], this.#Response);
  }

  /**
   * Whether the connection is for another protocol now, by `upgrade` or `connect`: if the engine can
   * hand it over, and somebody listens. Else it is an ordinary request.
   */
  #leavesHttp(request, exchange) {
    const { upgrade, connect } = this._events;
    if (request.method === "CONNECT") {
      return connect !== undefined && this.#handOver("connect", request, exchange.socket);
    }
    const { shouldUpgradeCallback } = this.#options;
    if (upgrade === undefined && shouldUpgradeCallback === undefined) return false;
    if (!asksForUpgrade(request)) return false;
    if (shouldUpgradeCallback !== undefined && !shouldUpgradeCallback.call(this, request)) {
      return false;
    }
    return this.#handOver("upgrade", request, exchange.socket);
  }

  /** RFC 9110 section 9.3.6: an origin server is no proxy. */
  #refuseTunnel(response) {
    response.shouldKeepAlive = false;
    response.writeHead(501).end();
  }

  #handOver(event, request, socket) {
    const head = socket.takeOver();
    if (head === null) return false;
    request.upgrade = true;
    if (!this.emit(event, request, socket, head)) socket.destroy();
    return true;
  }

  /** As in node:http: the last one says so, and those behind it are refused. */
  #isOneTooMany(request, response) {
    const { _requests } = request.socket;
    if (_requests >= this.maxRequestsPerSocket) response.shouldKeepAlive = false;
    if (_requests <= this.maxRequestsPerSocket) return false;
    this.emit("dropRequest", request, request.socket);
    response.writeHead(503).end();
    return true;
  }

  address() {
    if (this.#number < 0) return null;
    const { address, family, port } = this.#facts;
    return family === "unix" ? address : { address, family, port };
  }

  /** No new connections; those that are open end with their requests, and then it calls back. */
  close(callback) {
    const isOpen = this.listening;
    if (typeof callback === "function") {
      const error = failure("ERR_SERVER_NOT_RUNNING", "Server is not running.");
      const notRunning = () => callback(error);
      this.once("close", isOpen ? callback : notRunning);
    }
    if (!isOpen) {
      if (this.#number < 0) process.nextTick(tell, this, "close");
      return this;
    }
    this.listening = false;
    whenStopped(this.#number, false).then(() => this.#closed());
    return this;
  }

  #closed() {
    native.release(this.#number);
    removeServer(this.#table);
    clearInterval(this.#sweep);
    this.#number = -1;
    this.emit("close");
  }

  closeIdleConnections() {
    if (this.#number >= 0) native.closeIdleConnections(this.#number);
  }

  /** Also those with requests under way; those that have left HTTP stay. */
  closeAllConnections() {
    if (this.#number >= 0) native.cutConnections(this.#number);
  }

  /** How long a request may be silent, in milliseconds; 0: for ever. Then it is the event's time. */
  setTimeout(milliseconds, callback) {
    this.timeout = milliseconds;
    if (callback) this.on("timeout", callback);
    return this;
  }

  ref() {
    return this.#reference(true);
  }

  unref() {
    return this.#reference(false);
  }

  #reference(isReferenced) {
    this.#isReferenced = isReferenced;
    if (this.#number >= 0) native.setReferenced(this.#number, isReferenced);
    return this;
  }

  async [Symbol.asyncDispose]() {
    if (!this.listening) return;
    await new Promise((resolve) => this.close(resolve));
  }
}

function isRequest(prototype) {
  return prototype instanceof nodeHttp.IncomingMessage;
}

function isResponse(prototype) {
  return prototype instanceof nodeHttp.ServerResponse;
}

/** For Reflect.construct: only its prototype matters. */
function constructorWith(prototype) {
  function Made() {}
  Made.prototype = prototype;
  return Made;
}

function tell(server, event, argument) {
  server.emit(event, argument);
}

function asksForUpgrade(request) {
  // RFC 9110 section 7.8: HTTP/1.0 knows none, and without the option `upgrade` it is not for us.
  if (request.httpVersionMinor === 0) return false;
  const { upgrade, connection } = request.headers;
  return upgrade !== undefined && /(?:^|[\s,])upgrade(?:[\s,]|$)/i.test(connection ?? "");
}

/** Requests whose bodies have been awaited for longer than that are answered with 408. */
function endLateRequests(server, interval) {
  const { requestTimeout } = server;
  if (!(requestTimeout > 0)) return;
  for (const held of heldAtSlots()) {
    if (held.server !== server || !(held instanceof Exchange)) continue;
    // The first time it has been there for less than the interval.
    if (held.isAwaited() && held.looks++ * interval >= requestTimeout) held.expire();
  }
}

function failure(code, sentence) {
  return Object.assign(new Error(sentence), { code });
}

/** Like a function, too, as it always could be called in node:http. */
export const Server = new Proxy(ServerClass, {
  apply: (target, self, given) => new target(...given),
});
