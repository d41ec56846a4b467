/**
 * The body of a request that the engine still has: taken at once if it is all here, else waited
 * for.
 */
import { announcesBody } from "./head.js";
import { native } from "./slots.js";

/**
 * Who waits for something about a request: a reader of its body, the signal once somebody has it,
 * and the ReplyStream that its reply comes from.
 */
export class Watch {
  controller = null;
  reader = null;
  reply = null;
}

const FAILURES = [
  null,
  ["AbortError", "The client went away before its request's body had arrived."],
  ["TimeoutError", "The request's body did not arrive in time."],
  ["QuotaExceededError", "The request's body is larger than maxRequestBodySize."],
  ["DataError", "The request's body is malformed."],
  ["AbortError", "The request was over before its body was read."],
  ["AbortError", "The server was stopped before the request's body had arrived."],
];

/** Why the exchange ended before its reply, by Failure. */
export const ENDS = [
  null,
  ["AbortError", "The client went away before it had the whole reply."],
  ["TimeoutError", "Nothing came or could be sent for the idle timeout."],
  FAILURES[3],
  FAILURES[4],
  ["AbortError", "The request was aborted before it had the whole reply."],
  ["AbortError", "The server was stopped before the whole reply was sent."],
];

/** All that were made, to tell them from errors of the program. */
const failureErrors = new WeakSet();

/** The error for a Failure of native.d.ts, in the words of a list of names and messages. */
export function failureError(failure, words = FAILURES) {
  const [name, message] = words[failure] ?? words[5];
  const error = new DOMException(message, name);
  failureErrors.add(error);
  return error;
}

/** Whether an error tells no more than what became of a request, by itself or as its cause. */
export function isFailureError(error) {
  try {
    return failureErrors.has(error) || failureErrors.has(error?.cause);
  } catch {
    return false;
  }
}

/**
 * Whether an error tells no more than that the request's own signal has aborted. fetch() and
 * streams that were given the signal may fail with a copy of its reason.
 */
export function isOfSignal(request, error) {
  const signal = request._watch?.controller?.signal;
  if (!signal?.aborted) return false;
  try {
    return error === signal.reason || error?.name === "AbortError";
  } catch {
    return false;
  }
}

/**
 * A string or bytes, null for an empty body, or a promise of one of them. Throws what went wrong.
 */
export function takeFromSlot(request, asText) {
  const slot = request._slot;
  if (slot < 0) return takeTooLate(request);
  const value = asText ? native.bodyText(slot) : native.bodyBytes(slot);
  if (value === null) return wait(request, asText);
  return arrived(request, value);
}

function arrived(request, value) {
  if (typeof value === "number") throw failureError(value);
  if (value.length > 0) return value;
  request._body = null;
  return null;
}

function takeTooLate(request) {
  if (announcesBody(request._head)) throw failureError(5);
  request._body = null;
  return null;
}

function wait(request, asText) {
  return arrival(request, () => takeFromSlot(request, asText));
}

/** What `take` gives once `body` was called for the request. */
function arrival(request, take) {
  const watch = (request._watch ??= new Watch());
  return new Promise((resolve, reject) => {
    watch.reader = { take, resolve, reject };
  });
}

/** The body, or a piece of it, that was waited for is here (0) or never will be. */
export function bodyArrived(request, failure) {
  const reader = request._watch?.reader;
  if (!reader) return;
  request._watch.reader = null;
  try {
    if (failure !== 0) throw failureError(failure);
    reader.resolve(reader.take());
  } catch (error) {
    reader.reject(error);
  }
}

/**
 * The body as a stream of the pieces that come from the client, which is read from only as fast as
 * the stream is.
 */
export function streamOfSlot(request) {
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const piece = await takePiece(request);
      if (piece !== undefined) return controller.enqueue(piece);
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel() {
      if (request._slot >= 0) native.dropBody(request._slot);
    },
  });
}

/** The next piece, or a promise of it; undefined at the end. Throws what went wrong. */
function takePiece(request) {
  if (request._slot < 0) throw failureError(5);
  const piece = native.bodyPiece(request._slot);
  if (typeof piece === "number") throw failureError(piece);
  return piece === null ? arrival(request, () => takePiece(request)) : piece;
}

/** Whether the request has a body that nobody has asked for. */
export function hasUnreadBody(request) {
  return request._slot >= 0 ? native.bodyState(request._slot) !== 0 : announcesBody(request._head);
}
