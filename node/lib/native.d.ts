/**
 * The contract between the addon (node/addon, C++) and the JavaScript of the Node face.
 * `native.js` exports exactly this.
 *
 * A request is a *slot*: a small integer, good from `dispatch` until the exchange is over. Slots
 * are used again, so JavaScript forgets a slot (`request._slot = -1`) as soon as
 *  - it has handed the reply over (a text returned from `dispatch`, or `reply`, `replyTexts` or
 *    `finish` called, or `replyStream` in vain), or
 *  - `gone(slot, failure, over)` was called with `over`, or `abort(slot)` was.
 * Every function with a slot may only be called while the slot is good. Nothing here ever blocks.
 *
 * Texts of heads are JavaScript strings whose code units are bytes (latin-1), whatever the bytes
 * mean.
 *
 * ## What the server side asks of request.js and response.js
 *
 * request.js:
 *  - `requestFromSlot(slot, head, server)`: the server's own, quick way to a Request. `head` is
 *    the whole head of the request as it was sent, as latin-1: request line and field lines with
 *    their CRLFs, up to and with the empty line. It stays good for ever, so a Request that is kept
 *    beyond its reply reads its method, URL and fields from it. `server` is the Server object;
 *    `server._authority` (host and port) stands in for a missing or empty Host.
 *  - the fields `_slot` (-1: detached), `_params` (undefined, or the object of a route's parameters;
 *    the getter `params` gives it) and `_watch` (undefined, or anything else once somebody waits for
 *    the body or has taken `signal`).
 *  - `request._bodyArrived(failure)`: after a `bodyText`/`bodyBytes` that gave null the body is
 *    here (0), or never will be (a Failure).
 *  - `request._clientGone()`: the client is gone or has sent its end: abort the signal. The slot
 *    may still be good.
 *  - `request._watch.reply`: null, or what is told by `drained()` that there is room for more of a
 *    streamed reply.
 *  - `request._detached(failure)`: called once the slot is no longer good and has been set to -1,
 *    but only if `_watch` is not undefined: whoever waits for the body is rejected; the signal aborts
 *    if `failure` is not 0 (0: a reply went out).
 *
 * response.js: fields of a Response, read by dispatch.js for its short way; all others go through
 * `isResponse` and `replyParts` there.
 *  - `_status`: number; only Responses of ours have it
 *  - `_headers`: null: no fields
 *  - `_body`: a string for the short way
 *  - `_type`: the content type that the body gives by itself, or null for none. It is sent unless
 *    the fields have a content-type.
 *  - `_used`: whether the body was used; dispatch.js sets it when it takes the body for sending
 */

/** Why a body did not arrive or an exchange ended: http::Failure. */
export type Failure =
  | 0 /* none */
  | 1 /* client gone */
  | 2 /* timed out */
  | 3 /* body too large */
  | 4 /* malformed body */
  | 5 /* aborted, or replied before the body was here */
  | 6 /* the server was stopped by force */;

/** Events of WebSockets beside messages: Sockets::Event. */
export type SocketEvent = 0 /* open */ | 1 /* drain */ | 2 /* ping */ | 3 /* pong */ | 4 /* close */;

/** Events of connections: Links::Event. */
export type ConnectionEvent =
  0 /* connected */ | 1 /* data */ | 2 /* end */ | 3 /* drain */ | 4 /* closed */ | 5 /* refused */;

