/**
 * Bun.semver: versions and ranges as npm writes them. Frameworks ask it which Bun they run on.
 */

const PRERELEASE = "(?:-([0-9A-Za-z.-]+))?(?:\\+[0-9A-Za-z.-]+)?";
const VERSION = new RegExp(`^\\s*[v=]*(\\d+)\\.(\\d+)\\.(\\d+)${PRERELEASE}\\s*$`);
const PART = "(\\d+|[xX*])";
const COMPARATOR = new RegExp(
  `^(\\^|~>?|[<>]=?|=)?\\s*[v=]*${PART}(?:\\.${PART})?(?:\\.${PART})?${PRERELEASE}$`,
);

/** @typedef {{ numbers: number[], prerelease: string[] }} Version */

/** @returns {Version | null} */
function parse(text) {
  const found = VERSION.exec(String(text));
  if (!found) return null;
  return { numbers: found.slice(1, 4).map(Number), prerelease: identifiers(found[4]) };
}

function identifiers(text) {
  return text ? text.split(".") : [];
}

function compare(a, b) {
  for (let i = 0; i < 3; ++i) {
    if (a.numbers[i] !== b.numbers[i]) return a.numbers[i] < b.numbers[i] ? -1 : 1;
  }
  return comparePrereleases(a.prerelease, b.prerelease);
}

/** A release goes behind its prereleases; numbers go before words. */
function comparePrereleases(a, b) {
  if (a.length === 0 || b.length === 0) return Math.sign(b.length - a.length);
  for (let i = 0; i < Math.max(a.length, b.length); ++i) {
    if (a[i] === undefined || b[i] === undefined) return a[i] === undefined ? -1 : 1;
    if (a[i] === b[i]) continue;
    const [numeric, other] = [/^\d+$/.test(a[i]), /^\d+$/.test(b[i])];
    if (numeric && other) return Math.sign(Number(a[i]) - Number(b[i])) || 0;
    if (numeric !== other) return numeric ? -1 : 1;
    return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

/** What one comparator such as "^1.2" means: [operator, version] each; null if it is none. */
function bounds(text) {
  const found = COMPARATOR.exec(text);
  if (!found) return null;
  const [, operator = "=", ...parts] = found;
  const numbers = [];
  for (const part of parts.slice(0, 3)) {
    if (part === undefined || !/\d/.test(part)) break;
    numbers.push(Number(part));
  }
  const given = numbers.length;
  const low = {
    numbers: [...numbers, 0, 0, 0].slice(0, 3),
    prerelease: given === 3 ? identifiers(parts[3]) : [],
  };
  if (given === 0) return operator === "<" || operator === ">" ? [["<", low]] : [];
  return limits(operator, low, given);
}

function limits(operator, low, given) {
  if (operator === "<") return [["<", low]];
  if (operator === ">=") return [[">=", low]];
  if (operator === "^")
    return [
      [">=", low],
      ["<", next(low, caretPart(low, given))],
    ];
  if (operator[0] === "~")
    return [
      [">=", low],
      ["<", next(low, Math.min(given, 2))],
    ];
  if (given === 3) return [[operator, low]];
  const behind = next(low, given);
  if (operator === ">") return [[">=", behind]];
  return operator === "<="
    ? [["<", behind]]
    : [
        [">=", low],
        ["<", behind],
      ];
}

/** The first number that is not 0 stays: how many numbers that are. */
function caretPart({ numbers }, given) {
  const first = numbers.findIndex((number) => number > 0);
  return first < 0 ? given : Math.min(first + 1, given);
}

/** The first version in which so many leading numbers are no longer the same. */
function next({ numbers }, count) {
  const raised = numbers.map((number, i) => (i < count - 1 ? number : 0));
  raised[count - 1] = numbers[count - 1] + 1;
  return { numbers: raised, prerelease: [] };
}

/** Comparators of an alternative; null if one of them is none. */
function alternative(text) {
  const spaced = text
    .trim()
    .replace(/^(\S+)\s+-\s+(\S+)$/, ">=$1 <=$2")
    .replace(/(\^|~>?|[<>]=?|=)\s+/g, "$1");
  const found = spaced === "" ? [[]] : spaced.split(/\s+/).map(bounds);
  return found.includes(null) ? null : found.flat();
}

function holds(version, [operator, bound]) {
  const order = compare(version, bound);
  if (operator === "=") return order === 0;
  if (operator === "<") return order < 0;
  if (operator === "<=") return order <= 0;
  return operator === ">" ? order > 0 : order >= 0;
}

/** A prerelease is only meant where a comparator names one of the same version. */
function isMeant(version, comparators) {
  if (version.prerelease.length === 0) return true;
  return comparators.some(
    ([, { numbers, prerelease }]) =>
      prerelease.length > 0 && numbers.every((number, i) => number === version.numbers[i]),
  );
}

export const semver = {
  /** Whether a version is in a range; false if either is none. */
  satisfies(version, range) {
    const parsed = parse(version);
    if (!parsed) return false;
    return String(range)
      .split("||")
      .map(alternative)
      .some((all) => all?.every((one) => holds(parsed, one)) && isMeant(parsed, all));
  },

  /** -1, 0 or 1: how two versions are sorted. */
  order(first, second) {
    const [a, b] = [parse(first), parse(second)];
    if (!a || !b) throw new TypeError(`Bun.semver.order(): ${a ? second : first} is no version`);
    return compare(a, b);
  },
};
