/**
 * What Bun has and we have not: every use says so by name, instead of failing somewhere behind.
 */

/** Bun's members that are not there yet. */
export const MISSING = new Set(
  `
  $ Archive build color connect cron dns FetchSession FFI FileSystemRouter
  generateHeapSnapshot Glob Image JSON5 JSONC JSONL listen markdown MD4 mmap ModuleGraph
  openInEditor plugin postgres redis RedisClient s3 S3Client secrets shrink
  sliceAnsi SQL sql Terminal TOML Transpiler udpSocket unsafe WebView wrapAnsi XML
  YAML
  `
    .trim()
    .split(/\s+/),
);

/** What a program may ask of anything without meaning to use it. */
const HARMLESS = new Set([
  "then",
  "toJSON",
  "constructor",
  "prototype",
  "name",
  "length",
  "__esModule",
]);

function refuse(name) {
  throw new Error(`Bun.${name} is not part of bao yet`);
}

/** The object with an error for each member that is missing; `"name" in Bun` is false for these. */
export function withRefusals(object) {
  return new Proxy(object, {
    get(target, name, receiver) {
      if (MISSING.has(name) && !Object.hasOwn(target, name)) refuse(name);
      return Reflect.get(target, name, receiver);
    },
  });
}

/** Stands for a missing member where modules import it by name: to import it is no use yet. */
export function placeholder(name) {
  const refuseUse = () => refuse(name);
  return new Proxy(function () {}, {
    get(target, key) {
      if (typeof key === "symbol" || HARMLESS.has(key)) return Reflect.get(target, key);
      refuse(name);
    },
    apply: refuseUse,
    construct: refuseUse,
  });
}