/** The functions of JavaScript that the addon calls. */
export interface Table {
  /**
   * A request; slot and handler are in `registers`. `head` is latin-1, as above; `params` are the
   * decoded values of the route's parameters in the order of the pattern. A returned string is
   * sent as the body, with the status and type in `registers`. Anything else: answered by `reply`,
   * or it will be.
   */
  dispatch(head: string, ...params: string[]): string | undefined;
  /**
   * Several requests, whose heads stand one behind the other in `heads`; what belongs to each is in
   * `registers`, as is what comes out. Returns the texts to be sent, joined.
   */
  dispatchAll(heads: string): string;
  /** The body that was asked for is here (0), or never will be. */
  body(slot: number, failure: Failure): void;
  /**
   * The client has sent its end (`over` false: a reply can still be sent), or the exchange is over.
   */
  gone(slot: number, failure: Failure, over: boolean): void;
  /**
   * There is room for more of a streamed reply: called after a `write` that said `behind`, and only
   * then.
   */
  drained(slot: number): void;
  /** `stop` with this number is done. */
  stopped(promise: number): void;
  /**
   * The reply to `localFetch`: status 0 if it was aborted; `lines` are field lines. `body` is a
   * number if the content is in a large file: so many bytes from `offset` on of the descriptor
   * `fd`, which is to be closed.
   */
  local(
    promise: number, status: number, lines: string, body: Uint8Array | number,
    offset?: number, fd?: number,
  ): void;
  /** Nothing uses the table of this number any more: its handlers can be forgotten. */
  forget(table: number): void;
  /** A warning of the server. */
  log(line: string): void;
  /**
   * A handshake waits for the certificate of a server name: `answerCertificate` once, at any time,
   * with this `request`. `source` is that of the TlsSettings.
   */
  certificate(source: number, request: number, name: string): void;
  /** A message of a WebSocket, whose number is in `registers`: text, or bytes. */
  message(payload: string | ArrayBuffer): void;
  /**
   * Another event of a WebSocket. `payload` is the reason of `close`, and the bytes of the others;
   * `code` is that of `close`. After `close` the number means nothing.
   */
  socket(number: number, event: SocketEvent, payload: string | Uint8Array, code: number): void;
  /**
   * An event of a connection. `connected` (there is a new one, which has that number from now on)
   * and `refused` (the engine answers what came with the status `value`, because of `payload`) come
   * with the number of the table, and only after `tellConnections`; `data` (bytes in `payload`),
   * `end` and `drain` with those that were handed over. After `closed` the number means nothing;
   * `value` is then 1 if the connection was lost, and it is told of every one that has a number.
   */
  connection(
    number: number, event: ConnectionEvent, table: number, value: number,
    payload: string | Uint8Array,
  ): void;
}

/** Gives the addon its table, once for each thread, and says whether it may use io_uring. */
export function install(table: Table, rings: boolean): void;

/**
 * Numbers that go along with calls, cheaper than as arguments: 13 for a request. Those of `dispatch`
 * stand at the front, behind them those of `dispatchAll` for 32 requests, request for request, and
 * behind those the ones of `replyTexts` for as many.
 *
 * Out of it, with a text as reply; the addon sets them back afterwards: [0]: status (200); [1]: the
 * type: 0 text/plain;charset=utf-8, 1 application/json;charset=utf-8, 2 none.
 * Into it, with `dispatch` good until anything else is called: [2]: the slot; [3]: the number of the
 * handler.
 * Only with `dispatchAll`: out of it [4], the length of the text in the joined ones, 0xffffffff for
 * none; into it [5], where the head ends in `heads`; [6], how many parameters the route has, of
 * which [7] and [8], [9] and [10], [11] and [12] are where each begins and ends in `heads`; 4 if
 * they are to be had from `parameters`.
 *
 * At the front, where `dispatch` does not need them: [4]: with `message`, the number of the
 * WebSocket; [5]: how many requests `dispatchAll` is given, or `replyTexts` replies to.
 */
export const registers: Uint32Array;

// -- A request

export function method(slot: number): string;
/** Absolute; latin-1 (a request target is ASCII on the wire). */
export function url(slot: number): string;
/**
 * All values of that name joined by ", " (cookie by "; "); null if there is none. `lowerCaseName`
 * as it says.
 */
export function field(slot: number, lowerCaseName: string): string | null;
/** Name, value, name, value … as they were sent. */
export function fields(slot: number): string[];
/** Name, value … of the route's parameters, decoded. */
export function parameters(slot: number): string[];
/** Who sent it: null for unix sockets and requests without a socket. */
export function peer(
  slot: number,
): { address: string; port: number; family: "IPv4" | "IPv6" } | null;

