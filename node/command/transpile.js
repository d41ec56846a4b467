/**
 * From a file of TypeScript or JavaScript as Bun takes it to what Node runs, by esbuild, with
 * source maps so that stacks show the file as it was written. The file's contents say whether it is
 * an ES module or a CommonJS one, as under Bun.
 */
import { createRequire } from "node:module";
import { basename, dirname, extname } from "node:path";
import { Script } from "node:vm";

import { remembered } from "./cache.js";
import { withMetadata } from "./decorator_metadata.js";
import { ProgramError } from "./program_error.js";
import { configurationOf } from "./tsconfig.js";

/**
 * esbuild's name for the language of each extension. JSX is allowed in JavaScript, as under Bun.
 */
const LANGUAGES = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".js": "jsx",
  ".jsx": "jsx",
  ".mjs": "jsx",
  ".cjs": "jsx",
};

/**
 * Nothing of this in a file of JavaScript: then Node takes it as it is. The last is what JSX would
 * begin with.
 */
const NEEDS_WORK = /\b(?:require|module|exports|__dirname|__filename)\b|\bimport\.meta\b|<[\w>]/;

const META_MODULE = new URL("./import_meta.js", import.meta.url).href;

/** Whether it is for us to read files like this one. */
export function isSource(path) {
  return extname(path) in LANGUAGES;
}

/** Whether Node cannot read files like this one. */
export function isForeign(path) {
  return /\.(?:[mc]?ts|[tj]sx)$/.test(path);
}

/**
 * @param {string} path
 * @param {string} text
 * @returns {{ format: "module" | "commonjs", source: string }}
 */
export function transpile(path, text) {
  if (isPlainModule(path, text)) return { format: "module", source: text };
  if (isPlainScript(path, text)) return { format: "commonjs", source: text };
  const { options } = configurationOf(path);
  return remembered(path, text, JSON.stringify(options), () => convert(path, text, options));
}

function isPlainModule(path, text) {
  return !isForeign(path) && !path.endsWith(".cjs") && !NEEDS_WORK.test(text);
}

function isPlainScript(path, text) {
  return !isForeign(path) && !path.endsWith(".mjs") && isScript(text) && isCommonJs(text, text);
}

function convert(path, text, options) {
  const described = withMetadata(path, text, options);
  const loader = described === null ? LANGUAGES[extname(path)] : "jsx";
  const work = { path, text: described ?? text, options, loader };
  const plain = transform(work, {});
  const extension = extname(path);
  const mayBeScript = extension !== ".mts" && extension !== ".mjs" && isScript(plain.code);
  if (mayBeScript && isCommonJs(plain.code, text))
    return { format: "commonjs", source: mapped(plain, "") };
  if (extension === ".cts" || extension === ".cjs") {
    const script = transform(work, { format: "cjs", platform: "node" });
    return { format: "commonjs", source: mapped(script, "") };
  }
  return { format: "module", source: moduleOf(work, plain) };
}

/** An ES module may use what CommonJS has, and Bun's members of import.meta. */
function moduleOf(work, plain) {
  if (!/\b(?:require|__dirname|__filename)\b|\bimport\.meta\b/.test(plain.code))
    return mapped(plain, "");
  const define = {
    require: "import.meta.require",
    __dirname: JSON.stringify(dirname(work.path)),
    __filename: JSON.stringify(work.path),
  };
  const complete = transform(work, { define });
  if (!complete.code.includes("import.meta")) return mapped(complete, "");
  return mapped(
    complete,
    `import { complete as $bao } from ${JSON.stringify(META_MODULE)}; $bao(import.meta);`,
  );
}

/**
 * Whether V8 would take it as a script: no import, export, import.meta or await at the top level.
 */
function isScript(code) {
  const body = code.replace(/^#!.*/, "");
  try {
    new Script(`(function (exports, require, module, __filename, __dirname) {${body}\n})`);
    return true;
  } catch {
    return false;
  }
}

/**
 * What could be either is a module if it is written like one (its imports and exports were types).
 */
function isCommonJs(code, text) {
  return /\b(?:require|module|exports)\b/.test(code) || !/^\s*(?:import|export)\b/m.test(text);
}

/** @returns {{ code: string, map: object }} */
function transform({ path, text, options, loader }, more) {
  const compilerOptions = { ...options };
  if (!options.jsx || options.jsx === "preserve" || options.jsx === "react-native") {
    compilerOptions.jsx = "react-jsx";
  }
  const settings = {
    loader,
    sourcefile: basename(path),
    sourcesContent: false,
    target: "node22",
    tsconfigRaw: JSON.stringify({ compilerOptions }),
    logLevel: "silent",
    ...more,
  };
  return byProgram(text, settings) ?? byLibrary(path, text, settings);
}

/**
 * esbuild's program does it in three milliseconds, where its library takes sixty to begin. But it
 * cannot say what is wrong so that it could be told again: then this gives null.
 */
function byProgram(text, { define = {}, ...settings }) {
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const words = Object.entries(settings).map(([name, value]) => `--${dashed(name)}=${value}`);
  const replaced = Object.entries(define).map(([name, value]) => `--define:${name}=${value}`);
  const { status, stdout } = spawnSync(programOfEsbuild(), [...words, ...replaced, INLINE], {
    // Node never ends an input that is empty.
    input: text || "\n",
    encoding: "utf8",
    maxBuffer: Infinity,
    stdio: ["pipe", "pipe", "ignore"],
  });
  if (status !== 0) return null;
  const at = stdout.lastIndexOf(MAP_MARK);
  const map = Buffer.from(stdout.slice(at + MAP_MARK.length), "base64").toString();
  return { code: stdout.slice(0, at), map: JSON.parse(map) };
}

const INLINE = "--sourcemap=inline";
const MAP_MARK = "//# sourceMappingURL=data:application/json;base64,";

function dashed(name) {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function programOfEsbuild() {
  const require = createRequire(import.meta.url);
  const { resolve } = createRequire(require.resolve("esbuild/package.json"));
  return resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`);
}

function byLibrary(path, text, settings) {
  const { transformSync } = createRequire(import.meta.url)("esbuild");
  try {
    const { code, map } = transformSync(text, { ...settings, sourcemap: "external" });
    return { code, map: JSON.parse(map) };
  } catch (error) {
    throw errors(path, error) ?? error;
  }
}

/** One line for where, one for what, and the line of the program. */
function errors(path, error) {
  if (!Array.isArray(error.errors)) return null;
  const parts = error.errors.map(({ text, location }) => {
    if (!location) return `${path}: ${text}`;
    const { line, column, lineText } = location;
    return `${path}:${line}:${column + 1}: ${text}\n  ${lineText}\n  ${" ".repeat(column)}^`;
  });
  return new ProgramError(parts.join("\n"));
}

/**
 * The code with its source map; a prelude gets a line of its own, of which the map knows nothing.
 */
function mapped({ code, map }, prelude) {
  const shebang = /^#!.*/.exec(code)?.[0] ?? "";
  let whole = shebang ? `//${code}` : code;
  if (prelude) {
    whole = `${prelude}\n${whole}`;
    map.mappings = `;${map.mappings}`;
  }
  const encoded = Buffer.from(JSON.stringify(map)).toString("base64");
  return `${whole}\n//# sourceMappingURL=data:application/json;base64,${encoded}\n`;
}
