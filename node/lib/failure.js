/**
 * What happens when a handler fails: the program's `error` handler, else the page for developers,
 * else a plain 500.
 */
import { describe, describeCauses } from "./error_description.js";
import { takeSlot } from "./dispatch.js";
import * as native from "./native.js";
import { isResponse } from "./response.js";
import { send } from "./send.js";

/** A handler threw, or its promise was rejected. Nobody is told if the request is over. */
export function fail(entry, request, error) {
  if (request._slot < 0) return;
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
  if (isResponse(response)) {
    // Once is enough: a Response that cannot be sent is not asked about again.
    send({ ...entry, error: undefined }, request, response);
  } else {
    failLast(entry, request, error);
  }
}

/** The default: prints the error, and shows it to developers. */
export function failLast(entry, request, error) {
  if (request._slot < 0) return;
  print(error);
  const slot = takeSlot(request);
  if (entry.server.development) {
    native.replyError(slot, describe(error), describeCauses(error));
  } else {
    native.reply(slot, 500, null, null, null);
  }
}

function print(error) {
  try {
    console.error(error);
  } catch {
    console.error("An error was thrown that cannot be printed");
  }
}
