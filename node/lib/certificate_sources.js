/**
 * The functions that find certificates for server names (`tls.SNICallback`), by number: the addon
 * asks while a handshake waits.
 */
import * as native from "./native.js";
import { certificateOf } from "./tls_options.js";

const sources = new Map();
let lastSource = 0;
/** What was read already, by the object that the program gave: reading costs more than a lookup. */
const read = new WeakMap();

/** @returns the number for `native`, or undefined if there is no function. */
export function addSource(find) {
  if (find === null) return undefined;
  sources.set(++lastSource, find);
  return lastSource;
}

/** Nobody asks that one any more. */
export function removeSource(number) {
  sources.delete(number);
}

/** The table's function: a handshake waits for the certificate for `name`. */
export function certificate(source, request, name) {
  ask(sources.get(source), name).then(
    (found) => native.answerCertificate(request, found, null),
    (error) => native.answerCertificate(request, null, String(error?.message ?? error)),
  );
}

async function ask(find, name) {
  if (find === undefined) return null;
  const found = await call(find, name);
  if (found === undefined || found === null) return null;
  let handle = read.get(found);
  if (handle === undefined) {
    handle = native.readCertificate(certificateOf(found));
    read.set(found, handle);
  }
  return handle;
}

/** Node's way is a callback, ours a result or a promise of one. */
function call(find, name) {
  if (find.length < 2) return find(name);
  return new Promise((resolve, reject) => {
    find(name, (error, found) => (error ? reject(error) : resolve(found)));
  });
}
