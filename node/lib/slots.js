/**
 * The addon's functions, as far as requests need them (see native.d.ts). They are handed in, so
 * that the classes can be used and tested without the addon.
 */

/** @type {typeof import("./native.js") | null} */
export let native = null;

/** To be called once for each thread, before the first request from a slot is made. */
export function connect(functions) {
  native = functions;
}
