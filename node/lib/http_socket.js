/**
 * The socket of `bao/http`: one for each connection. While that speaks HTTP its bytes are the
 * engine's, and the socket tells who is there, ends the connection and counts time. Once it has
 * left HTTP (`takeOver`) it is the Duplex of its bytes.
 */
import { EventEmitter } from "node:events";
import { Duplex } from "node:stream";

import { tellOfConnections } from "./links.js";
import * as native from "./native.js";

/** What native.tunnelWrite says. */
const BEHIND = 1;
const OVER = 2;
/** Pieces that are written together are joined up to so many bytes. */
const MOST_JOINED = 65536;
const NO_ADDRESS = { address: undefined, port: undefined, family: undefined };
/** Events for which a stream does more than to note who listens. */
const OF_STREAMS = new Set(["data", "readable", "end", "pipe", "drain", "finish"]);

/** By their numbers: the connections that the addon and JavaScript know. */
const sockets = [];

/** The socket of a connection, whose number is 0 if there is none. */
export function socketOf(number, server) {
  return sockets[number] ?? new HttpSocket(number, server);
}

/**
 * A Duplex that becomes one when it is first used as one, because most never are: what streams do
 * begins with a look at their states.
 */
function LazyDuplex() {
  this._events = undefined;
  this._eventsCount = 0;
  this._maxListeners = undefined;
}
Object.setPrototypeOf(LazyDuplex.prototype, Duplex.prototype);
for (const name of ["_readableState", "_writableState"]) {
  Object.defineProperty(LazyDuplex.prototype, name, {
    configurable: true,
    get() {
      become(this);
      return this[name];
    },
    set(value) {
      Object.defineProperty(this, name, {
        value, writable: true, configurable: true, enumerable: false,
      });
    },
  });
}

const STREAM_OPTIONS = { allowHalfOpen: true, autoDestroy: true, emitClose: false };

function become(socket) {
  if (socket._isStream) return;
  socket._isStream = true;
  const { _events, _eventsCount, _maxListeners } = socket;
  Duplex.call(socket, STREAM_OPTIONS);
  if (_events !== undefined) Object.assign(socket, { _events, _eventsCount, _maxListeners });
}

const stateOfStream = (name) => Object.getOwnPropertyDescriptor(Duplex.prototype, name)?.get;
const isDestroyed = stateOfStream("destroyed");
const isWritable = stateOfStream("writable");
const isReadable = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Duplex.prototype), "readable").get;

export class HttpSocket extends LazyDuplex {
  constructor(number, server) {
    super();
    this._number = number;
    this.server = server;
    /** The exchange that is under way. */
    this._exchange = null;
    this._httpMessage = null;
    this._isStream = false;
    /** Whether the bytes are the program's. */
    this._isRaw = false;
    /** Whether the engine has refused what came, and answered it. */
    this._isRefused = false;
    this._isGone = false;
    this._resets = false;
    this._requests = 0;
    this._peer = undefined;
    this._local = undefined;
    this._security = undefined;
    this._timer = null;
    this.timeout = undefined;
    /** What waits for a slow client to take what was written. */
    this._written = null;
    if (number > 0) sockets[number] = this;
  }

  // -- Who is there

  /** Asks who the client is, as long as that is known. */
  remember() {
    if (this._peer === undefined && !this._isGone) this._peer = native.connectionPeer(this._number);
    return this._peer ?? NO_ADDRESS;
  }

