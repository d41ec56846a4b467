/**
 * Types of Bao: what `import … from "bao"` gives.
 *
 * They build on the types of the platform's classes, from `@types/node` or the library "DOM".
 */
/// <reference lib="esnext.disposable" />
/// <reference lib="esnext.asynciterable" />

// -- Headers, Request, Response

/** What Headers can be made of. A repeated name, or one in another case, adds to its values. */
export type HeadersInit =
  | Headers
  | globalThis.Headers
  | Iterable<readonly [string, string]>
  | Iterable<readonly string[]>
  | Record<string, string | number | readonly string[]>;

/** Bytes, by whatever name. */
export type Bytes = ArrayBuffer | ArrayBufferView | SharedArrayBuffer;

/**
 * What a body can be.
 *
 * Streams and async iterables are sent chunk by chunk, as fast as the client takes them.
 */
export type BodyInit =
  | string
  | Bytes
  | Blob
  | FormData
  | URLSearchParams
  | ReadableStream
  | AsyncIterable<string | Bytes>
  | (() => AsyncGenerator<string | Bytes>);

/**
 * Header fields. Names are found in any case; going through them gives them sorted and in lower
 * case, values of one name joined by ", ", except for Set-Cookie.
 *
 * Wrong names, and values with line breaks, NUL or characters above U+00FF, are TypeErrors.
 */
export interface Headers extends globalThis.Headers {
  /** All values of Set-Cookie; other names are TypeErrors. */
  getAll(name: "set-cookie" | "Set-Cookie"): string[];
  /** The fields as an object; Set-Cookie is an array. */
  toJSON(): Record<string, string | string[]>;
  /** How many fields there are when one goes through them. */
  readonly count: number;
}

export declare const Headers: {
  prototype: Headers;
  new (init?: HeadersInit): Headers;
};

/** What a Request can be made with, beside its URL. */
export interface RequestInit {
  /** GET by default. Any method that HTTP allows. */
  method?: string;
  headers?: HeadersInit;
  /** Not for GET and HEAD. */
  body?: BodyInit | null;
  signal?: AbortSignal | null;
  cache?: "default" | "no-store" | "reload" | "no-cache" | "force-cache" | "only-if-cached";
  credentials?: "omit" | "same-origin" | "include";
  integrity?: string;
  keepalive?: boolean;
  mode?: "cors" | "navigate" | "same-origin" | "no-cors";
  redirect?: "follow" | "error" | "manual";
  referrer?: string;
  referrerPolicy?:
    | ""
    | "no-referrer"
    | "no-referrer-when-downgrade"
    | "same-origin"
    | "origin"
    | "strict-origin"
    | "origin-when-cross-origin"
    | "strict-origin-when-cross-origin"
    | "unsafe-url";
  /** Needed by other implementations for streams; no matter here. */
  duplex?: "half";
}

// -- Cookies

/** What a cookie is made with, beside its name and value. */
export interface CookieAttributes {
  /** The host that it is for, with the hosts below it; none: only the host that sets it. */
  domain?: string | null;
  /** Where the paths begin that it is for: "/" by default; "": the client chooses. */
  path?: string | null;
  /** When it ends: a Date, seconds since 1970, or the date as HTTP writes it. */
  expires?: Date | number | string | null;
  /** How many seconds it lasts; 0 or less ends it. Wins over `expires`. */
  maxAge?: number | null;
  /** Sent over TLS only. */
  secure?: boolean;
  /** Kept from the page's scripts. */
  httpOnly?: boolean;
  /** One for each site in which it is embedded. */
  partitioned?: boolean;
  /** Which requests of other sites it goes along with: "lax" by default. */
  sameSite?: CookieSameSite | null;
}
export type CookieSameSite = "strict" | "lax" | "none";
export interface CookieInit extends CookieAttributes {
  name?: string;
  value?: string;
}

/** A cookie as a reply sets it. Wrong attributes are TypeErrors. */
export declare class Cookie {
  constructor(name: string, value: string, options?: CookieAttributes | null);
  /** @param cookie the value of a Set-Cookie field, or an object */
  constructor(cookie: string | CookieInit);
  static parse(setCookie: string): Cookie;
  static from(name: string, value: string, options?: CookieAttributes | null): Cookie;
  readonly name: string;
  value: string;
  get domain(): string | null;
  set domain(domain: string);
  path: string;
  get expires(): Date | undefined;
  set expires(expires: Date | number | string | null | undefined);
  get maxAge(): number | undefined;
  set maxAge(seconds: number | null | undefined);
  secure: boolean;
  httpOnly: boolean;
  partitioned: boolean;
  sameSite: CookieSameSite;
  isExpired(): boolean;
  /** The value of its Set-Cookie field. */
  serialize(): string;
  toString(): string;
  toJSON(): CookieInit;
}

