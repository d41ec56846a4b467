/**
 * Interplay with the platform's classes: ours as the globals, and fetch() with Requests of ours.
 */
import { Blob } from "node:buffer";
import { moveBody } from "./body.js";
import { Headers } from "./headers.js";
import { globalsAreReplaced, learnFrom } from "./platform_classes.js";
import { Request } from "./request.js";
import { Response } from "./response.js";

/**
 * Makes Request, Response and Headers of ours the globals of `target`, and `fetch` accept Requests
 * of ours. What the platform's classes made stays an instance of the globals.
 */
export function install(target) {
  const platformFetch = target.fetch;
  globalsAreReplaced();
  for (const [name, value] of Object.entries({ Request, Response, Headers })) {
    // Defining a property looks at the one that it replaces, which would load the platform's class.
    Reflect.deleteProperty(target, name);
    define(target, name, value, false);
  }
  define(target, "fetch", fetchWith(platformFetch), true);
}

function define(target, name, value, enumerable) {
  Object.defineProperty(target, name, { value, enumerable, writable: true, configurable: true });
}

function fetchWith(platformFetch) {
  return async function fetch(input, init) {
    const response = await (isOurs(input)
      ? fetchOurs(platformFetch, input, init)
      : platformFetch(input, init));
    learnFrom(response);
    return response;
  };
}

function isOurs(input) {
  return input !== null && typeof input === "object" && "_slot" in input;
}

/** Fields that say how a request came to us; the platform's fetch refuses to send some of them. */
export const OF_THE_TRANSFER = [
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "expect",
];

/** What has a length goes out with it. */
function contentOf(request) {
  const { _body } = request;
  const isWhole = typeof _body === "string" || _body instanceof Uint8Array || _body instanceof Blob;
  return isWhole && !request.bodyUsed ? moveBody(request) : request.body;
}

/** The platform cannot look into a Request of ours, so it is told what is in there. */
function fetchOurs(platformFetch, input, init) {
  const request = init === undefined ? input : new Request(input, init);
  const headers = new Headers(request.headers);
  for (const name of OF_THE_TRANSFER) headers.delete(name);
  return platformFetch(request.url, {
    ...request._settings,
    method: request.method,
    headers,
    body: contentOf(request),
    signal: request.signal,
    duplex: "half",
    dispatcher: init?.dispatcher,
  });
}
