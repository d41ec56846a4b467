/**
 * The Server object that serve() returns: Bun's members, over a server of the addon.
 */
import { addSource, removeSource } from "./certificate_sources.js";
import { abortRequest, sendWaiting } from "./dispatch.js";
import { streamOfFile } from "./file_read.js";
import * as native from "./native.js";
import { OpenFile } from "./open_file.js";
import { checkFunction, tlsSettingsOf, webSocketOf } from "./options.js";
import { OF_THE_TRANSFER } from "./platform.js";
import { Request } from "./request.js";
import { Response } from "./response.js";
import { compile, forget } from "./routes.js";
import { shown } from "./shown.js";
import { publish, upgrade } from "./web_socket.js";
import { missing, wrongType } from "./wrong.js";

/** Resolvers of promises that the addon knows by number: of `stop` and `fetch`. */
const promises = new Map();
let lastPromise = 0;

/** Fields that `server.fetch` says itself, and those of another transfer. */
const NOT_FOR_LOCAL = new Set(["host", "content-length", ...OF_THE_TRANSFER]);

function newPromise() {
  const number = ++lastPromise;
  const promise = new Promise((resolve, reject) => promises.set(number, { resolve, reject }));
  return { number, promise };
}

function takePromise(number) {
  const resolvers = promises.get(number);
  promises.delete(number);
  return resolvers;
}

/** Stops a server of the addon; resolves when every connection is gone. */
export function whenStopped(server, force) {
  const { number, promise } = newPromise();
  native.stop(server, force, number);
  return promise;
}

/** The table's function: a `stop` is done. */
export function stopped(number) {
  takePromise(number)?.resolve();
}

/** The table's function: the reply to a request of `server.fetch`, if it was not aborted. */
export function local(number, status, lines, content, offset, fd) {
  const resolvers = takePromise(number);
  const open = fd === undefined ? null : new OpenFile(fd);
  if (resolvers === undefined) return void open?.close();
  const { resolve, reject } = resolvers;
  if (status === 0) return reject(new DOMException("The request was aborted.", "AbortError"));
  const bytes = open === null ? content : streamOfOpen(open, offset, offset + content);
  const body = status === 204 || status === 205 || status === 304 ? null : bytes;
  const headers = lines.split("\r\n").slice(0, -1).map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  resolve(new Response(body, { status, headers }));
}

function streamOfOpen(open, begin, end) {
  return streamOfFile({ _path: null, _fd: -1, _begin: begin, _end: end, _open: open });
}

export class Server {
  #number = -1;
  #facts = null;
  #url = null;
  /** What WebSockets have of the server; `handlers` are the option `websocket`. */
  #hub = { handlers: null };
  #webSocket = undefined;
  #fetch = undefined;
  #error = undefined;
  /** The number of the table of routes that was given last. */
  #table = 0;
  /** Host and port that stand in for a Host that a request lacks. */
  _authority = "";
  /** Whether it speaks TLS. */
  _secure = false;
  /** The numbers of its certificate sources, the newest last. */
  #sources = [];
  /** Whether `stop` was called. */
  _isStopped = false;
  /** Stopped by force: its requests get no answer any more. */
  _isCut = false;

  /** Listens; for serve(). */
  static _start(settings, options) {
    const server = new Server();
    const routes = compile(options, server);
    server.#useSockets(options.websocket, settings.webSocket);
    const facts = startOrForget(settings, routes);
    server.#keepHandlers(options);
    server.#number = facts.server;
    server.#facts = facts;
    server._authority = facts.authority;
    server._secure = facts.secure;
    server.#useSource(settings.tls?.source);
    server.#prepareLater(routes);
    return server;
  }

  /** The one before stays for handshakes that have begun with it. */
  #useSource(number) {
    if (number === undefined) return;
    this.#sources.push(number);
    if (this.#sources.length > 2) removeSource(this.#sources.shift());
  }

