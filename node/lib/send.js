/**
 * Sends what handlers return, in all the ways that are not the shortest.
 */
import { forgetSlot, giveCookies, giveSlotBack, takeSlot } from "./dispatch.js";
import { fail, failLast } from "./failure.js";
import * as native from "./native.js";
import { cancelStream, sendStream } from "./reply_stream.js";
import { isResponse, replyParts, streamOfReply } from "./response.js";
import { failureError } from "./slot_body.js";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const { constants } = process.getBuiltinModule("node:os");

/** Sends a handler's result, a Response of ours or of the platform, or says that it is none. */
export function send(entry, request, result) {
  let parts;
  try {
    if (!isResponse(result)) return sendNothing(entry, request, result);
    parts = replyParts(result, true);
  } catch (error) {
    return fail(entry, request, error);
  }
  if (parts instanceof Promise) {
    parts.then(
      (whole) => sendParts(entry, request, whole),
      (error) => fail(entry, request, error),
    );
  } else {
    sendParts(entry, request, parts);
  }
}

function sendParts(entry, request, parts) {
  if (request._slot < 0) return;
  const { status } = parts;
  if (!(status >= 200 && status <= 599)) {
    const sentence = `A Response with status ${status} cannot be sent: give 200 to 599`;
    return fail(entry, request, new RangeError(sentence));
  }
  if (parts.file !== undefined) return sendFile(entry, request, parts);
  if (parts.stream !== undefined && hasContent(request, status)) {
    if (request._cookies !== undefined) giveCookies(request);
    return sendStream(request, parts);
  }
  const slot = takeSlot(request);
  try {
    sendWhole(request, slot, parts);
  } catch (error) {
    giveSlotBack(request, slot);
    fail(entry, request, error);
  }
}

function sendFile(entry, request, { status, lines, type, file }) {
  const { path, begin, end } = file;
  let errno;
  try {
    if (request._cookies !== undefined) giveCookies(request);
    errno = native.replyFile(request._slot, status, lines, type, path, begin, end);
  } catch (error) {
    return fail(entry, request, error);
  }
  if (errno !== 0) return fail(entry, request, fileError(errno, path));
  // The exchange may have ended with its reply, and then `gone` has told.
  if (request._slot >= 0) forgetSlot(request);
}

const { EISDIR, EOPNOTSUPP } = constants.errno;

/** Why a file cannot be sent, as Bun and node:fs tell such things. */
function fileError(errno, path) {
  const [code, words] = process.getBuiltinModule("node:util").getSystemErrorMap().get(-errno) ?? [
    `E${errno}`,
    "unknown error",
  ];
  const isFolder = errno === EISDIR;
  const message = isFolder
    ? "Cannot stream a directory as a response body"
    : `${code}: ${errno === EOPNOTSUPP ? "not a regular file" : words}, open '${path}'`;
  const error = new Error(message);
  Object.assign(error, { errno: -errno, code, syscall: isFolder ? "read" : "open", path });
  return withoutStack(error);
}

/** There is no code of the program on the stack of an error of ours. */
function withoutStack(error) {
  error.stack = `${error.name}: ${error.message}`;
  return error;
}

function hasContent(request, status) {
  return request.method !== "HEAD" && status !== 204 && status !== 205 && status !== 304;
}

/** A reply that is complete, or has no more than a head: that of a stream is the one of GET. */
function sendWhole(request, slot, { status, lines, type, body, stream, length }) {
  if (stream === undefined) return native.reply(slot, status, lines, type, body);
  native.replyStream(slot, status, lines, type, length);
  cancelStream(request, stream);
}

/** Takes leave of a result for which it is too late: whoever makes its stream has to know. */
export function discard(request, result) {
  const stream = streamOfReply(result);
  if (stream !== null) cancelStream(request, stream, failureError(5));
}

/** A handler that returned nothing, or something else than a Response. */
function sendNothing(entry, request, result) {
  if (result !== undefined && result !== null) {
    return failLast(entry, request, wrongResult(result));
  }
  const slot = takeSlot(request);
  if (entry.server.development) {
    native.replyNothing(slot);
  } else {
    native.reply(slot, 204, null, null, null);
  }
}

function wrongResult(result) {
  return withoutStack(new TypeError(`Expected a Response object, but received ${shown(result)}`));
}

function shown(value) {
  try {
    if (typeof value === "string") return JSON.stringify(value.slice(0, 80));
    if (typeof value === "function") return `the function ${value.name || "(anonymous)"}`;
    if (typeof value === "object") return `an object of ${value.constructor?.name ?? "no class"}`;
    return String(value);
  } catch {
    return "something else";
  }
}
