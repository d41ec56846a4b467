/** Bun's functions for bytes and for streams of them. */
import { wrongType } from "../lib/wrong.js";

/** Joined, up to a length. */
export function concatArrayBuffers(buffers, most = Infinity, asUint8Array = false) {
  const parts = [...buffers].map(bytesOf);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const whole = new Uint8Array(Math.min(length, most));
  let at = 0;
  for (const part of parts) {
    const rest = part.subarray(0, whole.length - at);
    whole.set(rest, at);
    at += rest.length;
  }
  return asUint8Array ? whole : whole.buffer;
}

function bytesOf(value) {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return new Uint8Array(value);
  }
  throw wrongType("buffer must be an ArrayBuffer or ArrayBufferView");
}

/** Where the next line ends; -1 if none does. */
export function indexOfLine(buffer, from = 0) {
  return bytesOf(buffer).indexOf(0x0a, from);
}

/** A form that a stream holds: multipart if its boundary is given, else as URLs have it. */
export function readableStreamToFormData(stream, boundary) {
  const given = ArrayBuffer.isView(boundary) ? new TextDecoder().decode(boundary) : boundary;
  const type =
    given === undefined
      ? "application/x-www-form-urlencoded"
      : `multipart/form-data; boundary="${given}"`;
  return new Response(stream, { headers: { "Content-Type": type } }).formData();
}
