/** A WebSocket client of bytes: it sends exactly the frames that it is told to, right or wrong. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { createDeflateRaw, createInflateRaw, constants } from "node:zlib";

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** What a sync flush ends with, and a compressed message goes without (RFC 7692 section 7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/**
 * A client's frame.
 * @param more `fin`, `rsv` (0 to 7), `masked`, `announced` (a length other than the payload's) and
 *   `lengthBytes` (0, 2 or 8; the shortest form if left out)
 */
export function frame(opcode, payload = "", more = {}) {
  const bytes = Buffer.from(payload);
  const { fin = true, rsv = 0, masked = true, announced = bytes.length } = more;
  const shortest = announced < 126 ? 0 : announced < 65536 ? 2 : 8;
  const { lengthBytes = shortest } = more;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  head.push((masked ? 0x80 : 0) | (lengthBytes === 0 ? announced : lengthBytes === 2 ? 126 : 127));
  for (let i = lengthBytes - 1; i >= 0; i--) {
    head.push(Number((BigInt(announced) >> BigInt(8 * i)) & 0xffn));
  }
  if (!masked) return Buffer.concat([Buffer.from(head), bytes]);
  const key = randomBytes(4);
  const text = Buffer.from(bytes.map((byte, i) => byte ^ key[i % 4]));
  return Buffer.concat([Buffer.from(head), key, text]);
}

/** A message in frames of those payloads. */
export function fragments(opcode, payloads, rsv = 0) {
  return payloads.map((payload, i) =>
    frame(i === 0 ? opcode : CONTINUATION, payload, {
      fin: i === payloads.length - 1,
      rsv: i === 0 ? rsv : 0,
    }),
  );
}

