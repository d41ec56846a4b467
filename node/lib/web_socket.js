/**
 * The WebSockets of a server: Bun's ServerWebSocket over a socket of the addon, and its events.
 */
import { isolated, needsIsolation } from "./context.js";
import { giveCookies, giveSlotBack, releaseSlot } from "./dispatch.js";
import { Headers } from "./headers.js";
import * as native from "./native.js";
import { wrongType } from "./wrong.js";

const { registers } = native;

/** The place of a socket's number in `registers`. */
const SOCKET = 4;
/** What `upgrade` of the addon says. */
const UPGRADED = 1;
const ANSWERED = 2;
/** The kinds of events. */
const OPEN = 0;
const DRAIN = 1;
const PING = 2;
const CLOSE = 4;
/** Values of readyState. */
const IS_OPEN = 1;
const IS_CLOSED = 3;

/** A control frame carries no more (RFC 6455 section 5.5). */
const MOST_OF_CONTROL = 125;

const BINARY_TYPES = ["uint8array", "arraybuffer", "nodebuffer", "blob"];

/** Open sockets by their number, which the addon knows them by. */
const sockets = [];
const freeNumbers = [];

/** What is sent as text or bytes; a Blob stays one. Throws for anything else. */
function payloadOf(data, caller) {
  if (typeof data === "string" || data instanceof Uint8Array) return data;
  if (data === undefined || data === null) {
    throw new Error(`${caller} requires a non-empty message`);
  }
  return bytesOf(data) ?? (data instanceof Blob ? data : textOf(data, caller));
}

/** Bytes by another name as a Uint8Array; null if they are none. */
function bytesOf(data) {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data);
  return null;
}

function textOf(data, caller) {
  if (typeof data === "symbol") {
    throw new TypeError(`${caller} expects a string, bytes or a Blob, not a symbol`);
  }
  return String(data);
}

function checkText(data, caller) {
  if (typeof data !== "string") throw new Error(`${caller} expects a string`);
}

/** As a Uint8Array, or a Blob. */
function binaryOf(data, caller) {
  const bytes = data instanceof Blob ? data : bytesOf(data);
  if (bytes === null) throw new Error(`${caller} expects a Blob or BufferSource`);
  return bytes;
}

/** @returns {string} */
function topicOf(topic, caller) {
  if (typeof topic !== "string") {
    throw new TypeError(`${caller}: the topic must be a string, not ${typeof topic}`);
  }
  if (topic === "") throw new Error(`${caller} requires a non-empty topic name`);
  return topic;
}

/** Ways into the class for the events below. */
let takeMessage;
let takeEvent;

export class ServerWebSocket {
  /** Its number; -1 once it is closed. */
  #number = -1;
  #hub;
  #state = IS_OPEN;
  #binaryType = "nodebuffer";
  /** What waits for the bytes of a Blob that was sent before; null: nothing. */
  #later = null;

  constructor(hub, number, data) {
    this.#hub = hub;
    this.#number = number;
    this.data = data;
  }

  /** Sends text or bytes: their number, -1 if they wait for a slow client, 0 if they were dropped. */
  send(data, compress = false) {
    if (arguments.length === 0) throw new Error("send requires at least 1 argument");
    return this.#send(payloadOf(data, "send"), compress === true);
  }

  sendText(data, compress = false) {
    checkText(data, "sendText");
    return this.#send(data, compress === true);
  }

  sendBinary(data, compress = false) {
    return this.#send(binaryOf(data, "sendBinary"), compress === true);
  }