  /** Handlers of WebSockets stay until there are others. */
  #useSockets(handlers, settings) {
    if (settings === undefined) return;
    this.#hub.handlers = handlers;
    this.#webSocket = settings;
  }

  /** Responses on routes whose bodies have to be waited for are prepared when these are there. */
  async #prepareLater({ table, prepared }) {
    this.#table = table;
    const routes = await prepared;
    if (!routes) return;
    if (this.#table !== table || this.#number < 0) return forget(routes.table);
    try {
      native.reload(this.#number, routes, undefined, this.#webSocket);
    } catch (error) {
      // The handlers stay in place, and tell it to each request.
      console.error("A Response on a route cannot be prepared:", error);
    }
  }

  get port() {
    return this.#facts.port;
  }

  get hostname() {
    return this.#facts.hostname;
  }

  get url() {
    return (this.#url ??= new URL(this.#facts.url));
  }

  get protocol() {
    return this._secure ? "https" : "http";
  }

  get address() {
    const { address, family, port } = this.#facts;
    return family === "unix" ? address : { address, family, port };
  }

  get id() {
    return this.#facts.id;
  }

  get development() {
    return this.#facts.development;
  }

  get pendingRequests() {
    return this.#number < 0 ? 0 : native.pendingRequests(this.#number);
  }

  get pendingWebSockets() {
    return this.#number < 0 ? 0 : native.pendingWebSockets(this.#number);
  }

  /** Resolves when every connection is gone; with `force` they are cut. */
  stop(force = false) {
    this._isStopped = true;
    if (this.#number < 0) return Promise.resolve();
    if (force) {
      this._isCut = true;
      sendWaiting();
    }
    return whenStopped(this.#number, Boolean(force)).then(() => this.#release());
  }

  #release() {
    if (this.#number < 0) return;
    native.release(this.#number);
    this.#sources.forEach(removeSource);
    this.#number = -1;
  }

  closeIdleConnections() {
    return this.#number < 0 ? 0 : native.closeIdleConnections(this.#number);
  }

  /** What stays until there is another one. */
  #keepHandlers({ fetch, error }) {
    this.#fetch = fetch;
    this.#error = error;
  }

  /**
   * Replaces routes and static, and fetch and error if they are given; requests under way end with
   * the old ones. With `tls`, new connections get other certificates, and those that are open live on. With `ticketKeys`,
   * tickets get other keys.
   */
  reload(options) {
    if (arguments.length === 0) throw missing("reload", 1, 0);
    if (options === null || typeof options !== "object") {
      throw wrongType(`Bun.serve expects an object, not ${shown(options)}`);
    }
    checkFunction(options, "fetch");
    checkFunction(options, "error");
    const webSocket = webSocketOf(options);
    if (this.#number < 0) return this;
    const tls = tlsSettingsOf(options);
    const { routes: given, static: prepared, websocket } = options;
    const handlers = { fetch: options.fetch ?? this.#fetch, error: options.error ?? this.#error };
    const routes = compile({ ...handlers, routes: given, static: prepared, websocket }, this);
    reloadOrForget(this.#number, routes, tls, webSocket);
    this.#keepHandlers(handlers);
    this.#useSource(tls?.source);
    this.#useSockets(options.websocket, webSocket);
    this.#prepareLater(routes);
    return this;
  }

  /**
   * Asks the server's own handlers, without a socket. `input`: a path, a URL or a Request. Its
   * signal, or that of `init`, ends the waiting, and aborts the signal that the handler has.
   */
  async fetch(input, init) {
    const request = requestOf(input, init, this.#facts.url);
    const { signal } = request;
    signal.throwIfAborted();
    const body = request.body === null ? null : await request.bytes();
    signal.throwIfAborted();
    if (this.#number < 0) throw new Error("server.fetch(): the server is stopped");
    const { host, pathname, search } = new URL(request.url);
    let lines = "";
    for (const [name, value] of request.headers) {
      if (!NOT_FOR_LOCAL.has(name)) lines += `${name}: ${value}\r\n`;
    }
    const { number, promise } = newPromise();
    const abort = () => {
      takePromise(number)?.reject(signal.reason);
      if (this.#number >= 0) native.abortLocal(this.#number, number);
    };
    signal.addEventListener("abort", abort);
    try {
      native.localFetch(
        this.#number, request.method, pathname + search, `host: ${host}\r\n${lines}`, body, number);
      const response = await promise;
      return Object.defineProperty(response, "url", { value: request.url, configurable: true });
    } finally {
      takePromise(number);
      signal.removeEventListener("abort", abort);
    }
  }

  /** Who sent a request; null if it is over, or came by a unix socket. */
  requestIP(request) {
    if (arguments.length === 0) throw wrongType("Missing Request object");
    if (!(request instanceof Request)) throw wrongType("Expected Request object");
    return request?._slot >= 0 ? native.peer(request._slot) : null;
  }

  /**
   * How TLS protects a request's connection, and the certificate that its client has shown; null if
   * the request is over, or came without TLS.
   */
  requestTLS(request) {
    const facts = request?._slot >= 0 ? native.security(request._slot) : null;
    if (facts === null) return null;
    const { certificate, authorizationError } = facts;
    return {
      ...facts,
      authorizationError: authorizationError || null,
      certificate: certificate && x509(certificate),
    };
  }

  /** How many seconds nothing may move while this request lasts; 0: for ever. */
  timeout(request, seconds) {
    if (arguments.length < 2) throw missing("timeout", 2, arguments.length);
    if (!(request instanceof Request)) throw wrongType("timeout() requires a Request object");
    if (typeof seconds !== "number" || !(seconds >= 0)) {
      const given = String(seconds);
      throw wrongType(
        `timeout() requires a number. It is ${given}: give a number of seconds, 0 for none`,
      );
    }
    if (request?._slot >= 0) native.setTimeout(request._slot, Math.min(seconds * 1000, 1e15));
  }

  /** Ends a request's connection; false if the request was over. */
  abort(request) {
    return abortRequest(request);
  }

  /** Whether the server keeps the process alive. */
  ref() {
    if (this.#number >= 0) native.setReferenced(this.#number, true);
    return this;
  }

  unref() {
    if (this.#number >= 0) native.setReferenced(this.#number, false);
    return this;
  }

  /**
   * Makes a WebSocket of a request; the handler `open` has run when this returns. False if the
   * request does not ask for one as it should, or is over.
   */
  upgrade(request, options) {
    if (request === null || typeof request !== "object" || request._slot === undefined) {
      if (!(request instanceof Request)) throw wrongType("upgrade requires a Request object");
      return false;
    }
    if (this.#hub.handlers === null) {
      throw wrongType('To enable websocket support, set the "websocket" object in Bun.serve({})');
    }
    return upgrade(this.#hub, request, options);
  }

  /** Sends a message to all subscribers of a topic: its bytes, or 0 if there are none. */
  publish(topic, data, compress = true) {
    if (arguments.length < 2) throw wrongType("Missing argument: publish takes a topic and a message");
    return this.#number < 0 ? 0 : publish(this.#number, topic, data, compress);
  }

  subscriberCount(topic) {
    if (arguments.length === 0) throw missing("subscriberCount", 1, 0);
    return this.#number < 0 ? 0 : native.subscriberCount(this.#number, String(topic));
  }

  get [Symbol.toStringTag]() {
    const name = this._secure ? "HTTPSServer" : "HTTPServer";
    return this.development ? `Debug${name}` : name;
  }

  [Symbol.dispose]() {
    this.stop(true);
  }

  [Symbol.asyncDispose]() {
    return this.stop(true);
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    const { port, hostname, id, development } = this;
    return `Server ${inspect({ url: this.#facts.url, port, hostname, id, development }, options)}`;
  }
}

/** A server that the addon refuses never owns its table. */
function startOrForget(settings, routes) {
  const { tls } = settings;
  try {
    if (tls !== undefined) tls.source = addSource(tls.find ?? null);
    return native.start(settings, routes);
  } catch (error) {
    forget(routes.table);
    removeSource(tls?.source);
    throw error.code === "EADDRINUSE" ? inUse(error) : error;
  }
}

/** Begins as Bun's does, which programs look for. */
function inUse(error) {
  const { code, syscall, message } = error;
  const port = /^Port \d+/.exec(message);
  const what = port === null ? "the socket" : port[0].toLowerCase();
  const beginning = `Failed to start server. Is ${what} in use?`;
  return Object.assign(new Error(`${beginning} ${message}`), { code, syscall });
}

/** Nor does one that refuses other certificates. */
function reloadOrForget(number, routes, tls, webSocket) {
  try {
    if (tls !== undefined) tls.source = addSource(tls.find ?? null);
    native.reload(number, routes, tls, webSocket);
  } catch (error) {
    forget(routes.table);
    removeSource(tls?.source);
    throw error;
  }
}

/** What `server.fetch` is given, as a Request with an absolute URL. */
function requestOf(input, init, base) {
  if (typeof input === "string" || input instanceof URL) {
    const origin = base.startsWith("http") ? base : "http://localhost/";
    return new Request(new URL(input, origin).href, init);
  }
  return init === undefined && input?._slot !== undefined ? input : new Request(input, init);
}

/** Node's crypto takes some milliseconds to load, and few programs look at certificates. */
function x509(certificate) {
  return new (process.getBuiltinModule("node:crypto").X509Certificate)(certificate);
}
