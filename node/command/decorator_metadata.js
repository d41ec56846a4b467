/**
 * `emitDecoratorMetadata` of tsconfig.json, which esbuild does not know: it needs the types. The
 * project's own TypeScript writes the metadata, then esbuild does the rest.
 */
import { createRequire } from "node:module";

import { ProgramError } from "./program_error.js";

/** From here on class fields are the standard's, unless tsconfig.json says otherwise. */
const TARGETS_WITH_FIELDS = /^es(?:next|202[2-9]|20[3-9]\d)$/i;
/** A decorator, or what looks like one: nothing else needs metadata. */
const DECORATOR = /(?:^|[\s({,;])@\w/;

/** Compilers by the folders that they were found for. */
const compilers = new Map();

/**
 * @returns {string | null} JavaScript with metadata and the map to the text; null if there is
 * nothing to be written
 */
export function withMetadata(path, text, options) {
  if (!options.emitDecoratorMetadata || !options.experimentalDecorators) return null;
  if (!DECORATOR.test(text)) return null;
  const compiler = compilerFor(path);
  const { outputText, diagnostics } = compiler.transpileModule(text, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: {
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      useDefineForClassFields:
        options.useDefineForClassFields ?? TARGETS_WITH_FIELDS.test(options.target ?? "esnext"),
      verbatimModuleSyntax: options.verbatimModuleSyntax,
      target: compiler.ScriptTarget.ESNext,
      module: compiler.ModuleKind.ESNext,
      jsx: compiler.JsxEmit.Preserve,
      inlineSourceMap: true,
    },
  });
  // esbuild tells what is wrong, as it does everywhere.
  return diagnostics.length > 0 ? null : outputText;
}

function compilerFor(path) {
  const require = createRequire(path);
  let file;
  try {
    file = require.resolve("typescript");
  } catch {
    throw missing(path, "there is no TypeScript");
  }
  if (!compilers.has(file)) compilers.set(file, require(file));
  const compiler = compilers.get(file);
  if (typeof compiler.transpileModule === "function") return compiler;
  throw missing(path, `TypeScript ${compiler.version} cannot be asked for it`);
}

function missing(path, why) {
  const mend = "add it by npm install --save-dev typescript@5, or remove the option";
  return new ProgramError(
    `${path}: tsconfig.json wants emitDecoratorMetadata, but ${why} in the project: ${mend}`,
  );
}
