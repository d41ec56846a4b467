/**
 * Bodies of Requests and Responses: what may be given as one, what type it has, and how it is read.
 *
 * A holder (a Request or Response) keeps its body in `_body` as one of
 *  - null: there is none
 *  - a string, or a Uint8Array that nobody else can change
 *  - a Blob, a Later (bytes that are on their way), or a ReadableStream
 *  - UNREAD: it is still with the engine, in the slot of the request
 * and in `_used` whether it was taken.
 */
import { Blob } from "node:buffer";
import { bodyOfForm, readFormData } from "./form_data.js";
import { hasUnreadBody, streamOfSlot, takeFromSlot } from "./slot_body.js";
import { alreadyUsed } from "./wrong.js";

export const TEXT_TYPE = "text/plain;charset=utf-8";
const FORM_TYPE = "application/x-www-form-urlencoded;charset=UTF-8";
export const UNREAD = Symbol("unread");

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Node's module of streams is loaded when the first body is one. */
function isDisturbed(stream) {
  return process.getBuiltinModule("node:stream").isDisturbed(stream);
}

export function isDisturbedOrLocked(stream) {
  return stream.locked || isDisturbed(stream);
}

/** Bytes that will be there later. `start` is called once, when they are first wanted. */
export class Later {
  constructor(start) {
    this._start = start;
    this._bytes = null;
  }

  bytes() {
    return (this._bytes ??= this._start());
  }
}

/**
 * Puts a value that is neither a string nor nothing into `holder._body` and returns its type, or
 * null.
 */
export function extract(holder, value) {
  if (typeof value !== "object" && typeof value !== "function") return extractText(holder, value);
  if (value instanceof Uint8Array) {
    holder._body = new Uint8Array(value);
  } else if (ArrayBuffer.isView(value)) {
    holder._body = bytesOfView(value);
  } else if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    holder._body = new Uint8Array(value).slice();
  } else {
    return extractObject(holder, value);
  }
  return null;
}

/** A copy of what a view shows. */
function bytesOfView(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
}

function extractText(holder, value) {
  holder._body = `${value}`;
  return TEXT_TYPE;
}

function extractObject(holder, value) {
  if (value instanceof Blob) {
    holder._body = value;
    return typeOf(value);
  }
  if (value instanceof URLSearchParams) {
    holder._body = value.toString();
    return FORM_TYPE;
  }
  if (value instanceof ReadableStream) {
    if (isDisturbedOrLocked(value)) {
      throw new TypeError("Body object should not be disturbed or locked");
    }
    holder._body = value;
    return null;
  }
  if (value[Symbol.toStringTag] === "FormData") {
    const { body, type } = bodyOfForm(value);
    holder._body = body;
    return type;
  }
  return extractIterable(holder, value);
}

/** A Blob's own type is harmless, but a subclass may tell another. */
function typeOf(blob) {
  const { type } = blob;
  return typeof type === "string" && /^[\x20-\x7e]+$/.test(type) ? type : null;
}

/** Async iterables and async generator functions, as in Bun; anything else is sent as its text. */
function extractIterable(holder, value) {
  if (!isIterable(value)) return extractText(holder, value);
  holder._body = streamOfIterable(value);
  return null;
}

export function isIterable(value) {
  return isGenerator(value) || typeof value[Symbol.asyncIterator] === "function";
}

export function streamOfIterable(value) {
  return ReadableStream.from(isGenerator(value) ? value() : value);
}

function isGenerator(value) {
  return Object.prototype.toString.call(value) === "[object AsyncGeneratorFunction]";
}

/** Whether the body was read from, or handed on. A body that is not there is never used. */
export function isUsed(holder) {
  const body = holder._body;
  if (body === null) return false;
  return holder._used || (body instanceof ReadableStream && isDisturbed(body));
}

function assertUsable(holder) {
  if (holder._used === undefined) throw new TypeError("not a Request or Response of Bao");
  if (isUsed(holder)) throw alreadyUsed();
  if (holder._body instanceof ReadableStream && holder._body.locked) {
    throw alreadyUsed("Body already used: its stream is locked, because somebody is reading it");
  }
}

/**
 * Takes the body: null, a string (only if `asText`, or if it is one), a Uint8Array, or a promise of
 * one of them. Throws a TypeError if it was taken before.
 */
export function take(holder, asText) {
  if (holder._used !== false || typeof holder._body === "object") assertUsable(holder);
  const body = holder._body;
  if (body === null) return null;
  holder._used = true;
  if (body === UNREAD) return takeFromSlot(holder, asText);
  return typeof body === "string" || body instanceof Uint8Array ? body : bytesOf(body);
}

/** The bytes of a Blob, a Later or a stream. */
function bytesOf(body) {
  if (body instanceof Later) return body.bytes();
  if (body instanceof Blob) return body.arrayBuffer().then((buffer) => new Uint8Array(buffer));
  return bytesOfStream(body);
}

/** Takes the body if it is a stream; null if it is anything else. Throws if it was taken before. */
export function takeStream(holder) {
  const body = holder._body;
  if (body === null || typeof body !== "object" || !(body instanceof ReadableStream)) return null;
  assertUsable(holder);
  holder._used = true;
  return body;
}