/**
 * The whole body, asked for and taken, once: null if it is not all here yet (then `body` is
 * called, and it is asked again), a Failure if it never will be. The text is decoded as by
 * TextDecoder (U+FFFD for bad bytes, no byte order mark). Throws a RangeError, and the body is not
 * taken, if it has more bytes than a string can have code units.
 */
export function bodyText(slot: number): string | null | Failure;
/** As `bodyText`; the array owns its buffer. */
export function bodyBytes(slot: number): Uint8Array | null | Failure;
/**
 * The next piece of the body, which is asked for, once, piece by piece; undefined at its end; null
 * if there is none yet (then `body` is called, and it is asked again), a Failure if the rest never
 * comes. The client is read from only as fast as the pieces are taken.
 */
export function bodyPiece(slot: number): Uint8Array | undefined | null | Failure;
/** Nobody wants the rest of a body that was asked for by `bodyPiece`. */
export function dropBody(slot: number): void;
/**
 * Name, value … of the trailer fields, once the body was taken to its end; null before, and for
 * none.
 */
export function trailers(slot: number): string[] | null;
/**
 * 0 no body was announced or it is empty, 1 there is one (unread, arriving or here), 2 it was
 * taken or has failed.
 */
export function bodyState(slot: number): 0 | 1 | 2;

// -- Its reply; all of them end the slot, unless they throw because of an argument

/**
 * Sends a reply. `lines` are field lines ("name: value\r\n", checked by Headers) or null. `type`
 * is sent unless the lines have a content-type. A string as body is sent as UTF-8. `reason` takes the
 * place of the status's own phrase. False if it was over already.
 */
export function reply(
  slot: number, status: number, lines: string | null, type: string | null,
  body: string | Uint8Array | null, reason?: string | null,
): boolean;
/**
 * Replies to some requests at once. `texts` are their bodies, joined; of each, `registers` have the
 * slot [2], the length [4], and [0] and [1] as they come out of `dispatch`. Slots that are not good
 * any more are left out.
 */
export function replyTexts(texts: string): void;
/**
 * Sends what was replied with `replyTexts`, or came out of `dispatch` and `dispatchAll`, and waits
 * for the end of this wake-up to be sent with the others.
 */
export function sendDue(): void;
/**
 * `reply` with the bytes from `begin` to `end` (perhaps Infinity) of a file, as server::send_file
 * has it: conditions and ranges are the engine's. `type` as of `reply`, or undefined for that of
 * the file's name. 0 if it was sent; else nothing was, the slot is still good, and the number is
 * that of the error (errno): EISDIR for a folder, EOPNOTSUPP for what is no regular file. `gone`
 * may be called before it returns.
 */
export function replyFile(
  slot: number, status: number, lines: string | null, type: string | null | undefined,
  path: string, begin: number, end: number,
): number;
/**
 * Sends an interim reply, of a status from 100 to 199 but 101, before the reply; not in HTTP/1.0.
 * False if the exchange was over.
 */
export function sendInterim(slot: number, status: number, lines: string): boolean;
/**
 * Takes the connection away from HTTP, and with it the reply: what was read behind the request, and
 * the slot has ended; the number of the connection is a tunnel's from now on. Null if that cannot
 * be (a body that was not read, earlier replies that wait), and nothing happened. Reading is not
 * wanted yet.
 */
export function handOver(slot: number): Uint8Array | null;
/** Ends the connection; false if it was over already. `gone` is not called. */
export function abort(slot: number): boolean;
/** How long nothing may move while this exchange lasts, in milliseconds; 0: for ever. */
export function setTimeout(slot: number, milliseconds: number): void;

/**
 * Fields that go out with whatever reply this request gets, beside its own, as lines; they take the
 * place of earlier ones.
 */
export function addFields(slot: number, lines: string): void;

// -- A streamed reply: its slot stays good until `finish`

