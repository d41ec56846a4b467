/**
 * Types of Bao's servers in the shape of node:http: what `import http from "bao/http"` gives.
 *
 * Requests and responses are node:http's own, so its types hold for them.
 */
import { EventEmitter } from "node:events";
import * as nodeHttp from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContextOptions } from "node:tls";

export {
  IncomingMessage, maxHeaderSize, METHODS, ServerResponse, STATUS_CODES, validateHeaderName,
  validateHeaderValue,
} from "node:http";

export type RequestListener = (
  request: nodeHttp.IncomingMessage,
  response: nodeHttp.ServerResponse,
) => unknown;

/** Times are in milliseconds; 0: none. */
export interface ServerOptions
  extends Pick<
    SecureContextOptions,
    | "key" | "cert" | "ca" | "crl" | "passphrase" | "ciphers" | "dhparam"
    | "minVersion" | "maxVersion"
  > {
  /** How long a request may be silent: for ever unless it is set. */
  timeout?: number;
  /** How long a connection may be idle between requests: 5000. */
  keepAliveTimeout?: number;
  /** How long a head may take: 60000. */
  headersTimeout?: number;
  /** How long a body may take: 300000. */
  requestTimeout?: number;
  /** How often that is looked at: every 30000. */
  connectionsCheckingInterval?: number;
  /** How many requests may come on a connection: any number. */
  maxRequestsPerSocket?: number;
  /** How many fields a head may have: 2000. */
  maxHeadersCount?: number | null;
  /** How large a head may be, in bytes: 16384. */
  maxHeaderSize?: number;
  /** Joins fields of the same name that else the first one stands for. */
  joinDuplicateHeaders?: boolean;
  /** Fields of a reply of which several values go out as one. */
  uniqueHeaders?: (string | string[])[];
  /** Ends requests without a body before anybody reads them. */
  optimizeEmptyRequests?: boolean;
  /** Throws when content is given to a reply that has none. */
  rejectNonStandardBodyWrites?: boolean;
  /** Which upgrades are for the event; else they are requests. */
  shouldUpgradeCallback?: (request: nodeHttp.IncomingMessage) => boolean;
  /** Classes of requests and responses, which extend those of the module. */
  IncomingMessage?: typeof nodeHttp.IncomingMessage;
  ServerResponse?: typeof nodeHttp.ServerResponse;
  requestCert?: boolean;
  rejectUnauthorized?: boolean;
  secureOptions?: number;
}

export interface ListenOptions {
  port?: number | string;
  host?: string;
  /** A unix socket instead of a port. */
  path?: string;
  backlog?: number;
  reusePort?: boolean;
  ipv6Only?: boolean;
  /** Closes the server. */
  signal?: AbortSignal;
}

interface ServerEvents {
  request: [nodeHttp.IncomingMessage, nodeHttp.ServerResponse];
  /** Instead of `request`, if somebody listens, for requests with `Expect: 100-continue`. */
  checkContinue: [nodeHttp.IncomingMessage, nodeHttp.ServerResponse];
  /** Instead of `request`, and of 417, for requests that expect something else. */
  checkExpectation: [nodeHttp.IncomingMessage, nodeHttp.ServerResponse];
  /** The connection is the listener's; the bytes are what was read behind the head. */
  upgrade: [nodeHttp.IncomingMessage, Duplex, Buffer];
  connect: [nodeHttp.IncomingMessage, Duplex, Buffer];
  connection: [Duplex];
  secureConnection: [Duplex];
  /** What a client has sent was refused, and is answered. */
  clientError: [NodeJS.ErrnoException & { statusCode: number; reason: string }, Duplex];
  /** Beyond `maxConnections`. */
  drop: [object];
  /** Beyond `maxRequestsPerSocket`. */
  dropRequest: [nodeHttp.IncomingMessage, Duplex];
  listening: [];
  error: [NodeJS.ErrnoException];
  close: [];
  timeout: [Duplex];
}

export declare class Server extends (EventEmitter as new () => EventEmitter<ServerEvents>) {
  constructor(listener?: RequestListener);
  constructor(options: ServerOptions, listener?: RequestListener);
  readonly listening: boolean;
  timeout: number;
  keepAliveTimeout: number;
  headersTimeout: number;
  requestTimeout: number;
  maxRequestsPerSocket: number;
  maxConnections: number | undefined;
  /** Whether a client that has sent its end still gets a reply: false. */
  httpAllowHalfOpen: boolean;
  maxHeadersCount: number | null;
  listen(port?: number | string, host?: string, backlog?: number, listening?: () => void): this;
  listen(port?: number | string, host?: string, listening?: () => void): this;
  listen(port?: number | string, listening?: () => void): this;
  listen(path: string, listening?: () => void): this;
  listen(options: ListenOptions, listening?: () => void): this;
  listen(listening?: () => void): this;
  /** Null before it listens; the path of a unix socket. */
  address(): AddressInfo | string | null;
  /** No new connections; calls back when the last request is over. */
  close(closed?: (error?: Error) => void): this;
  closeIdleConnections(): void;
  closeAllConnections(): void;
  getConnections(callback: (error: Error | null, count: number) => void): this;
  setTimeout(milliseconds?: number, callback?: (socket: Duplex) => void): this;
  ref(): this;
  unref(): this;
  [Symbol.asyncDispose](): Promise<void>;
}

export declare function createServer(listener?: RequestListener): Server;
export declare function createServer(options: ServerOptions, listener?: RequestListener): Server;

declare const http: {
  createServer: typeof createServer;
  Server: typeof Server;
  IncomingMessage: typeof nodeHttp.IncomingMessage;
  ServerResponse: typeof nodeHttp.ServerResponse;
  maxHeaderSize: typeof nodeHttp.maxHeaderSize;
  METHODS: typeof nodeHttp.METHODS;
  STATUS_CODES: typeof nodeHttp.STATUS_CODES;
  validateHeaderName: typeof nodeHttp.validateHeaderName;
  validateHeaderValue: typeof nodeHttp.validateHeaderValue;
};
export default http;
