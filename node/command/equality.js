/** Bun.deepEquals() and Bun.deepMatch(). */
import { isDeepStrictEqual, types } from "node:util";

/**
 * Whether two values are alike. Strictly they are of the same class and have the same members; else
 * a member that is undefined may as well be missing, and classes do not matter.
 */
export function deepEquals(...given) {
  if (given.length < 2) throw new TypeError("Expected 2 values to compare");
  const [first, second, strict] = given;
  return strict ? isDeepStrictEqual(first, second) : alike(first, second, new Map());
}

/** Whether `value` has all that `subset` has; more of it does not matter. */
export function deepMatch(subset, value) {
  if (!isObject(subset) || !isObject(value)) throw new TypeError("Expected 2 objects to match");
  return matches(subset, value, new Map());
}

function isObject(value) {
  return typeof value === "object" && value !== null;
}

/** What has more to it than members. */
function isPlain(value) {
  const tag = Object.prototype.toString.call(value);
  return (tag === "[object Object]" || Array.isArray(value)) && !types.isProxy(value);
}

/** Pairs that are being compared are taken as alike: the rest will tell. */
function isKnown(first, second, known) {
  if (known.get(first) === second) return true;
  known.set(first, second);
  return false;
}

function alike(first, second, known) {
  if (Object.is(first, second)) return true;
  if (!isObject(first) || !isObject(second)) return false;
  if (isKnown(first, second, known)) return true;
  if (first instanceof Map && second instanceof Map) return alikeMaps(first, second, known);
  if (first instanceof Set && second instanceof Set) return alikeSets(first, second, known);
  if (ArrayBuffer.isView(first) && ArrayBuffer.isView(second)) return alikeViews(first, second);
  if (!isPlain(first) || !isPlain(second)) return isDeepStrictEqual(first, second);
  if (Array.isArray(first) !== Array.isArray(second)) return false;
  const names = new Set([...namesOf(first), ...namesOf(second)]);
  return [...names].every((name) => alike(first[name], second[name], known));
}

/** What counts: of arrays their elements only. */
function namesOf(value) {
  if (Array.isArray(value)) return value.keys();
  return Reflect.ownKeys(value).filter((name) =>
    Object.prototype.propertyIsEnumerable.call(value, name),
  );
}

/** A Buffer is a Uint8Array. */
function alikeViews(first, second) {
  const [one, other] = [first, second].map((view) => ({
    kind: Object.prototype.toString.call(view),
    bytes: Buffer.from(view.buffer, view.byteOffset, view.byteLength),
  }));
  return one.kind === other.kind && one.bytes.equals(other.bytes);
}

function alikeMaps(first, second, known) {
  if (first.size !== second.size) return false;
  return [...first].every(([key, value]) => {
    if (second.has(key)) return alike(value, second.get(key), known);
    return [...second].some(
      (entry) => alike(key, entry[0], known) && alike(value, entry[1], known),
    );
  });
}

function alikeSets(first, second, known) {
  if (first.size !== second.size) return false;
  return [...first].every(
    (value) => second.has(value) || [...second].some((other) => alike(value, other, known)),
  );
}

function matches(subset, value, known) {
  if (!isObject(subset) || !isObject(value)) return Object.is(subset, value);
  if (isKnown(subset, value, known)) return true;
  if (!isPlain(subset) || !isPlain(value)) return alike(subset, value, new Map());
  if (Array.isArray(subset) !== Array.isArray(value)) return false;
  if (Array.isArray(subset) && subset.length !== value.length) return false;
  return [...namesOf(subset)].every(
    (name) => name in value && matches(subset[name], value[name], known),
  );
}
