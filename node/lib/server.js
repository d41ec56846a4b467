/**
 * The Server object that serve() returns: Bun's members, over a server of the addon.
 */
import { abortRequest } from "./dispatch.js";
import * as native from "./native.js";
import { checkFunction } from "./options.js";
import { OF_THE_TRANSFER } from "./platform.js";
import { Request } from "./request.js";
import { Response } from "./response.js";
import { compile, forget } from "./routes.js";

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

/** The table's function: a `stop` is done. */
export function stopped(number) {
  takePromise(number)?.resolve();
}

/** The table's function: the reply to a request of `server.fetch`, if it was not aborted. */
export function local(number, status, lines, bytes) {
  const resolvers = takePromise(number);
  if (resolvers === undefined) return;
  const { resolve, reject } = resolvers;
  if (status === 0) return reject(new DOMException("The request was aborted.", "AbortError"));
  const body = status === 204 || status === 205 || status === 304 ? null : bytes;
  const headers = lines.split("\r\n").slice(0, -1).map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  resolve(new Response(body, { status, headers }));
}

export class Server {
  #number = -1;
  #facts = null;
  #url = null;
  /** The number of the table of routes that was given last. */
  #table = 0;
  /** Host and port that stand in for a Host that a request lacks. */
  _authority = "";
  /** Whether `stop` was called. */
  _isStopped = false;

  /** Listens; for serve(). */
  static _start(settings, options) {
    const server = new Server();
    const routes = compile(options, server);
    const facts = startOrForget(settings, routes);
    server.#number = facts.server;
    server.#facts = facts;
    server._authority = facts.authority;
    server.#prepareLater(routes);
    return server;
  }

  /** Responses on routes whose bodies have to be waited for are prepared when these are there. */
  async #prepareLater({ table, prepared }) {
    this.#table = table;
    const routes = await prepared;
    if (!routes) return;
    if (this.#table !== table || this.#number < 0) return forget(routes.table);
    try {
      native.reload(this.#number, routes);
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
    return "http";
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
    return 0;
  }

  /** Resolves when every connection is gone; with `force` they are cut. */
  stop(force = false) {
    this._isStopped = true;
    if (this.#number < 0) return Promise.resolve();
    const { number, promise } = newPromise();
    native.stop(this.#number, Boolean(force), number);
    return promise.then(() => this.#release());
  }

  #release() {
    if (this.#number < 0) return;
    native.release(this.#number);
    this.#number = -1;
  }

  closeIdleConnections() {
    return this.#number < 0 ? 0 : native.closeIdleConnections(this.#number);
  }

  /** Replaces fetch, error, routes and static; requests under way end with the old ones. */
  reload(options) {
    if (options === null || typeof options !== "object") {
      throw new TypeError("server.reload() needs an object of options");
    }
    checkFunction(options, "fetch");
    checkFunction(options, "error");
    if (this.#number < 0) return this;
    const routes = compile(options, this);
    native.reload(this.#number, routes);
    this.#prepareLater(routes);
    return this;
  }

  /**
   * Asks the server's own handlers, without a socket. `input`: a path, a URL or a Request. Its
   * signal ends the waiting; the handler goes on.
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
    const abort = () => takePromise(number)?.reject(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      native.localFetch(
        this.#number, request.method, pathname + search, `host: ${host}\r\n${lines}`, body, number);
      return await promise;
    } finally {
      takePromise(number);
      signal.removeEventListener("abort", abort);
    }
  }

  /** Who sent a request; null if it is over, or came by a unix socket. */
  requestIP(request) {
    return request?._slot >= 0 ? native.peer(request._slot) : null;
  }

  /** How many seconds nothing may move while this request lasts; 0: for ever. */
  timeout(request, seconds) {
    if (typeof seconds !== "number" || !(seconds >= 0)) {
      const given = String(seconds);
      throw new TypeError(`server.timeout() of ${given}: give a number of seconds, 0 for none`);
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

  upgrade() {
    throw new Error("server.upgrade(): Bao has no WebSockets yet");
  }

  publish() {
    throw new Error("server.publish(): Bao has no WebSockets yet");
  }

  subscriberCount() {
    return 0;
  }

  get [Symbol.toStringTag]() {
    return "HTTPServer";
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
  try {
    return native.start(settings, routes);
  } catch (error) {
    forget(routes.table);
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
