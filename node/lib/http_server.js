/**
 * Server of `bao/http`: node:http's members over a server of the addon.
 */
import { EventEmitter } from "node:events";
import nodeHttp from "node:http";

import { heldAtSlots } from "./dispatch.js";
import { Exchange } from "./http_exchange.js";
import { IncomingMessage } from "./http_request.js";
import { ServerResponse } from "./http_response.js";
import * as native from "./native.js";
import { settingsOf } from "./options.js";
import { compileEntry, forget } from "./routes.js";
import { shown } from "./shown.js";
import "./serve.js";
import { whenStopped } from "./server.js";

const TLS_OPTIONS = [
  "key", "cert", "ca", "crl", "passphrase", "ciphers", "dhparam", "minVersion", "maxVersion",
  "requestCert", "rejectUnauthorized", "secureOptions",
];

/** @param {(request: IncomingMessage, response: ServerResponse) => void} [listener] */
export function createServer(options, listener) {
  return new Server(options, listener);
}

export class Server extends EventEmitter {
  #number = -1;
  #facts = null;
  #options;
  #isReferenced = true;
  /** Who takes requests, and what is made for it. */
  #listener = undefined;
  #hasWarned = false;
  #Request = IncomingMessage;
  #Response = ServerResponse;

  constructor(options, listener) {
    super();
    if (typeof options === "function") [options, listener] = [{}, options];
    this.#options = checked(options ?? {});
    this.listening = false;
    this._isSecure = TLS_OPTIONS.some((name) => this.#options[name] !== undefined);
    const { timeout, keepAliveTimeout, headersTimeout, maxHeadersCount } = this.#options;
    /** In milliseconds, as in node:http, and read at `listen`; 0: none. */
    this.timeout = timeout ?? 0;
    this.keepAliveTimeout = keepAliveTimeout ?? 5000;
    this.headersTimeout = headersTimeout ?? 60_000;
    this.maxHeadersCount = maxHeadersCount ?? null;
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
      maxHeadSize: maxHeaderSize ?? 16 * 1024,
      maxHeadFields: this.maxHeadersCount || 2000,
      maxRequestBodySize: Infinity,
      tls: this._isSecure ? tlsOf(this.#options) : undefined,
    });
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
    const request = Reflect.construct(IncomingMessage, [exchange, head], this.#Request);
    const response = Reflect.construct(ServerResponse, [request], this.#Response);
    exchange.request = request;
    exchange.response = response;
    this.emit(this.#eventOf(request), request, response);
    // The engine's own limit is for connections between requests.
    if (exchange._slot >= 0) native.setTimeout(exchange._slot, this.timeout);
  }

  #eventOf(request) {
    const { checkContinue, upgrade } = this._events;
    if (upgrade !== undefined && !this.#hasWarned && request.headers.upgrade !== undefined) {
      this.#hasWarned = true;
      warnOfUpgrade();
    }
    if (checkContinue === undefined) return "request";
    return /^100-continue$/i.test(request.headers.expect ?? "") ? "checkContinue" : "request";
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
    this.#number = -1;
    this.emit("close");
  }

  closeIdleConnections() {
    if (this.#number >= 0) native.closeIdleConnections(this.#number);
  }

  closeAllConnections() {
    this.closeIdleConnections();
    for (const held of heldAtSlots()) if (held?.server === this) held.cut?.();
  }

  /** How long a request may be silent, in milliseconds; 0: for ever. Then its connection ends. */
  setTimeout(milliseconds, callback) {
    if (typeof milliseconds === "function") return this.setTimeout(120_000, milliseconds);
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

/** An option that would change what classes or rules there are must not be passed over. */
function checked(options) {
  if (typeof options !== "object") {
    throw new TypeError(`createServer() needs an object of options, not ${shown(options)}`);
  }
  for (const name of ["IncomingMessage", "ServerResponse", "insecureHTTPParser", "pfx"]) {
    if (options[name] === undefined || options[name] === false) continue;
    throw new TypeError(`Option ${name} of createServer is not part of bao/http: leave it out`);
  }
  return options;
}

/** Who wants to take over the bytes of a connection must hear that there are none to be had. */
function warnOfUpgrade() {
  process.emitWarning(
    'The event "upgrade" is not part of bao/http, which gives no raw sockets: ' +
      'for WebSockets use serve() of "bao" with the option websocket',
    { code: "BAO_HTTP_UPGRADE" });
}

/** What the arguments of `listen` say. */
function placeOf(given) {
  const [first, second] = given;
  if (first !== null && typeof first === "object") {
    const { port, host, path, reusePort, ipv6Only, signal } = first;
    if (port === undefined && path === undefined) {
      const sentence = `The argument of listen() has neither port nor path: ${shown(first)}`;
      throw Object.assign(new TypeError(sentence), { code: "ERR_INVALID_ARG_VALUE" });
    }
    return { ...(path === undefined ? portOf(port) : { path }), host, reusePort, ipv6Only, signal };
  }
  if (typeof first === "string" && !/^\d+$/.test(first)) return { path: first };
  const host = typeof second === "string" ? second : undefined;
  return { ...portOf(typeof first === "function" ? 0 : first), host };
}

function portOf(given) {
  const port = Number(given ?? 0);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return { port };
  const sentence = `options.port should be >= 0 and < 65536. Received ${shown(given)}.`;
  const error = new RangeError(sentence);
  throw Object.assign(error, { code: "ERR_SOCKET_BAD_PORT" });
}

function tlsOf(options) {
  const tls = {};
  for (const name of TLS_OPTIONS) if (options[name] !== undefined) tls[name] = options[name];
  return tls;
}

function failure(code, sentence) {
  return Object.assign(new Error(sentence), { code });
}
