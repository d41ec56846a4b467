/**
 * Types of Bao's servers in the shape of node:http: what `import http from "bao/http"` gives.
 *
 * Requests and responses are node:http's own, so its types hold for them.
 */
import { EventEmitter } from "node:events";
import * as nodeHttp from "node:http";
import type { AddressInfo } from "node:net";
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
  /** How many fields a head may have: 2000. */
  maxHeadersCount?: number | null;
  /** How large a head may be, in bytes: 16384. */
  maxHeaderSize?: number;
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
  listening: [];
  error: [NodeJS.ErrnoException];
  close: [];
  timeout: [];
}

export declare class Server extends (EventEmitter as new () => EventEmitter<ServerEvents>) {
  constructor(listener?: RequestListener);
  constructor(options: ServerOptions, listener?: RequestListener);
  readonly listening: boolean;
  timeout: number;
  keepAliveTimeout: number;
  headersTimeout: number;
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
  setTimeout(milliseconds?: number, callback?: () => void): this;
  setTimeout(callback: () => void): this;
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