/** The cookies of a request, and what is changed about them. */
export declare class CookieMap implements Iterable<[string, string]> {
  /** @param init the value of a Cookie field, pairs, or an object */
  constructor(init?: string | string[][] | Record<string, string> | null);
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: string, options?: CookieAttributes | null): void;
  set(cookie: Cookie | CookieInit): void;
  /** The client lets go of it only if domain and path are those with which it was set. */
  delete(name: string, options?: Pick<CookieAttributes, "domain" | "path"> | null): void;
  delete(cookie: Pick<CookieAttributes, "domain" | "path"> & { name: string }): void;
  /** A value of Set-Cookie for each cookie that was set or deleted. */
  toSetCookieHeaders(): string[];
  readonly size: number;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
  forEach(callback: (value: string, name: string, map: CookieMap) => void, self?: unknown): void;
  toJSON(): Record<string, string>;
}

/** A request: one that came in, or one that the program made. */
export interface Request extends Omit<globalThis.Request, "clone" | "headers" | "json"> {
  readonly headers: Headers;
  /** Rejects with a SyntaxError if the body is no JSON. */
  json(): Promise<any>;
  clone(): Request;
}

export declare const Request: {
  prototype: Request;
  /** @param input an absolute URL, or a Request, whose body is taken over */
  new (input: string | URL | Request | globalThis.Request, init?: RequestInit): Request;
};

export interface ResponseInit {
  /** 200 by default; from 200 to 599, or 101. */
  status?: number;
  statusText?: string;
  headers?: HeadersInit;
}

/** A reply. Its body can be sent or read once; `clone()` gives another. */
export interface Response extends Omit<globalThis.Response, "clone" | "headers" | "json"> {
  readonly headers: Headers;
  /** Rejects with a SyntaxError if the body is no JSON. */
  json(): Promise<any>;
  clone(): Response;
}

export declare const Response: {
  prototype: Response;
  /** With a status that has no body (204, 205, 304) the body is left out. */
  new (body?: BodyInit | null, init?: ResponseInit | Response | globalThis.Response): Response;
  /** A reply with the JSON text of a value, of type `application/json;charset=utf-8`. */
  json(value: unknown, init?: ResponseInit | number): Response;
  /** A redirect, 302 by default. The target may be relative. */
  redirect(url: string | URL, init?: number | ResponseInit): Response;
  /** Stands for a failed fetch; it cannot be sent. */
  error(): Response;
};

// -- Handlers

type Awaitable<Value> = Value | Promise<Value>;

/** What a handler gives: a Response of Bao or of the platform. */
export type Reply = Response | globalThis.Response;

/** The names of the parameters in a route's path. */
type ParameterNames<Path extends string> = Path extends `${infer Segment}/${infer Rest}`
  ? ParameterName<Segment> | ParameterNames<Rest>
  : ParameterName<Path>;
type ParameterName<Segment extends string> = Segment extends `:${infer Name}`
  ? Name
  : Segment extends "*"
    ? "*"
    : never;

/** The parameters of a route, decoded: `{ id: string }` for "/users/:id". */
export type RouteParameters<Path extends string> = string extends Path
  ? Record<string, string>
  : { readonly [Name in ParameterNames<Path>]: string };

/** A request that came in. */
export interface IncomingRequest extends Request {
  /** What is set or deleted here goes out with the reply, whichever that is. */
  readonly cookies: CookieMap;
}

/** A request that came by a route. */
export interface RoutedRequest<Path extends string = string> extends IncomingRequest {
  readonly params: RouteParameters<Path>;
}

/** Answers a request. `this` is the server. */
export type Handler<Incoming extends Request = IncomingRequest> = (
  this: Server,
  request: Incoming,
  server: Server,
) => Awaitable<Reply>;

/** The methods that a route can list. */
export type Method = "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD" | "OPTIONS";

/**
 * What stands on a route: a handler, a Response (prepared once, sent without running code), either
 * for each method, or `false` to let requests go on to `fetch`.
 */
export type Route<Path extends string = string> =
  | Handler<RoutedRequest<Path>>
  | Reply
  | false
  | { [Name in Method]?: Handler<RoutedRequest<Path>> | Reply };

/** What a handler threw. */
export interface ThrownError extends Error {
  code?: string;
  errno?: number;
  syscall?: string;
}

// -- serve()

/** What answers requests. All of it can be replaced by `server.reload`. */
export interface Handlers<Path extends string = string> {
  /** Answers what no route does. Without it that is 404. */
  fetch?(this: Server, request: IncomingRequest, server: Server): Awaitable<Reply>;
  /**
   * Routes by path. An exact path goes before one with `:name`, that before one that ends in `/*`.
   * HEAD is answered by GET.
   */
  routes?: { [Pattern in Path]: Route<Pattern> };
  /** Another, older name of `routes`. */
  static?: Record<string, Route>;
  /** Answers for a handler that threw, instead of the built-in page. */
  error?(this: Server, error: ThrownError): Awaitable<Reply | undefined | void>;
}

