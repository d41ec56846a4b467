/**
 * What programs ask of the socket of a request: addresses, TLS, timeouts, its end. The bytes are
 * the engine's, so nothing can be read or written here. Each request has its own.
 */
import { EventEmitter } from "node:events";

import * as native from "./native.js";

/** What node:http looks at before it gives bytes to a socket; here they go elsewhere. */
const WRITABLE_STATE = { corked: 0 };
const NO_ADDRESS = { address: undefined, port: undefined, family: undefined };

/** An EventEmitter that becomes one with its first listener: most have none. */
function Emitter() {
  this._events = undefined;
  this._eventsCount = 0;
  this._maxListeners = undefined;
}
Object.setPrototypeOf(Emitter.prototype, EventEmitter.prototype);

export class HttpSocket extends Emitter {
  constructor(exchange) {
    super();
    this._exchange = exchange;
    this._peer = undefined;
    this._httpMessage = null;
    this.destroyed = false;
    this.server = exchange.server;
  }

  /** Who sent the request, as long as that is known. */
  remember() {
    const { _slot } = this._exchange;
    if (this._peer === undefined && _slot >= 0) this._peer = native.peer(_slot) ?? NO_ADDRESS;
    return this._peer ?? NO_ADDRESS;
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
    return this.server.address()?.address;
  }

  get localPort() {
    return this.server.address()?.port;
  }

  /** As of node:tls; undefined, and not false, without TLS. */
  get encrypted() {
    return this.server._isSecure ? true : undefined;
  }

  get authorized() {
    const facts = this.#security();
    return facts !== null && Boolean(facts.certificate) && !facts.authorizationError;
  }

  get authorizationError() {
    return this.#security()?.authorizationError || null;
  }

  getPeerX509Certificate() {
    const certificate = this.#security()?.certificate;
    const { X509Certificate } = process.getBuiltinModule("node:crypto");
    return certificate ? new X509Certificate(certificate) : undefined;
  }

  getPeerCertificate() {
    return this.getPeerX509Certificate()?.toLegacyObject() ?? {};
  }

  getProtocol() {
    return this.#security()?.protocol ?? null;
  }

  #security() {
    const { _slot } = this._exchange;
    return _slot >= 0 ? native.security(_slot) : null;
  }

  get readable() {
    return !this.destroyed;
  }

  get writable() {
    return !this.destroyed;
  }

  get readyState() {
    return this.destroyed ? "closed" : "open";
  }

  get readableHighWaterMark() {
    return 65536;
  }

  get writableHighWaterMark() {
    return 65536;
  }

  get writableLength() {
    return 0;
  }

  get writableNeedDrain() {
    return this._exchange.isBehind;
  }

  get _writableState() {
    return WRITABLE_STATE;
  }

  address() {
    return this.server.address() ?? {};
  }

  /** How long nothing may move until the reply is sent; the engine then ends the connection. */
  setTimeout(milliseconds, callback) {
    if (callback) this.once("timeout", callback);
    const { _slot } = this._exchange;
    if (_slot >= 0) native.setTimeout(_slot, milliseconds);
    return this;
  }

  /** Ends the connection. */
  destroy() {
    this._exchange.cut();
    this.destroyed = true;
    return this;
  }

  destroySoon() {
    return this.destroy();
  }

  /** The connection is gone. */
  ended() {
    this.destroyed = true;
    this.emit("close", false);
  }

  // What the engine does anyway, or by itself.
  cork() {}
  uncork() {}
  pause() {
    return this;
  }
  resume() {
    return this;
  }
  setNoDelay() {
    return this;
  }
  setKeepAlive() {
    return this;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
}
