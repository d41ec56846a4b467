/** Bun.ArrayBufferSink: gathers text and bytes. */
import { joined } from "../lib/body.js";
import { wrongType } from "../lib/wrong.js";

const encoder = new TextEncoder();

export class ArrayBufferSink {
  #chunks = [];
  #streams = false;
  #asUint8Array = false;

  /** Begins anew. With `stream`, `flush` gives what was written since. */
  start({ stream = false, asUint8Array = false } = {}) {
    this.#chunks = [];
    this.#streams = stream;
    this.#asUint8Array = asUint8Array;
  }

  /** Gives the number of bytes. */
  write(chunk) {
    const bytes = bytesOf(chunk);
    this.#chunks.push(bytes);
    return bytes.length;
  }

  flush() {
    return this.#streams ? this.#take() : 0;
  }

  /** Gives what was written, or what is left of it. */
  end() {
    return this.#take();
  }

  #take() {
    const whole = joined(this.#chunks);
    this.#chunks = [];
    return this.#asUint8Array ? whole : whole.buffer;
  }
}

/** A copy with a buffer of its own. */
function bytesOf(chunk) {
  if (typeof chunk === "string") return new Uint8Array(encoder.encode(chunk));
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice();
  }
  if (chunk instanceof ArrayBuffer || chunk instanceof SharedArrayBuffer) {
    return new Uint8Array(chunk).slice();
  }
  throw wrongType("write() expects a string, ArrayBufferView, or ArrayBuffer");
}
