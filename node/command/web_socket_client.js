/**
 * The global WebSocket as Bun has it, over Node's: bytes come as a Buffer unless the program says
 * otherwise, `ping`, `pong` and `terminate` are there, and it takes fields and settings of TLS.
 */
import { randomBytes } from "node:crypto";
import { unescape } from "node:querystring";

import { connector, newAgent, tlsSettings } from "./agents.js";

const BINARY_TYPES = ["nodebuffer", "arraybuffer", "blob"];
const PING = 9;
const PONG = 10;
/** A control frame carries no more (RFC 6455 section 5.5). */
const MOST_OF_CONTROL = 125;

/** @param {typeof WebSocket} Platform */
export function webSocketOver(Platform) {
  return class WebSocket extends Platform {
    #binaryType = "nodebuffer";
    #connection;
    /** The state in which the program left without a handshake, or undefined. */
    #leftWhile;
    /** The state from then on. */
    #state;

    constructor(url, options) {
      const isList = typeof options === "string" || Array.isArray(options);
      const given = isList ? { protocols: options } : (options ?? {});
      const protocols = given.protocols ?? given.protocol ?? [];
      const connection = { socket: null, isLeft: false };
      const dispatcher = given.dispatcher ?? newAgent(connectorFor(connection, given.tls));
      super(urlOf(url), { protocols, headers: headersFor(url, given.headers), dispatcher });
      this.#connection = connection;
      super.binaryType = "arraybuffer";
      // These come first, and what they give instead comes to all others.
      super.addEventListener("message", (event) => this.#convert(event));
      super.addEventListener("error", (event) => this.#explain(event));
      super.addEventListener("close", (event) => this.#tellClose(event));
    }

    get readyState() {
      return this.#state ?? super.readyState;
    }

    get binaryType() {
      return this.#binaryType;
    }

    /** As under Bun, what is no type changes nothing. */
    set binaryType(type) {
      if (!BINARY_TYPES.includes(type)) return;
      this.#binaryType = type;
      super.binaryType = type === "blob" ? "blob" : "arraybuffer";
    }

    #convert(event) {
      if (this.#binaryType !== "nodebuffer" || !(event.data instanceof ArrayBuffer)) return;
      event.stopImmediatePropagation();
      const { origin } = event;
      this.dispatchEvent(new MessageEvent("message", { data: Buffer.from(event.data), origin }));
    }

    #explain(event) {
      if (event.message !== "") return;
      event.stopImmediatePropagation();
      if (this.#leftWhile === Platform.OPEN) return;
      const message = `WebSocket connection to '${this.url}' failed: ${this.#failure()}`;
      const told = new event.constructor("error", { message, error: event.error });
      if (this.#leftWhile === undefined) this.dispatchEvent(told);
      else setImmediate(() => this.dispatchEvent(told));
    }

    #failure() {
      if (this.#leftWhile !== undefined) {
        return "WebSocket is closed before the connection is established";
      }
      return this.#connection.socket === null ? "Failed to connect" : "Expected 101 status code";
    }

    /** Node tells of an end without a handshake while `close` still runs, and stays closing. */
    #tellClose(event) {
      if (this.#leftWhile === undefined || this.#state === Platform.CLOSED) return;
      event.stopImmediatePropagation();
      const { code, reason, wasClean } = event;
      setImmediate(() => {
        this.#state = Platform.CLOSED;
        this.dispatchEvent(new event.constructor("close", { code, reason, wasClean }));
      });
    }

    close(...given) {
      if (this.readyState !== Platform.CONNECTING) {
        if (this.#leftWhile === undefined) super.close(...given);
        return;
      }
      this.#leftWhile = Platform.CONNECTING;
      try {
        super.close(...given);
      } catch (error) {
        // The code or the reason is none.
        this.#leftWhile = undefined;
        throw error;
      }
      this.#leave();
    }

    /** Without a handshake, also of a connection that is still to come. */
    #leave() {
      this.#state = Platform.CLOSING;
      this.#connection.isLeft = true;
      this.#connection.socket?.destroy();
    }

    ping(data) {
      this.#control(PING, data);
    }

    pong(data) {
      this.#control(PONG, data);
    }

    /** Ends the connection at once: `close` tells 1006. */
    terminate() {
      const { readyState } = this;
      // Of a connection by the program's own dispatcher nobody here has the socket.
      const isOurs = this.#connection.socket !== null;
      if (readyState === Platform.CONNECTING || !isOurs) return this.close();
      if (readyState === Platform.CLOSED || this.#leftWhile !== undefined) return;
      this.#leftWhile = Platform.OPEN;
      this.#leave();
    }

    #control(kind, data = "") {
      if (this.readyState === Platform.CONNECTING) {
        throw new DOMException("The object is in an invalid state.", "InvalidStateError");
      }
      if (this.readyState !== Platform.OPEN) return;
      const bytes = ArrayBuffer.isView(data)
        ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
        : Buffer.from(data);
      if (bytes.length > MOST_OF_CONTROL) {
        throw new RangeError(`a ping or pong takes at most 125 bytes, not ${bytes.length}`);
      }
      this.#connection.socket.write(maskedFrame(kind, bytes));
    }
  };
}

/** Node takes http: and https: for ws: and wss:, as Bun does; what is no URL is a SyntaxError. */
function urlOf(url) {
  if (URL.canParse(url)) return url;
  throw new DOMException(`Invalid url for WebSocket ${String(url)}`, "SyntaxError");
}

/** With what the URL says of user and password, unless the program says it itself. */
function headersFor(url, given) {
  const { username, password } = new URL(url);
  if (username === "" && password === "") return given;
  const headers = new Headers(given ?? {});
  if (!headers.has("authorization")) {
    const pair = [username, password].map((part) => unescape(part)).join(":");
    headers.set("authorization", `Basic ${Buffer.from(pair).toString("base64")}`);
  }
  return [...headers];
}

/** RFC 6455 section 5.2: of clients every frame is masked. */
function maskedFrame(kind, bytes) {
  const mask = randomBytes(4);
  const frame = Buffer.concat([Buffer.from([0x80 | kind, 0x80 | bytes.length]), mask, bytes]);
  for (let i = 0; i < bytes.length; i++) frame[6 + i] ^= mask[i % 4];
  return frame;
}

/** Connects, and keeps the socket. Files that are not there are an error of the connection. */
function connectorFor(connection, tls) {
  const settings = tlsSettings(tls);
  settings.catch(() => {});
  return connector(settings, (socket) => {
    connection.socket = socket;
    if (connection.isLeft) socket.destroy();
  });
}
