/** Types of WebSockets; bao.d.ts gives them to programs. */
import type { Bytes } from "./bao.js";

/** What can be sent: text, or bytes by whatever name. */
export type SocketPayload = string | Bytes | Blob;

/** How messages are compressed; a size is that of the memory for each socket. */
export type Compressor =
  | boolean
  | "disable"
  | "shared"
  | "dedicated"
  | "3KB"
  | "4KB"
  | "8KB"
  | "16KB"
  | "32KB"
  | "64KB"
  | "128KB"
  | "256KB";

/** One WebSocket of a server. It may be kept: once it is closed, its methods do nothing. */
export interface ServerWebSocket<Data = undefined> {
  /** What `server.upgrade` was given. */
  data: Data;
  /** 1 while it is open, 3 once it is closed. */
  readonly readyState: 0 | 1 | 2 | 3;
  /** The client's address. */
  readonly remoteAddress: string;
  /** What bytes of the client come as: "nodebuffer" unless another is set. */
  binaryType?: "nodebuffer" | "arraybuffer" | "uint8array" | "blob";
  /**
   * Sends a message: how many bytes it has, -1 if it waits because the client is slow, 0 if it was
   * dropped.
   */
  send(data: SocketPayload, compress?: boolean): number;
  sendText(data: string, compress?: boolean): number;
  sendBinary(data: Bytes | Blob, compress?: boolean): number;
  /** Control frames, with at most 125 bytes. */
  ping(data?: string | Bytes): number;
  pong(data?: string | Bytes): number;
  /** Closes it: 1000 without a code; the reason is cut to 123 bytes. */
  close(code?: number, reason?: string): void;
  /** Ends the connection without a word. */
  terminate(): void;
  /** Runs the callback; what it sends leaves in one write. */
  cork<Result = unknown>(callback: (ws: ServerWebSocket<Data>) => Result): Result;
  /** Sends a message to the other subscribers of a topic: its bytes, or 0 if there are none. */
  publish(topic: string, data: SocketPayload, compress?: boolean): number;
  publishText(topic: string, data: string, compress?: boolean): number;
  publishBinary(topic: string, data: Bytes | Blob, compress?: boolean): number;
  subscribe(topic: string): boolean;
  unsubscribe(topic: string): boolean;
  isSubscribed(topic: string): boolean;
  readonly subscriptions: string[];
  /** Bytes that wait because the client is slow. */
  getBufferedAmount(): number;
  /** Stops reading, so that the client has to wait. */
  pause(): void;
  resume(): void;
  readonly isPaused: boolean;
}

/** The handlers of WebSockets, once for each server, and their limits. */
export interface WebSocketHandler<Data = undefined> {
  /** For its type only: that of `ws.data`. */
  data?: Data;
  open?(ws: ServerWebSocket<Data>): void | Promise<void>;
  message?(ws: ServerWebSocket<Data>, message: string | Buffer<ArrayBuffer>): void | Promise<void>;
  /** 1005: the client gave no code; 1006: it vanished. */
  close?(ws: ServerWebSocket<Data>, code: number, reason: string): void | Promise<void>;
  /** What a slow client was behind with has left. */
  drain?(ws: ServerWebSocket<Data>): void | Promise<void>;
  ping?(ws: ServerWebSocket<Data>, data: Buffer): void | Promise<void>;
  pong?(ws: ServerWebSocket<Data>, data: Buffer): void | Promise<void>;
  /** One of the handlers threw. */
  error?(error: Error, ws: ServerWebSocket<Data>): void | Promise<void>;
  /** How many bytes a message may have: 16 MiB. More is refused with 1009. */
  maxPayloadLength?: number;
  /** How many bytes may wait for a slow client before messages are dropped: 16 MiB; 0: no limit. */
  backpressureLimit?: number;
  /** Ends the connection instead of dropping messages. */
  closeOnBackpressureLimit?: boolean;
  /** How many seconds a client may be silent: 120; 0 for ever. */
  idleTimeout?: number;
  /** Pings silent clients before the idle timeout: true. */
  sendPings?: boolean;
  /** Whether `ws.publish` sends to the socket itself, too: false. */
  publishToSelf?: boolean;
  /** Whether messages may be compressed: false. */
  perMessageDeflate?: boolean | { compress?: Compressor; decompress?: Compressor };
}