/**
 * Sends the head of a reply whose content follows by `write`; arguments as of `reply`. `length` is
 * that of the content if it is known: more than that, or a `finish` with less, ends the connection
 * with a reset. `piece`, which may have any length but zero, is the first of it and leaves with the
 * head. 0: no content is wanted, and the slot has ended: in reply to HEAD, with 204, 205 and 304, or
 * because the exchange was over; 1: it is; 2: it is, but the client is behind. `gone` may be called
 * before it returns, as by `write`.
 */
export function replyStream(
  slot: number, status: number, lines: string | null, type: string | null, length: number | null,
  reason?: string | null, piece?: string | Uint8Array,
): 0 | 1 | 2;
/**
 * Sends a piece of the content, a string as UTF-8. 0: on its way; 1: on its way, but the client is
 * behind, or it is others' turn: the next should wait for `drained`; 2: it is over, and `gone` was
 * called.
 */
export function write(slot: number, piece: string | Uint8Array): 0 | 1 | 2;
/**
 * Ends the content, behind `piece` if there is one, and the slot. `trailers` are lines of fields that
 * may be trailers, or "". False if it was over already.
 */
export function finish(slot: number, trailers: string, piece?: string | Uint8Array): boolean;
/** Whether a field of that name may stand in a trailer section (RFC 9110 section 6.5.1). */
export function mayBeTrailer(name: string): boolean;

// -- Servers: a number each

export interface Settings {
  port?: number;
  hostname?: string;
  unix?: string;
  reusePort?: boolean;
  ipv6Only?: boolean;
  development?: boolean;
  /** milliseconds */
  idleTimeout?: number;
  /** milliseconds */
  headTimeout?: number;
  maxRequestBodySize?: number;
  maxHeadSize?: number;
  maxHeadFields?: number;
  /** milliseconds */
  handshakeTimeout?: number;
  /** milliseconds, whole seconds */
  sessionTimeout?: number;
  maxHandshakes?: number;
  /** With it the server speaks TLS. */
  tls?: TlsSettings;
  /** `codings`: "zstd", "br", "gzip", in the order of preference. */
  compression?: { codings?: string[]; minSize?: number };
  decodeRequestBodies?: boolean;
  /** CONNECT, and expectations that are not 100-continue, come to `fetch`. */
  takesAll?: boolean;
  id?: string;
  /** The value of the argument --port, as text. */
  portArgument?: string;
  /** BUN_PORT, PORT, NODE_PORT and NODE_ENV are read. */
  environment?: Record<string, string | undefined>;
  webSocket?: WebSocketSettings;
}

export interface WebSocketSettings {
  maxPayloadLength?: number;
  backpressureLimit?: number;
  closeOnBackpressureLimit?: boolean;
  /** milliseconds */
  idleTimeout?: number;
  sendPings?: boolean;
  publishToSelf?: boolean;
  /** Bun's names: "disable", "shared", "dedicated", "3KB" … "256KB". */
  compress?: string;
  decompress?: string;
}

/** The contents of a PEM file, and the option that they came from, for messages. */
export interface PemText {
  text: string | Uint8Array;
  option: string;
  passphrase?: string;
}

/** An entry of the option `tls`; `option` is its name in messages: `tls`, or `tls[1]` of several. */
export interface TlsEntry {
  option: string;
  key?: PemText[];
  cert?: PemText[];
  ca?: PemText[];
  /** Trusted like `ca`, but not told to clients. */
  roots?: PemText[];
  crl?: PemText[];
  passphrase?: string;
  serverName?: string;
  requestCert?: boolean;
  rejectUnauthorized?: boolean;
  lowMemoryMode?: boolean;
  ciphers?: string;
  secureOptions?: number;
  /** Numbers on the wire: 0x0303 is TLS 1.2. */
  minVersion?: number;
  maxVersion?: number;
  dhParams?: PemText;
}

export interface TlsSettings {
  entries: TlsEntry[];
  /** A number for `Table.certificate`, if there is somebody to ask. */
  source?: number;
  /** No PEM but 80 or 48 bytes each. */
  ticketKeys?: PemText[];
}