  #own() {
    if (this._local === undefined && !this._isGone) {
      this._local = native.connectionLocal(this._number);
    }
    return this._local ?? NO_ADDRESS;
  }

  #facts() {
    if (this._security === undefined && !this._isGone) {
      this._security = native.connectionSecurity(this._number);
    }
    return this._security ?? null;
  }

  get remoteAddress() {
    return this.remember().address;
  }

  get remotePort() {
    return this.remember().port;
  }

  get remoteFamily() {
    return this.remember().family;
  }

  get localAddress() {
    return this.#own().address;
  }

  get localPort() {
    return this.#own().port;
  }

  get localFamily() {
    return this.#own().family;
  }

  address() {
    const { address, family, port } = this.#own();
    return address === undefined ? {} : { address, family, port };
  }

  /** As of node:tls; undefined, and not false, without TLS. */
  get encrypted() {
    return this.server._isSecure ? true : undefined;
  }

  get authorized() {
    if (!this.server._isSecure) return undefined;
    return this.#facts()?.authorized ?? false;
  }

  get authorizationError() {
    return this.#facts()?.authorizationError || null;
  }

  /** The name that the client asked for; false, as of node:tls, if it named none. */
  get servername() {
    return this.server._isSecure ? this.#facts()?.serverName || false : undefined;
  }

  getPeerX509Certificate() {
    const certificate = this.#facts()?.certificate;
    const { X509Certificate } = process.getBuiltinModule("node:crypto");
    return certificate ? new X509Certificate(certificate) : undefined;
  }

  getPeerCertificate() {
    return this.getPeerX509Certificate()?.toLegacyObject() ?? {};
  }

  getProtocol() {
    return this.#facts()?.protocol ?? null;
  }

  getCipher() {
    const facts = this.#facts();
    if (facts === null) return {};
    return { name: facts.cipher, standardName: facts.cipher, version: facts.protocol };
  }

  // -- Its state

  get destroyed() {
    return this._isGone || (this._isStream && isDestroyed.call(this));
  }

  /** Of a stream. */
  set destroyed(value) {
    this._isGone = value;
  }

  get readable() {
    return this._isRaw ? isReadable.call(this) : !this.destroyed;
  }

  get writable() {
    return this._isRaw ? isWritable.call(this) : !this.destroyed && !this._isRefused;
  }

  get writableNeedDrain() {
    return this._exchange === null ? false : this._exchange.isBehind;
  }

  /** What node:http looks at before it gives bytes to a socket; here they go elsewhere. */
  get writableCorked() {
    return this._isRaw ? this._writableState.corked : 1;
  }

  get readableHighWaterMark() {
    return 65536;
  }

  get writableHighWaterMark() {
    return 65536;
  }

  get allowHalfOpen() {
    return true;
  }

  /** Of a stream. */
  set allowHalfOpen(value) {
    Object.defineProperty(this, "allowHalfOpen", { value, writable: true, configurable: true });
  }

  get connecting() {
    return false;
  }

  get pending() {
    return false;
  }

  get readyState() {
    if (this.destroyed) return "closed";
    if (this.readable) return this.writable ? "open" : "readOnly";
    return this.writable ? "writeOnly" : "closed";
  }

  // -- As an emitter

  on(event, listener) {
    const owner = this._isStream || OF_STREAMS.has(event) ? Duplex : EventEmitter;
    return owner.prototype.on.call(this, event, listener);
  }

  addListener(event, listener) {
    return this.on(event, listener);
  }

  removeListener(event, listener) {
    const owner = this._isStream ? Duplex : EventEmitter;
    return owner.prototype.removeListener.call(this, event, listener);
  }

  off(event, listener) {
    return this.removeListener(event, listener);
  }

  cork() {
    if (this._isRaw) super.cork();
  }

  uncork() {
    if (this._isRaw) super.uncork();
  }

  // -- Bytes, once they are the program's

  /**
   * Takes the connection away from HTTP, with the reply that is due. Gives what was read behind the
   * request; null if that cannot be.
   */
  takeOver() {
    const exchange = this._exchange;
    if (exchange === null || exchange._slot < 0) return null;
    const head = native.handOver(exchange._slot);
    if (head === null) return null;
    exchange.handedOver();
    become(this);
    this._writableState.corked = 0;
    this._isRaw = true;
    this.setTimeout(0);
    // As node:net: until its buffer is full, so that who does not read yet hears of the end.
    native.tunnelRead(this._number, true);
    return Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  }

  /** Who writes to a socket before it has left HTTP takes it over so. */
  #isTaken() {
    if (this._isRaw) return true;
    const head = this.takeOver();
    if (head === null) return false;
    if (head.length > 0) this.push(head);
    // As in node:http, whose own listener takes them, such errors end nothing but the connection.
    this.on("error", () => {});
    return true;
  }

  _read() {
    if (this._isRaw) native.tunnelRead(this._number, true);
  }

  _write(chunk, encoding, callback) {
    if (this._isRefused) return callback();
    if (!this.#isTaken()) return callback(brokenPipe());
    this.#sent(native.tunnelWrite(this._number, chunk), callback);
  }

  _writev(pieces, callback) {
    if (this._isRefused) return callback();
    if (!this.#isTaken()) return callback(brokenPipe());
    const chunks = pieces.map(({ chunk }) => chunk);
    const size = chunks.reduce((sum, { length }) => sum + length, 0);
    let result = 0;
    if (size <= MOST_JOINED) {
      result = native.tunnelWrite(this._number, Buffer.concat(chunks, size));
    } else {
      for (const chunk of chunks) result = native.tunnelWrite(this._number, chunk);
    }
    this.#sent(result, callback);
  }

  #sent(result, callback) {
    this.refreshTimer();
    if (result === BEHIND) this._written = callback;
    else callback(result === OVER ? brokenPipe() : undefined);
  }

  _final(callback) {
    // The engine ends a connection that speaks HTTP when its reply is sent.
    if (this._isRaw) native.tunnelEnd(this._number);
    callback();
  }

  _destroy(error, callback) {
    const number = this._number;
    this._isGone = true;
    this.#stopTimer();
    if (sockets[number] === this) {
      sockets[number] = undefined;
      // Whoever has the request hears of it before those who have the socket.
      this._exchange?.cut();
      native.connectionDrop(number, this._resets);
    }
    this._number = 0;
    const written = this._written;
    this._written = null;
    if (written !== null) process.nextTick(written, error ?? brokenPipe());
    // As in node:http, an error of a connection that speaks HTTP ends nothing but that.
    const isTold = this._isRaw || this.listenerCount("error") > 0;
    callback(isTold ? error : null);
    process.nextTick(tellClose, this, Boolean(error));
  }

  /** Ends the connection, which the client sees as a failure. */
  resetAndDestroy() {
    this._resets = true;
    return this.destroy();
  }

  /** Ends it once all is sent that was written. */
  destroySoon() {
    if (!this._isRaw) return void this.destroy();
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", this.destroy);
  }

  // -- Time

  /** How long nothing may move: then `timeout` is emitted. 0: for ever. */
  setTimeout(milliseconds, callback) {
    const span = Number(milliseconds);
    if (!(span >= 0) || span > 2 ** 31 - 1) {
      const sentence = `The value of "msecs" is out of range. Received ${milliseconds}`;
      throw Object.assign(new RangeError(sentence), { code: "ERR_OUT_OF_RANGE" });
    }
    this.timeout = span;
    this.#stopTimer();
    if (span > 0 && !this.destroyed) this._timer = setTimeout(timedOut, span, this).unref();
    if (typeof callback === "function") {
      if (span > 0) this.once("timeout", callback);
      else this.removeListener("timeout", callback);
    }
    return this;
  }

  #stopTimer() {
    if (this._timer === null) return;
    clearTimeout(this._timer);
    this._timer = null;
  }

  /** Something has moved. */
  refreshTimer() {
    if (this._timer !== null) this._timer.refresh();
  }

  // -- For the exchanges

  /** Another request has come. */
  begin(exchange) {
    this._exchange = exchange;
    this._requests++;
    const { timeout } = this.server;
    if (timeout > 0) this.setTimeout(timeout);
    else this.refreshTimer();
  }

  /** Its reply is on its way: between requests the engine counts. */
  done(exchange) {
    if (this._exchange !== exchange) return;
    this._exchange = null;
    this._httpMessage = null;
    if (this._timer !== null) this.setTimeout(0);
  }

  // -- For the table

  _dataCame(bytes) {
    this.refreshTimer();
    const more = this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (!more) native.tunnelRead(this._number, false);
  }

  _endCame() {
    this.push(null);
    // Who reads nothing at all must hear of it, too, as of node:net.
    if (this.readableLength === 0) this.read(0);
  }

  _drained() {
    const written = this._written;
    this._written = null;
    this.refreshTimer();
    if (written !== null) written();
  }

  _closed(isBroken) {
    sockets[this._number] = undefined;
    this._number = 0;
    if (this._isRaw) return this.#rawClosed(isBroken);
    this._isGone = true;
    this.#stopTimer();
    // Behind what the reply says that has ended it.
    if (this._isStream || this._eventsCount > 0) process.nextTick(destroyed, this);
  }

  /** Both ends have ended in order: what has come is still to be read, and then it ends itself. */
  #rawClosed(isBroken) {
    const isOrderly = !isBroken && this._readableState.ended && this.writableEnded;
    if (isOrderly && !this.readableEnded) return;
    this.destroy(isBroken ? connectionReset() : undefined);
  }

  // What the engine does anyway, or by itself.
  setNoDelay() {
    return this;
  }
  setKeepAlive() {
    return this;
  }
  ref() {
    if (this._isRaw && !this.destroyed) native.tunnelReference(this._number, true);
    return this;
  }
  unref() {
    if (this._isRaw && !this.destroyed) native.tunnelReference(this._number, false);
    return this;
  }
}