  #send(payload, compress) {
    if (this.#number < 0) return 0;
    if (this.#later !== null || payload instanceof Blob) return this.#sendLater(payload, compress);
    return native.socketSend(this.#number, payload, compress);
  }

  /** The platform reads Blobs later only; what is sent meanwhile must not overtake. */
  #sendLater(payload, compress) {
    const before = this.#later;
    const later = (async () => {
      const bytes = payload instanceof Blob ? new Uint8Array(await payload.arrayBuffer()) : payload;
      await before;
      if (this.#later === later) this.#later = null;
      if (this.#number >= 0) native.socketSend(this.#number, bytes, compress);
    })();
    this.#later = later;
    if (payload instanceof Blob) return payload.size;
    return typeof payload === "string" ? Buffer.byteLength(payload) : payload.byteLength;
  }

  ping(data) {
    return this.#control(data, "ping", false);
  }

  pong(data) {
    return this.#control(data, "pong", true);
  }

  #control(data, caller, pong) {
    const bytes = data === undefined || typeof data === "string" ? (data ?? "") : bytesOf(data);
    if (bytes === null) throw new Error(`${caller} expects a string or BufferSource`);
    const size = typeof bytes === "string" ? Buffer.byteLength(bytes) : bytes.byteLength;
    if (this.#number >= 0 && size > MOST_OF_CONTROL) {
      throw new RangeError(`${caller} takes at most 125 bytes, not ${size}`);
    }
    return this.#number < 0 ? 0 : native.socketPing(this.#number, bytes, pong);
  }

  /** Sends a Close frame; the handler `close` has run when this returns. */
  close(code = 1000, reason = "") {
    if (typeof code !== "number") {
      throw new TypeError("close requires a numeric code or undefined");
    }
    if (!(code >= 0 && code <= 65535)) {
      throw new RangeError(`close with the code ${code}: give 1000, or 3000 to 4999`);
    }
    if (this.#number >= 0) native.socketClose(this.#number, code, String(reason ?? ""));
  }

  terminate() {
    if (this.#number >= 0) native.socketTerminate(this.#number);
  }

  /** Runs the callback; what it sends leaves in one write. */
  cork(callback) {
    if (typeof callback !== "function") throw new TypeError("cork expects a function");
    const number = this.#number;
    if (number < 0 || !native.socketCork(number, true)) return callback(this);
    try {
      return callback(this);
    } finally {
      if (this.#number === number) native.socketCork(number, false);
    }
  }

  publish(topic, data, compress = false) {
    topicOf(topic, "publish");
    if (arguments.length < 2) throw new Error("publish requires a message");
    return this.#publish(topic, payloadOf(data, "publish"), compress === true);
  }

  publishText(topic, data, compress = false) {
    checkText(data, "publishText");
    return this.#publish(topicOf(topic, "publishText"), data, compress === true);
  }

  publishBinary(topic, data, compress = false) {
    const bytes = binaryOf(data, "publishBinary");
    return this.#publish(topicOf(topic, "publishBinary"), bytes, compress === true);
  }

  #publish(topic, payload, compress) {
    if (this.#number < 0) return 0;
    if (!(payload instanceof Blob)) {
      return native.socketPublish(this.#number, topic, payload, compress);
    }
    payload.arrayBuffer().then((buffer) => {
      if (this.#number < 0) return;
      native.socketPublish(this.#number, topic, new Uint8Array(buffer), compress);
    });
    return payload.size;
  }

  /** False if the socket is closed. */
  subscribe(topic) {
    topicOf(topic, "subscribe");
    return this.#number >= 0 && native.socketSubscribe(this.#number, topic, true);
  }

  /** False if it had not subscribed, or is closed. */
  unsubscribe(topic) {
    topicOf(topic, "unsubscribe");
    return this.#number >= 0 && native.socketSubscribe(this.#number, topic, false);
  }

  isSubscribed(topic) {
    topicOf(topic, "isSubscribed");
    return this.#number >= 0 && native.socketIsSubscribed(this.#number, topic);
  }

  get subscriptions() {
    return this.#number < 0 ? [] : native.socketTopics(this.#number);
  }

  /** The client's address; undefined once the handler `close` has run. */
  get remoteAddress() {
    return this.#number < 0 ? undefined : native.socketAddress(this.#number);
  }

  get readyState() {
    return this.#state;
  }

  get binaryType() {
    return this.#binaryType;
  }

  set binaryType(type) {
    if (!BINARY_TYPES.includes(type)) {
      const names = BINARY_TYPES.map((name) => JSON.stringify(name)).join(", ");
      throw new Error(`binaryType must be one of ${names}, not ${String(type)}`);
    }
    this.#binaryType = type;
  }

  getBufferedAmount() {
    return this.#number < 0 ? 0 : native.socketBuffered(this.#number);
  }

  /** Stops reading, so that the client has to wait. */
  pause() {
    if (this.#number >= 0) native.socketPause(this.#number, true);
  }

  resume() {
    if (this.#number >= 0) native.socketPause(this.#number, false);
  }

  get isPaused() {
    return this.#number >= 0 && native.socketIsPaused(this.#number);
  }

  get [Symbol.toStringTag]() {
    return "ServerWebSocket";
  }

  static {
    takeMessage = (socket, payload) => {
      const handler = socket.#hub.handlers.message;
      if (typeof handler !== "function") return;
      const given =
        typeof payload === "string" ? payload : bytesAs(payload, socket.#binaryType);
      run(socket, socket.#hub, handler, given);
    };
    takeEvent = (socket, event, payload, code) => {
      const { handlers } = socket.#hub;
      if (event === OPEN) return runOpen(socket, socket.#hub);
      if (event === DRAIN) return run(socket, socket.#hub, handlers.drain);
      if (event === CLOSE) return takeClose(socket, code, payload);
      const bytes = bytesAs(payload.buffer, socket.#binaryType);
      run(socket, socket.#hub, event === PING ? handlers.ping : handlers.pong, bytes);
    };
    const takeClose = (socket, code, reason) => {
      const number = socket.#number;
      socket.#state = IS_CLOSED;
      try {
        run(socket, socket.#hub, socket.#hub.handlers.close, code, reason);
      } finally {
        socket.#number = -1;
        sockets[number] = undefined;
        freeNumbers.push(number);
      }
    };
  }
}

/** A buffer of the addon's as the program wants it. */
function bytesAs(buffer, type) {
  switch (type) {
    case "arraybuffer":
      return buffer;
    case "uint8array":
      return new Uint8Array(buffer);
    case "blob":
      return new Blob([buffer]);
    default:
      return Buffer.from(buffer);
  }
}

/** Runs a handler, if there is one. What it throws goes to `error`, or is uncaught. */
function run(socket, hub, handler, first, second) {
  if (typeof handler !== "function") return;
  try {
    if (needsIsolation()) isolated(handler, socket, first, second);
    else handler(socket, first, second);
  } catch (error) {
    fail(socket, hub, error);
  }
}

/** A socket that the program could not take in hand is of no use. */
function runOpen(socket, hub) {
  const { open } = hub.handlers;
  if (typeof open !== "function") return;
  try {
    if (needsIsolation()) isolated(open, socket);
    else open(socket);
  } catch (error) {
    socket.close(1011);
    fail(socket, hub, error);
  }
}

function fail(socket, hub, error) {
  const handler = hub.handlers.error;
  if (typeof handler !== "function") throw error;
  handler(error, socket);
}

/** The table's function: a message; the socket's number is in `registers`. */
export function message(payload) {
  const socket = sockets[registers[SOCKET]];
  if (socket !== undefined) takeMessage(socket, payload);
}

/** The table's function: another event of a socket. */
export function socket(number, event, payload, code) {
  const it = sockets[number];
  if (it !== undefined) takeEvent(it, event, payload, code);
}

/**
 * Makes a WebSocket of a request. The handler `open` has run when this returns.
 * @param hub what the server has for its sockets: `{ handlers }`
 */
export function upgrade(hub, request, options) {
  const { lines, data } = upgradeOptions(options);
  if (!(request?._slot >= 0)) return false;
  const number = freeNumbers.length > 0 ? freeNumbers.pop() : sockets.length;
  sockets[number] = new ServerWebSocket(hub, number, data);
  if (request._cookies !== undefined) giveCookies(request);
  const slot = releaseSlot(request);
  let result = 0;
  try {
    result = native.upgrade(slot, lines, number);
  } finally {
    if (result !== UPGRADED) {
      sockets[number] = undefined;
      freeNumbers.push(number);
    }
    if (result !== UPGRADED && result !== ANSWERED) giveSlotBack(request, slot);
    else if (request._watch !== undefined) request._detached(0);
  }
  return result === UPGRADED;
}

function upgradeOptions(options) {
  if (options === undefined || options === null) return { lines: null, data: undefined };
  if (typeof options !== "object") throw wrongType("upgrade options must be an object");
  const { headers, data } = options;
  if (headers === undefined || headers === null) return { lines: null, data };
  if (typeof headers !== "object") {
    throw wrongType("upgrade options.headers must be a Headers or an object");
  }
  let lines = "";
  for (const [name, value] of new Headers(headers)) lines += `${name}: ${value}\r\n`;
  return { lines, data };
}

/** Publishes to all subscribers: `Server.publish`. */
export function publish(server, topic, data, compress) {
  if (typeof topic !== "string" || topic === "") throw new Error("publish requires a topic string");
  const payload = payloadOf(data, "publish");
  if (!(payload instanceof Blob)) return native.publish(server, topic, payload, compress !== false);
  payload.arrayBuffer().then((buffer) => {
    native.publish(server, topic, new Uint8Array(buffer), compress !== false);
  });
  return payload.size;
}

