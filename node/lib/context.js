/**
 * Keeps the contexts of handlers apart. One call into JavaScript runs many of them, for requests of
 * several clients, and what one sets by `AsyncLocalStorage.enterWith` would be there for the next.
 * A reply that a promise job sends may start the next request of its connection, too, which would
 * be in the context of that job.
 *
 * An AsyncResource for each handler hinders that, but costs a twentieth of a short request or more.
 * Only programs that have looked at AsyncLocalStorage can have contexts, and Node's list of loaded
 * modules tells when the first of its code is there. The list only grows.
 */

const { AsyncResource } = process.getBuiltinModule("node:async_hooks");

const list = process.moduleLoadList;
let seen = 0;
let needed = !Array.isArray(list);

/** What was current when Bao was loaded: the context that handlers start in. */
const origin = new AsyncResource("BAO");

function isStorageLoaded() {
  for (; seen < list.length; seen++) {
    if (String(list[seen]).includes("async_local_storage")) return true;
  }
  return false;
}

/** Whether handlers have to be called by `isolated`. */
export function needsIsolation() {
  if (!needed && list.length !== seen) needed = isStorageLoaded();
  return needed;
}

/** Calls `action` out of any context; the ones it enters go on in its promises only. */
export function isolated(action, first, second, third, fourth) {
  return origin.runInAsyncScope(runInNew, undefined, action, first, second, third, fourth);
}

function runInNew(action, first, second, third, fourth) {
  return new AsyncResource("BAO").runInAsyncScope(
    action, undefined, first, second, third, fourth,
  );
}