/** The files below a folder; `lines` are field lines that are sent with each. */
export interface DirectoryTarget {
  directory: {
    path: string; index: string[]; listing: boolean; dotFiles: boolean; precompressed: boolean;
    /** What is not there goes on to `fetch`; else it is a 404. */
    fallthrough: boolean;
  };
  lines: string | null;
}

/**
 * What answers: a handler's number, a prepared reply, a file, those of a folder, or null (on to
 * `fetch`).
 */
export type Target =
  | number
  | null
  | {
      status: number; lines: string | null; type: string | null;
      body: string | Uint8Array | null;
    }
  | {
      status: number; lines: string | null; type: string | null | undefined;
      file: { path: string; begin: number; end: number };
    }
  | DirectoryTarget;

/** A table of routes. `fetch` is a handler's number, or -1. */
export interface Routes {
  table: number;
  fetch: number;
  /** Whether there are handlers of WebSockets. */
  webSockets: boolean;
  /** Pattern, target, or pattern, [method, target, …] */
  routes: (string | Target | (string | Target)[])[];
  /** Handler, the most bytes of bodies that come to it, handler … */
  limits: number[];
}

/**
 * Listens. Throws a TypeError for wrong options and patterns, an Error with `code` if it cannot
 * listen, or if the folder of a route cannot be opened.
 */
export function start(settings: Settings, routes: Routes): {
  server: number; port: number | undefined; hostname: string | undefined; url: string;
  address: string; family: "IPv4" | "IPv6" | "unix"; id: string; development: boolean;
  authority: string; secure: boolean;
};
/**
 * `tls` replaces the certificates, if it has any, for new handshakes; `webSocket` goes with handlers of WebSockets.
 * Throws, and changes nothing, as `start`.
 */
export function reload(
  server: number, routes: Routes, tls?: TlsSettings, webSocket?: WebSocketSettings,
): void;
/** `stopped(promise)` is called when it is done, perhaps before this returns. */
export function stop(server: number, force: boolean, promise: number): void;
/** Forgets a server that is stopped. */
export function release(server: number): void;
export function closeIdleConnections(server: number): number;
export function setReferenced(server: number, referenced: boolean): void;
export function pendingRequests(server: number): number;
/**
 * Sends a request to the server's own handlers; `local(promise, …)` is called with the reply,
 * perhaps at once. From within a handler the request waits until that has returned. Throws an Error
 * if the server is stopped.
 */
export function localFetch(
  server: number, method: string, target: string, lines: string, body: Uint8Array | null,
  promise: number,
): void;
/** Nobody waits any more for the reply to a `localFetch`: its handler sees its client go. */
export function abortLocal(server: number, promise: number): void;

// -- Files

/** The media type of a name, by its extension. */
export function mediaType(path: string): string;

// -- Memory

/**
 * Gives back the memory that holds code and constants of the process, Node's own above all: what is
 * needed of them comes back from the files, or rather from the kernel's cache of them. Most of it
 * was needed for starting only.
 */
export function releaseCode(): void;

// -- TLS

/** Keys and certificates, read and checked. */
export interface CertificateHandle {
  readonly handle: unique symbol;
}
/** Reads `key`, `cert` and `passphrase` of an entry. Throws a TypeError if they are wrong. */
export function readCertificate(entry: TlsEntry): CertificateHandle;
/**
 * Answers `Table.certificate`: null for none of its own; with `error` the client is refused, and it
 * is logged. Does nothing if the client has gone.
 */
export function answerCertificate(
  request: number, certificate: CertificateHandle | null, error: string | null,
): void;
/**
 * How TLS protects the connection of a request; null without TLS. `certificate` is what the client
 * has shown (DER), `authorizationError` is "" if that is valid or there is none.
 */
export function security(slot: number): {
  protocol: string; cipher: string; serverName: string; authorized: boolean;
  authorizationError: string; certificate: Uint8Array | null;
} | null;
/** The version of the OpenSSL that the addon brings along. */
export function opensslVersion(): string;