/** The payload of a Close frame. */
export function closing(code, reason = "") {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

/** Those bytes in pieces of that size. */
export function chopped(bytes, size) {
  const pieces = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

/** Runs bytes through a stream of zlib's and flushes it. */
function through(stream, bytes) {
  return new Promise((resolve, reject) => {
    const parts = [];
    const take = (part) => parts.push(part);
    stream.on("data", take);
    stream.once("error", reject);
    stream.write(bytes);
    stream.flush(constants.Z_SYNC_FLUSH, () => {
      stream.off("data", take);
      stream.off("error", reject);
      resolve(Buffer.concat(parts));
    });
  });
}

/** Compresses messages as a client does (RFC 7692 section 7.2.1). */
export class Deflater {
  #stream = null;

  constructor({ windowBits = 15, keepContext = true, ...options } = {}) {
    this.options = { windowBits, ...options };
    this.keepContext = keepContext;
  }

  async message(payload) {
    this.#stream ??= createDeflateRaw(this.options);
    const bytes = await through(this.#stream, Buffer.from(payload));
    if (!this.keepContext) this.#stream = null;
    assert.deepEqual(bytes.subarray(-4), TAIL);
    return bytes.subarray(0, -4);
  }
}

/** Decompresses a server's messages (RFC 7692 section 7.2.2). */
export class Inflater {
  #stream = null;

  constructor({ windowBits = 15, keepContext = true } = {}) {
    this.options = { windowBits };
    this.keepContext = keepContext;
  }

  async message(payload) {
    this.#stream ??= createInflateRaw(this.options);
    const bytes = await through(this.#stream, Buffer.concat([payload, TAIL]));
    if (!this.keepContext) this.#stream = null;
    return bytes;
  }
}

export class RawClient {
  #received = Buffer.alloc(0);
  #wake = () => {};
  /** How the server ended it: "" (not yet), "end" or "reset". */
  end = "";

  constructor(url) {
    this.socket = connect(Number(new URL(url).port), "127.0.0.1");
    this.socket.setNoDelay(true);
    const ended = (how) => {
      this.end ||= how;
      this.#wake();
    };
    this.socket.on("data", (data) => {
      this.#received = Buffer.concat([this.#received, data]);
      this.#wake();
    });
    this.socket.on("end", () => ended("end"));
    this.socket.on("error", () => ended("reset"));
    this.socket.on("close", () => ended("end"));
  }

  /** Opens a WebSocket; `behind` is sent with the handshake. */
  static async open(url, { fields = "", behind = "" } = {}) {
    const client = new RawClient(url);
    const { pathname, search } = new URL(url);
    const head =
      `GET ${pathname}${search} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n` +
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${fields}\r\n`;
    client.write(Buffer.concat([Buffer.from(head), Buffer.from(behind)]));
    let size = -1;
    await client.#until(() => (size = client.#received.indexOf("\r\n\r\n")) >= 0);
    client.head = client.#take(size + 4).toString("latin1");
    assert.match(client.head, /^HTTP\/1\.1 101 /);
    assert.match(client.head, /^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$/im);
    return client;
  }

  /** What the server has chosen of the extensions; "" for none. */
  get extensions() {
    return /^Sec-WebSocket-Extensions: (.*)\r$/im.exec(this.head)?.[1] ?? "";
  }

  write(bytes) {
    this.socket.write(bytes);
  }

  /** Writes each piece in a turn of its own, so that the server is likely to read it alone. */
  async writeSlowly(pieces) {
    for (const piece of pieces) {
      if (this.socket.destroyed) return;
      this.socket.write(piece);
      await turn();
    }
  }

  send(opcode, payload, more) {
    this.write(frame(opcode, payload, more));
  }

  async #until(condition) {
    while (!condition()) {
      if (this.end !== "") return false;
      await new Promise((resolve) => (this.#wake = resolve));
    }
    return true;
  }

  #take(size) {
    const bytes = this.#received.subarray(0, size);
    this.#received = this.#received.subarray(size);
    return bytes;
  }

  async #bytes(size) {
    const there = await this.#until(() => this.#received.length >= size);
    if (!there && this.#received.length < size) return null;
    return this.#take(size);
  }

  /** The next frame, `{ fin, rsv, opcode, payload }`; null at the connection's end. */
  async next() {
    const head = await this.#bytes(2);
    if (head === null) return null;
    assert.equal(head[1] & 0x80, 0, "a server does not mask (RFC 6455 section 5.1)");
    let length = head[1] & 0x7f;
    if (length > 125) {
      const bytes = await this.#bytes(length === 126 ? 2 : 8);
      const shortest = length === 126 ? 126 : 65536;
      length = Number(BigInt(`0x${bytes.toString("hex")}`));
      assert.ok(length >= shortest, "a length in its shortest form (section 5.2)");
    }
    const payload = await this.#bytes(length);
    assert.notEqual(payload, null, "a whole frame");
    const [first] = head;
    return { fin: first >= 0x80, rsv: (first >> 4) & 7, opcode: first & 15, payload };
  }

  /** The next frame must be this one, whole and not compressed. */
  async expect(opcode, payload) {
    const got = await this.next();
    assert.ok(got !== null, `the connection has ended (${this.end})`);
    const { code } = closeOf(got);
    assert.equal(got.opcode, opcode, code === null ? undefined : `closed with ${code}`);
    assert.equal(got.fin, true);
    assert.equal(got.rsv, 0);
    assert.ok(got.payload.equals(Buffer.from(payload)), `not ${got.payload.length} other bytes`);
  }

  /** What follows must be a Close frame of that code, and the end. */
  async expectClose(code) {
    const got = await this.next();
    assert.ok(got !== null, `no Close frame but the connection's end (${this.end})`);
    assert.equal(got.opcode, CLOSE, `not a frame of ${JSON.stringify(got.payload.toString())}`);
    assert.equal(closeOf(got).code, code, closeOf(got).reason);
    assert.equal(await this.next(), null);
    assert.equal(this.end, "end", "the Close frame is not lost in a reset");
    this.socket.destroy();
    return closeOf(got).reason;
  }

  /** Closes it from this side. */
  async finish() {
    this.send(CLOSE, closing(1000));
    await this.expectClose(1000);
  }
}

function closeOf({ opcode, payload }) {
  if (opcode !== CLOSE) return { code: null };
  if (payload.length === 0) return { code: 1005, reason: "" };
  return { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
}