/** Settings of a server that have nothing to do with where it listens. */
export interface Settings {
  /** Shows errors in the browser, with source lines. On unless NODE_ENV is "production". */
  development?: boolean;
  /** Seconds without a byte in either direction after which a connection ends: 10; 0 for never. */
  idleTimeout?: number;
  /** Seconds in which the head of a request must be complete: 10. */
  headTimeout?: number;
  /** How many bytes the body of a request may have: 128 MiB. More is refused with 413. */
  maxRequestBodySize?: number;
  /** How many bytes the head of a request may have: 16 KiB. More is refused with 431. */
  maxHeadSize?: number;
  /** How many fields the head of a request may have: 200. */
  maxHeadFields?: number;
  /**
   * Compresses replies for clients that take it. `codings` are "zstd", "br" and "gzip": the first
   * that a client likes best is sent. Bodies of less than `minSize` bytes, 1024, are sent as they
   * are. Off by default.
   */
  compression?: boolean | { codings?: ("zstd" | "br" | "gzip")[]; minSize?: number };
  /**
   * Decodes the bodies of requests with `Content-Encoding: gzip` or `deflate`, up to
   * `maxRequestBodySize` decoded bytes; those with another coding are refused with 415.
   */
  decodeRequestBodies?: boolean;
  /** Names the server; random by default. */
  id?: string | null;
}

/** Listening on a port. */
export interface PortSettings {
  /**
   * 0 for any free port. Without it: the argument `--port` of the command, `$BUN_PORT`, `$PORT`,
   * `$NODE_PORT`, else 3000.
   */
  port?: number | string;
  /** The name or address to listen on; all interfaces by default. */
  hostname?: string;
  /** Lets several processes listen on the same port, which share the connections. */
  reusePort?: boolean;
  /** Refuses IPv4 on an IPv6 address. */
  ipv6Only?: boolean;
  unix?: undefined;
}

/** Listening on a socket file. */
export interface UnixSettings {
  /** Its path; with a leading NUL character an abstract socket. */
  unix: string;
  port?: undefined;
  hostname?: undefined;
}

/** The options of serve(). */
export type ServeOptions<Path extends string = string> = Handlers<Path> &
  Settings &
  (PortSettings | UnixSettings);

/**
 * Starts a server.
 *
 * Throws a TypeError for wrong options, and an Error with a `code` such as "EADDRINUSE" if it
 * cannot listen.
 */
export declare function serve<Path extends string>(options: ServeOptions<Path>): Server;

// -- The server

/** Who sent a request. */
export interface SocketAddress {
  address: string;
  port: number;
  family: "IPv4" | "IPv6";
}

/** A server that listens. Get one from serve(). */
export interface Server extends Disposable, AsyncDisposable {
  /** Undefined for a socket file. */
  readonly port: number | undefined;
  /** Undefined for a socket file. */
  readonly hostname: string | undefined;
  /** Ends with a slash. */
  readonly url: URL;
  readonly protocol: "http" | "https";
  /** Where it listens: an address, or the name of a unix socket. */
  readonly address: { address: string; family: "IPv4" | "IPv6"; port: number } | string;
  readonly id: string;
  readonly development: boolean;
  /** How many requests wait for their reply. */
  readonly pendingRequests: number;
  /** How many WebSockets are open. */
  readonly pendingWebSockets: number;
  /**
   * Takes no more connections. Requests under way are answered; the promise resolves when every
   * connection is gone.
   * @param force cuts the connections instead
   */
  stop(force?: boolean): Promise<void>;
  /** Closes connections on which nothing is under way; returns how many. */
  closeIdleConnections(): number;
  /** Replaces the handlers, nothing else. Requests under way end with the old ones. */
  reload<Path extends string>(options: ServeOptions<Path>): this;
  /** Asks the server's own handlers without a socket. A path is relative to the server's URL. */
  fetch(
    request: string | URL | Request | globalThis.Request,
    init?: RequestInit,
  ): Promise<Response>;
  /** Null for a socket file, and once the request is over. */
  requestIP(request: Request | globalThis.Request): SocketAddress | null;
  /** How many seconds nothing may move while this request lasts; 0 for ever. */
  timeout(request: Request | globalThis.Request, seconds: number): void;
  /** Ends the request's connection and aborts its signal; false if it was over. */
  abort(request: Request | globalThis.Request): boolean;
  /** Lets the server keep the process alive, as it does by default. */
  ref(): this;
  /** Lets the process end although the server listens. */
  unref(): this;
}