// -- Connections, by numbers from 1 on, which those have that were asked about. Functions with the
// number of one that has ended do nothing.

/** The number of the connection of a request; 0 if there is none. */
export function connection(slot: number): number;
/** Who is at the other end: null for unix sockets. */
export function connectionPeer(
  number: number,
): { address: string; port: number; family: "IPv4" | "IPv6" } | null;
/** The address that it was made to; likewise. */
export function connectionLocal(
  number: number,
): { address: string; port: number; family: "IPv4" | "IPv6" } | null;
/** As `security`. */
export function connectionSecurity(number: number): ReturnType<typeof security>;
/** Ends it, with what is under way; the event `closed` comes within. */
export function connectionDrop(number: number, reset: boolean): void;
/** Whether the events `data` and `end` of a tunnel are to come. */
export function tunnelRead(number: number, wanted: boolean): void;
/** 0: on its way; 1: kept, the next should wait for `drain`; 2: it is closed or was ended. */
export function tunnelWrite(number: number, bytes: Uint8Array): 0 | 1 | 2;
/** Sends the end behind what waits. */
export function tunnelEnd(number: number): void;
/** Whether a tunnel keeps Node's loop running; it does at first. */
export function tunnelReference(number: number, referenced: boolean): void;
/** How many connections of a server are open. */
export function openConnections(server: number): number;
/** Cuts those that speak HTTP. */
export function cutConnections(server: number): void;
/** Whether the events `connected` and `refused` are to come; neither, at first. */
export function tellConnections(server: number, connected: boolean, refused: boolean): void;

// -- WebSockets: JavaScript gives each a number, good until its event `close` has been handled.
// Functions with the number of a closed one do nothing.

/**
 * Makes a WebSocket of a request, with field lines for the 101 or null: the event `open` comes
 * within. 1: done, and the slot has ended; 2: no, but it was answered, and the slot has ended; 0: it
 * is still to be answered.
 */
export function upgrade(slot: number, lines: string | null, number: number): 0 | 1 | 2;
/** A string as text, else bytes: how many bytes, -1 if they wait, 0 if they were dropped. */
export function socketSend(number: number, data: string | Uint8Array, compress: boolean): number;
/** Sends a ping or a pong; likewise. */
export function socketPing(number: number, data: string | Uint8Array, pong: boolean): number;
/** The event `close` comes within. */
export function socketClose(number: number, code: number, reason: string): void;
export function socketTerminate(number: number): void;
/** Begins or ends to gather what is sent. False if the socket is closed. */
export function socketCork(number: number, begin: boolean): boolean;
export function socketPause(number: number, pause: boolean): void;
export function socketIsPaused(number: number): boolean;
export function socketBuffered(number: number): number;
/** Empty for unix sockets; undefined once it is closed. */
export function socketAddress(number: number): string | undefined;
/** Subscribes or unsubscribes: whether it is subscribed now, or was before. */
export function socketSubscribe(number: number, topic: string, subscribe: boolean): boolean;
export function socketIsSubscribed(number: number, topic: string): boolean;
export function socketTopics(number: number): string[];
/** To the other subscribers of the topic: how many bytes, 0 if there are none. */
export function socketPublish(
  number: number, topic: string, data: string | Uint8Array, compress: boolean,
): number;
/** To all subscribers; likewise. */
export function publish(
  server: number, topic: string, data: string | Uint8Array, compress: boolean,
): number;
export function subscriberCount(server: number, topic: string): number;
export function pendingWebSockets(server: number): number;

// -- Errors

export interface ErrorDescription {
  type: string;
  message: string;
  /** Innermost first. `user` is false for frames of Node and of Bao itself. */
  frames: { function: string; file: string; line: number; column: number; user: boolean }[];
}

/**
 * Answers with status 500 and the development page of an error and its causes; false if it was
 * over already.
 */
export function replyError(
  slot: number, error: ErrorDescription, causes: ErrorDescription[],
): boolean;
/** Answers with status 500 and the page that explains that the handler returned no Response. */
export function replyNothing(slot: number): boolean;
