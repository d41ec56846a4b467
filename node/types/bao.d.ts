/**
 * Types of Bao: what `import … from "bao"` gives.
 *
 * They build on the types of the platform's classes, from `@types/node` or the library "DOM".
 */
/// <reference lib="esnext.disposable" />
/// <reference lib="esnext.asynciterable" />

import type { CookieMap } from "./cookies.js";
import type { BunFile, Directory } from "./files.js";
import type { ServerWebSocket, SocketPayload, WebSocketHandler } from "./web_socket.js";

export * from "./cookies.js";
export * from "./files.js";
export type * from "./web_socket.js";

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

/** A request: one that came in, or one that the program made. */
export interface Request
  extends Omit<globalThis.Request, "clone" | "formData" | "headers" | "json"> {
  readonly headers: Headers;
  /** Rejects with a SyntaxError if the body is no JSON. */
  json(): Promise<any>;
  /** Rejects with a RangeError if the form has more than `maxParts` (1000) parts. */
  formData(options?: { maxParts?: number }): Promise<FormData>;
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
  /**
   * Fields that go out behind the content of a stream, or a function that gives them once it has
   * ended. HTTP/1.0, and a reply with a declared length, has no room for them.
   */
  trailers?: HeadersInit | (() => Awaitable<HeadersInit | null | undefined>);
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
  /**
   * The fields behind a chunked body, once it was read to its end; none before, and none that may
   * only stand in a head.
   */
  readonly trailers: Headers;
}

/** A request that came by a route. */
export interface RoutedRequest<Path extends string = string> extends IncomingRequest {
  readonly params: RouteParameters<Path>;
}

/** Answers a request. `this` is the server. Nothing is returned after an upgrade only. */
export type Handler<Incoming extends Request = IncomingRequest> = (
  this: Server<any>,
  request: Incoming,
  server: Server<any>,
) => Awaitable<Reply | undefined | void>;

/** The methods that a route can list. */
export type Method = "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD" | "OPTIONS";

/**
 * What stands on a route: a handler, a Response (prepared once, sent without running code), a file
 * (opened for each request; if it is not there, the request goes on to `fetch`), the files of a
 * folder, each of them by method, or `false` to let requests go on to `fetch`.
 */
export type Route<Path extends string = string> =
  | Handler<RoutedRequest<Path>>
  | Reply
  | BunFile
  | Directory
  | false
  | ({ [Name in Method]?: Handler<RoutedRequest<Path>> | Reply | BunFile | Directory } & {
      /** The most bytes of a body here, in place of the server's `maxRequestBodySize`. */
      maxRequestBodySize?: number;
    });

/** What a handler threw. */
export interface ThrownError extends Error {
  code?: string;
  errno?: number;
  syscall?: string;
}

// -- serve()

/** What answers requests. All of it can be replaced by `server.reload`. */
export interface Handlers<Path extends string = string, Data = undefined> {
  /** Answers what no route does. Without it that is 404. */
  fetch?(
    this: Server<Data>,
    request: IncomingRequest,
    server: Server<Data>,
  ): Awaitable<Reply | undefined | void>;
  /**
   * Routes by path. An exact path goes before one with `:name`, that before one that ends in `/*`.
   * HEAD is answered by GET.
   */
  routes?: { [Pattern in Path]: Route<Pattern> };
  /** Another, older name of `routes`. */
  static?: Record<string, Route>;
  /** Answers for a handler that threw, instead of the built-in page. */
  error?(this: Server<Data>, error: ThrownError): Awaitable<Reply | undefined | void>;
  /** The handlers of WebSockets and their limits. */
  websocket?: WebSocketHandler<Data>;
}