/** Takes the body away from a holder that is to have none. Whoever makes its stream is told. */
export function dropBody(holder) {
  const body = holder._body;
  holder._body = null;
  if (body === null || typeof body !== "object" || !(body instanceof ReadableStream)) return;
  if (!body.locked) body.cancel().catch(() => {});
}

/** Everything that a stream gives. */
export async function bytesOfStream(stream) {
  const reader = stream.getReader();
  const chunks = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return joined(chunks);
      // A copy: the chunk may be a buffer that is used again.
      chunks.push(typeof value === "string" ? bytesOfChunk(value) : bytesOfChunk(value).slice());
    }
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    reader.releaseLock();
  }
}

export function joined(chunks) {
  if (chunks.length === 1) return chunks[0];
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** What a chunk of a stream holds; of bytes a view, no copy. */
export function bytesOfChunk(chunk) {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === "string") return encoder.encode(chunk);
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new TypeError("Expected text, ArrayBuffer or ArrayBufferView as a chunk of a body");
}

function toText(value) {
  if (value === null) return "";
  return typeof value === "string" ? value.toWellFormed() : decoder.decode(value);
}

function toJson(value) {
  return JSON.parse(toText(value));
}

function toBytes(value) {
  if (value === null) return new Uint8Array(0);
  return typeof value === "string" ? encoder.encode(value) : value;
}

/** The bytes with an ArrayBuffer of exactly their length. */
function toBuffer(value) {
  const bytes = toBytes(value);
  const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  return whole ? bytes.buffer : new Uint8Array(bytes).buffer;
}

/** Whether there is a body, used or not. */
export function hasBody(holder) {
  return holder._body === UNREAD ? hasUnreadBody(holder) : holder._body !== null;
}

/** The body as a stream; the holder keeps the stream from then on. */
function stream(holder) {
  const body = holder._body;
  if (body === null || body instanceof ReadableStream) return body;
  if (holder._used) return closedStream(holder);
  if (body === UNREAD && !hasUnreadBody(holder)) return null;
  return (holder._body = body === UNREAD ? streamOfSlot(holder) : streamOf(body));
}

/** Stands for a body that was taken already: locked, as the platform's is. */
function closedStream(holder) {
  const closed = streamOf("");
  closed.getReader();
  return (holder._body = closed);
}

function streamOf(body) {
  if (body instanceof Blob) return body.stream();
  return streamOfBytes(() => (body instanceof Later ? body.bytes() : toBytes(body)));
}

/** A byte stream of one chunk, a copy. `bytes` gives it, or a promise of it, when it is wanted. */
function streamOfBytes(bytes) {
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const chunk = await bytes();
      if (chunk.length > 0) controller.enqueue(new Uint8Array(chunk));
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

/** A body that is still with the engine, to be asked for when somebody wants it. */
function laterOf(holder) {
  return new Later(async () => toBytes(await takeFromSlot(holder, false)));
}

/** The body for a second holder; streams are split in two. Throws if it was taken. */
export function shareBody(holder) {
  assertUsable(holder);
  if (holder._body === UNREAD) holder._body = laterOf(holder);
  const body = holder._body;
  if (body instanceof Uint8Array) return new Uint8Array(body);
  if (!(body instanceof ReadableStream)) return body;
  const [first, second] = body.tee();
  holder._body = first;
  return second;
}

/** Takes the body away for another holder. Throws if it was taken before. */
export function moveBody(holder) {
  assertUsable(holder);
  const body = holder._body === UNREAD ? laterOf(holder) : holder._body;
  if (body !== null) holder._used = true;
  return body;
}

/** A promise of the body, converted; settled at once if the body is here. */
function read(holder, asText, convert) {
  try {
    const value = take(holder, asText);
    if (value instanceof Promise) return handled(value.then(convert));
    return Promise.resolve(convert(value));
  } catch (error) {
    return handled(Promise.reject(error));
  }
}

function asPromise(action, argument) {
  return new Promise((resolve) => resolve(action(argument)));
}

/**
 * A program may begin to read a body and answer without waiting for it, or wait for something else
 * first. That its client has gone, or sent no JSON, is no error that should end the process then.
 */
function handled(promise) {
  promise.catch(() => {});
  return promise;
}

const members = {
  text() {
    return read(this, true, toText);
  },

  json() {
    return read(this, true, toJson);
  },

  bytes() {
    return read(this, false, toBytes);
  },

  arrayBuffer() {
    return read(this, false, toBuffer);
  },

  blob() {
    const type = this.headers.get("content-type") ?? "";
    if (this._body instanceof Blob && this._body.type === type) return asPromise(moveBody, this);
    return read(this, false, (value) => new Blob(value === null ? [] : [value], { type }));
  },

  formData(...options) {
    const type = this.headers.get("content-type") ?? "";
    return read(this, false, (value) => readFormData(type, toBytes(value), options[0]));
  },

  textStream() {
    return (stream(this) ?? streamOf("")).pipeThrough(new TextDecoderStream());
  },

  get body() {
    return stream(this);
  },

  get bodyUsed() {
    return isUsed(this);
  },
};

/** Gives a class the members that Request and Response have in common. */
export function defineBody(Class) {
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(members))) {
    Object.defineProperty(Class.prototype, name, property);
  }
}
