/**
 * How Node's own Request, Response and Headers stand behind ours without being loaded.
 *
 * Node loads its fetch code (20 MB, 50 ms) when one of these globals is first looked at, so a
 * server that never uses them must not look. Yet `ours instanceof globalThis.Response` has to be
 * true. Therefore the prototypes of ours inherit from a stand-in whose `getPrototypeOf` is called
 * by `instanceof`: whoever asks has loaded the platform's class by then, so it can be looked up,
 * and takes the stand-in's place for good.
 *
 * The stand-in makes two things slow: assigning a property that an object of ours does not have
 * yet, and looking up one that it never has. So the fields of our classes are class fields (those
 * are defined, not assigned), and `then`, which each `await` looks up, ends at our prototypes.
 */

const ordinaryHasInstance = Function.prototype[Symbol.hasInstance];

/** The platform's classes as far as they are known, and ours, by name. */
const platforms = new Map();
const ours = new Map();
/** Whether ours are the globals, so that the platform's cannot be looked up there. */
let replaced = false;
let loaded = false;
let modulesSeen = 0;

/** Whether Node has loaded its fetch code, told from its list of modules; true without a list. */
function isLoaded() {
  const list = process.moduleLoadList;
  if (loaded || !Array.isArray(list)) return true;
  for (; modulesSeen < list.length; modulesSeen++) {
    if (String(list[modulesSeen]).endsWith("deps/undici/undici")) loaded = true;
  }
  return loaded;
}

function remember(name, Class) {
  platforms.set(name, Class);
  Object.setPrototypeOf(ours.get(name).prototype, Class.prototype);
}

/** The platform's class; undefined while it is not loaded, or if ours took its place before. */
function find(name) {
  if (platforms.has(name) || replaced || !isLoaded()) return platforms.get(name);
  const Class = globalThis[name];
  if (typeof Class === "function" && Class !== ours.get(name)) remember(name, Class);
  return platforms.get(name);
}

/**
 * Lets a class of ours stand in front of the platform's of the same name: `instanceof` is true both
 * ways. Subclasses of ours keep the usual meaning.
 */
export function standInFor(name, Ours) {
  ours.set(name, Ours);
  const getPrototypeOf = () => find(name)?.prototype ?? Object.prototype;
  Object.setPrototypeOf(Ours.prototype, new Proxy({}, { getPrototypeOf }));
  Object.defineProperty(Ours.prototype, "then", { value: undefined });
  Object.defineProperty(Ours, Symbol.hasInstance, {
    value(instance) {
      if (ordinaryHasInstance.call(this, instance)) return true;
      return this === Ours && isPlatforms(name, instance);
    },
  });
}

/** Whether `value` is an object of the platform's class of this name, and not one of ours. */
export function isPlatforms(name, value) {
  if (value === null || typeof value !== "object") return false;
  const Class = find(name);
  if (Class === undefined || !ordinaryHasInstance.call(Class, value)) return false;
  const Ours = ours.get(name);
  return value !== Ours.prototype && !ordinaryHasInstance.call(Ours, value);
}

/** The platform's Response class, loaded if it has to be. */
export async function platformResponse() {
  if (!replaced) return globalThis.Response;
  // The global is ours: an answer to a request that needs no network shows the platform's class.
  if (!platforms.has("Response")) learnFrom(await fetch("data:,"));
  return platforms.get("Response");
}

/** Takes note of the classes behind a Response that the platform has made. */
export function learnFrom(response) {
  if (platforms.has("Response") || response instanceof ours.get("Response")) return;
  remember("Response", response.constructor);
  if (!platforms.has("Headers")) remember("Headers", response.headers.constructor);
}

/** To be called before ours become the globals: nothing can be looked up there afterwards. */
export function globalsAreReplaced() {
  for (const name of ours.keys()) find(name);
  replaced = true;
}
