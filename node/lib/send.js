/**
 * Sends what handlers return, in all the ways that are not the shortest.
 */
import { giveSlotBack, takeSlot } from "./dispatch.js";
import { fail, failLast } from "./failure.js";
import * as native from "./native.js";
import { isResponse, replyParts } from "./response.js";

/** Sends a handler's result, a Response of ours or of the platform, or says that it is none. */
export function send(entry, request, result) {
  let parts;
  try {
    if (!isResponse(result)) return sendNothing(entry, request, result);
    parts = replyParts(result, request);
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
  const slot = takeSlot(request);
  try {
    native.reply(slot, status, parts.lines, parts.type, parts.body);
  } catch (error) {
    giveSlotBack(request, slot);
    fail(entry, request, error);
  }
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
  const error = new TypeError(`Expected a Response object, but received ${shown(result)}`);
  // There is no code of the program on this stack.
  error.stack = `TypeError: ${error.message}`;
  return error;
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