function destroyed(socket) {
  socket.destroy();
}

function tellClose(socket, hadError) {
  socket.emit("close", hadError);
}

/** As in node:http: unless somebody else takes care, the connection ends. */
function timedOut(socket) {
  socket._timer = null;
  if (socket._isRaw) return void socket.emit("timeout");
  const { request, response } = socket._exchange ?? {};
  const heard = [
    request !== undefined && !request.complete && request.emit("timeout", socket),
    response && response.emit("timeout", socket),
    socket.server.emit("timeout", socket),
  ];
  if (!heard.includes(true)) socket.destroy();
  socket.emit("timeout");
}

function connectionReset() {
  const error = new Error("read ECONNRESET");
  return Object.assign(error, { errno: -104, code: "ECONNRESET", syscall: "read" });
}

function brokenPipe() {
  const error = new Error("write EPIPE");
  return Object.assign(error, { errno: -32, code: "EPIPE", syscall: "write" });
}

/** The kinds of events of connections; see native.d.ts. */
const CONNECTED = 0;
const DATA = 1;
const END = 2;
const DRAIN = 3;
const CLOSED = 4;
const REFUSED = 5;

/** Servers by the number of their table. */
const servers = new Map();

export function addServer(table, server) {
  servers.set(table, server);
}

export function removeServer(table) {
  servers.delete(table);
}

tellOfConnections((number, event, table, value, payload) => {
  if (event === CONNECTED || event === REFUSED) {
    const server = servers.get(table);
    if (server === undefined) return;
    const socket = socketOf(number, server);
    if (event === CONNECTED) server._connected(socket);
    else server._refused(socket, value, payload);
    return;
  }
  const socket = sockets[number];
  if (socket === undefined) return;
  if (event === DATA) socket._dataCame(payload);
  else if (event === END) socket._endCame();
  else if (event === DRAIN) socket._drained();
  else if (event === CLOSED) socket._closed(value === 1);
});