/** Settings of a server that have nothing to do with where it listens. */
export interface Settings {
  /** Shows errors in the browser, with source lines. On unless NODE_ENV is "production". */
  development?: boolean;
  /** Seconds without a byte in either direction after which a connection ends: 10; 0 for never. */
  idleTimeout?: number;
  /** Seconds in which the head of a request must be complete: 10. */
  headTimeout?: number;
  /**
   * Certificates and keys: with them the server speaks HTTPS. An array has one entry for each server
   * name. Nothing, or an empty object or array, means HTTP.
   */
  tls?: TLSOptions | readonly TLSOptions[] | null | false;
  /** Seconds that a TLS handshake may take, the search for a certificate included: 10; 0 for ever. */
  handshakeTimeout?: number;
  /** Whole seconds for which a TLS session can be resumed: 7200; 0 for not at all. */
  sessionTimeout?: number;
  /**
   * Keys for the tickets of TLS sessions, so that several processes resume each other's: 80 random
   * bytes, or 48, or a file or an array of these. The first seals, all open. Else the server makes
   * its own.
   */
  ticketKeys?: TicketKey | readonly TicketKey[];
  /** How many TLS handshakes may be under way: 4096. One more, and the oldest is dropped. */
  maxHandshakes?: number;
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

// -- TLS

/** A file, or whatever tells its path: read at once when the server starts. */
export interface PemFile {
  readonly name?: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The contents of a PEM file (not its path). */
export type Pem = string | Bytes | PemFile;
/** 80 random bytes, or 48: see `ticketKeys`. */
export type TicketKey = Bytes | PemFile;

/** A key with its own passphrase. */
export interface PemKey {
  pem: Pem;
  passphrase?: string;
}

export type TLSVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

/** A certificate with its private key. */
export interface TLSCertificate {
  /** The private key; several for certificates with different kinds of keys. */
  key?: Pem | readonly (Pem | PemKey)[] | null;
  /** The certificate and, behind it, those that lead to an authority that clients know. */
  cert?: Pem | readonly Pem[] | null;
  /** Of an encrypted key. */
  passphrase?: string;
}

/** A certificate, how it is served and to whom. */
export interface TLSOptions extends TLSCertificate {
  /**
   * The host name that it is for; a `*` stands for the whole first label. Only the first entry needs
   * none: it serves clients that name no server, or one without an entry. Later entries win.
   */
  serverName?: string;
  /** Node's spelling of `serverName`. */
  servername?: string;
  /** Who may have signed client certificates. Mozilla's list by default. */
  ca?: Pem | readonly Pem[] | null;
  /** Client certificates that were revoked. */
  crl?: Pem | readonly Pem[] | null;
  /** Asks clients for a certificate; `server.requestTLS` tells it. False by default. */
  requestCert?: boolean;
  /** With `requestCert`: refuses clients without a valid one. True by default. */
  rejectUnauthorized?: boolean;
  /** A name, or its number on the wire: TLS 1.2 by default. */
  minVersion?: TLSVersion | number;
  /** The newest by default. */
  maxVersion?: TLSVersion | number;
  /** OpenSSL's list of ciphers, names of TLS 1.3 among them. */
  ciphers?: string;
  /** The path of a file with Diffie-Hellman parameters. */
  dhParamsFile?: string;
  /** A sum of `constants.SSL_OP_…` of node:crypto. */
  secureOptions?: number;
  /**
   * Less memory for each connection: smaller records, so that slow clients hold less; and with TLS 1.3
   * an idle connection costs little more than one without TLS.
   */
  lowMemoryMode?: boolean;
  /** Must have `http/1.1` among them, which is what is spoken. */
  ALPNProtocols?: string | readonly string[] | Bytes;
  /**
   * Finds the certificate for a server name that no entry has, while the handshake waits. Null: the
   * first entry's is served. What is given is read once, so give the same object again. A function
   * with two parameters gets a callback, as in Node.
   */
  SNICallback?:
    | ((
        servername: string,
      ) => TLSCertificate | null | undefined | Promise<TLSCertificate | null | undefined>)
    | ((
        servername: string,
        done: (error: Error | null, found?: TLSCertificate | null) => void,
      ) => void);
}

/** How TLS protects a request's connection. */
export interface RequestTLS {
  /** "TLSv1.3" */
  readonly protocol: string;
  /** "TLS_AES_128_GCM_SHA256" */
  readonly cipher: string;
  /** The name that the client asked for, in lower case; "" if it named none. */
  readonly serverName: string;
  /** The client has shown a valid certificate. */
  readonly authorized: boolean;
  /** Why it is not valid; null if it is, or there is none. */
  readonly authorizationError: string | null;
  /** What the client has shown: believe it only if `authorized`. */
  readonly certificate: import("node:crypto").X509Certificate | null;
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
export type ServeOptions<Path extends string = string, Data = undefined> = Handlers<Path, Data> &
  Settings &
  (PortSettings | UnixSettings);

/**
 * Starts a server.
 *
 * Throws a TypeError for wrong options, and an Error with a `code` such as "EADDRINUSE" if it
 * cannot listen.
 */
export declare function serve<Path extends string, Data = undefined>(
  options: ServeOptions<Path, Data>,
): Server<Data>;

// -- The server

/** Who sent a request. */
export interface SocketAddress {
  address: string;
  port: number;
  family: "IPv4" | "IPv6";
}

/** A server that listens. Get one from serve(). */
export interface Server<Data = undefined> extends Disposable, AsyncDisposable {
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
  /**
   * Replaces the handlers and, with `tls` and `ticketKeys`, the certificates for new connections
   * and the keys of tickets; nothing else.
   * Requests under way end with the old handlers, open connections go on.
   */
  reload<Path extends string>(options: ServeOptions<Path, Data>): this;
  /**
   * Makes a WebSocket of a request; the handler `open` has run when this returns. False if the
   * request does not ask for one as it should, or is over.
   */
  upgrade(
    request: Request | globalThis.Request,
    ...options: unknown extends Data
      ? [options?: { headers?: HeadersInit; data?: any }]
      : [Data] extends [undefined]
        ? [options?: { headers?: HeadersInit; data?: undefined }]
        : [options: { headers?: HeadersInit; data: Data }]
  ): boolean;
  /** Sends a message to all subscribers of a topic: its bytes, or 0 if there are none. */
  publish(topic: string, data: SocketPayload, compress?: boolean): number;
  subscriberCount(topic: string): number;
  /**
   * Asks the server's own handlers without a socket. A path is relative to the server's URL. A signal
   * that aborts reaches the handler, too.
   */
  fetch(
    request: string | URL | Request | globalThis.Request,
    init?: RequestInit,
  ): Promise<Response>;
  /** Null for a socket file, and once the request is over. */
  requestIP(request: Request | globalThis.Request): SocketAddress | null;
  /** Null without TLS, and once the request is over. */
  requestTLS(request: Request | globalThis.Request): RequestTLS | null;
  /** How many seconds nothing may move while this request lasts; 0 for ever. */
  timeout(request: Request | globalThis.Request, seconds: number): void;
  /** Ends the request's connection and aborts its signal; false if it was over. */
  abort(request: Request | globalThis.Request): boolean;
  /** Lets the server keep the process alive, as it does by default. */
  ref(): this;
  /** Lets the process end although the server listens. */
  unref(): this;
}
