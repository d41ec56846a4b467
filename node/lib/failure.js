/**
 * What happens when a handler fails: the program's `error` handler, else the page for developers,
 * else a plain 500.
 */
import { abortRequest, giveSlotBack, takeSlot } from "./dispatch.js";
import { describe, describeCauses } from "./error_description.js";
import * as native from "./native.js";
import { isResponse } from "./response.js";
import { send } from "./send.js";
import { isFailureError, isOfSignal } from "./slot_body.js";

/**
 * A handler threw, or its promise was rejected. If the request is over, the error is only printed,
 * and not even that if it says no more than this. Nor is anybody told that the client has left,
 * which may still read what is sent to it.
 */
export function fail(entry, request, error) {
  if (isOfSignal(request, error)) return replyBare(request);
  if (request._slot < 0) {
    if (!isFailureError(error)) print(error);
    return;
  }
  if (typeof entry.error !== "function") return failLast(entry, request, error);
  try {
    const result = entry.error.call(entry.server, error);
    if (typeof result?.then !== "function") return answer(entry, request, result, error);
    Promise.resolve(result).then(
      (response) => answer(entry, request, response, error),
      (second) => failLast(entry, request, second),
    );
  } catch (second) {
    failLast(entry, request, second);
  }
}

/** Sends what the error handler gave. Nothing, or no Response, stands for the default. */
function answer(entry, request, response, error) {
  if (request._slot < 0) return;
  // Once is enough: a Response that cannot be sent is not asked about again.
  const withoutHandler = { ...entry, error: undefined };
  try {
    if (isResponse(response)) send(withoutHandler, request, response);
    else failLast(entry, request, error);
  } catch (second) {
    failLast(entry, request, second);
  }
}

/**
 * The default: prints the error, and shows it to developers. Printing and looking at an error may
 * run code of the program, which may even end the request.
 */
export function failLast(entry, request, error) {
  if (request._slot < 0 && isFailureError(error)) return;
  if (isOfSignal(request, error)) return replyBare(request);
  print(error);
  try {
    if (!entry.server.development) return replyBare(request);
    const description = describe(error);
    const causes = describeCauses(error);
    replyWith(request, (slot) => native.replyError(slot, description, causes));
  } catch {
    replyBare(request);
  }
}

function replyBare(request) {
  try {
    replyWith(request, (slot) => native.reply(slot, 500, null, null, null));
  } catch {
    abortRequest(request);
  }
}

function replyWith(request, reply) {
  if (request._slot < 0) return;
  const slot = takeSlot(request);
  try {
    reply(slot);
  } catch (error) {
    giveSlotBack(request, slot);
    throw error;
  }
}

/** An error may refuse to be looked at, and the program may have replaced the console. */
export function print(error) {
  try {
    console.error(error);
  } catch {
    printUnprintable();
  }
}

function printUnprintable() {
  try {
    process.stderr.write("An error was thrown that cannot be printed\n");
  } catch {
    // There is nobody to tell.
  }
}
