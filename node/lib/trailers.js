/**
 * Trailer fields (RFC 9110 section 6.5): those of a request that came in, and those that a Response
 * with a stream gives behind its content.
 */
import { Headers } from "./headers.js";
import { native } from "./slots.js";

/** The fields behind the body of a request; null before its end was read, and for none. */
export function trailersOfSlot(slot) {
  const list = native.trailers(slot);
  if (list === null) return null;
  const headers = new Headers();
  headers._list = list;
  return headers;
}

/** Checks what a program gives as `trailers`: fields, or a function that will give them. */
export function checkedTrailers(given) {
  return typeof given === "function" ? given : trailersOf(given);
}

function trailersOf(given) {
  const headers = new Headers(given);
  for (const [name] of headers) {
    if (native !== null && !native.mayBeTrailer(name)) {
      throw new TypeError(`Field "${name}" may not stand in a trailer: set it in headers`);
    }
  }
  return headers;
}

/** The lines of `trailers`, which may be a function to be called when the content has ended. */
export async function trailerLines(trailers) {
  if (typeof trailers !== "function") return trailers._wire();
  const given = await trailers();
  return given === undefined || given === null ? "" : trailersOf(given)._wire();
}
