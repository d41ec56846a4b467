/**
 * The command `bao`: reads its command line and runs the program. bin/bao starts it, with
 * register.js before it.
 */
import Module from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { setPortArgument } from "../lib/options.js";
import { native } from "../lib/slots.js";
import { HELP, parse, UsageError } from "./arguments.js";
import { readEnvFiles } from "./env_files.js";
import { fileAt } from "./files.js";
import { formatOf } from "./load.js";
import { program } from "./program.js";
import { serveDefault } from "./serve_default.js";
import { ProgramError } from "./program_error.js";
import { isSource } from "./transpile.js";
import { BAO_VERSION } from "./version.js";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const { realpathSync } = process.getBuiltinModule("node:fs");

/** Milliseconds until what was compiled is written, which Node does by itself only at a clean end. */
const CALM = 1000;

const EVALUATED = "[eval].mts";

/** Says what is wrong in one line, and leaves. */
function refuse(message, status) {
  process.stderr.write(`bao: ${message}\n`);
  process.exit(status);
}

function readArguments() {
  try {
    return parse(process.argv.slice(2));
  } catch (error) {
    if (error instanceof UsageError) refuse(`${error.message} (bao --help lists what there is)`, 2);
    throw error;
  }
}

function fileOf(name) {
  const found = fileAt(resolve(name));
  if (!found) refuse(`there is no program ${name}`, 1);
  const file = realpathSync(found);
  if (!isSource(file)) {
    refuse(`${name} is no program: give a .ts .tsx .mts .cts .js .jsx .mjs or .cjs file`, 1);
  }
  return file;
}

/** The path that the code of the command line has; it is a module, whatever it holds. */
function evaluated(code) {
  const path = resolve(EVALUATED);
  program.evaluated = { path, url: pathToFileURL(path).href, code };
  return path;
}

/**
 * @returns {Promise<{ default?: unknown }>} what the program exports; never a promise that it
 * exports
 */
async function run(file) {
  if (formatOf(file) === "module") return await import(pathToFileURL(file).href);
  const exported = Module._load(file, null, true);
  return { default: exported?.__esModule ? exported.default : exported };
}

/** With nothing left to wait for, what the program awaits at its top level never comes. */
function endedTooEarly() {
  process.stderr.write(
    "bao: the program waits for something at its top level that can no longer happen\n",
  );
  process.exitCode = 13;
}

async function main() {
  const environment = environmentOfThis();
  const words = process.argv.slice(2);
  const { task, file: name = EVALUATED, code, port, rest, again } = readArguments();
  if (task === "help") return void process.stdout.write(HELP);
  if (task === "version") return void process.stdout.write(`${BAO_VERSION}\n`);
  const file = task === "eval" ? evaluated(code) : fileOf(name);
  [, program.command] = process.argv;
  process.argv.splice(1, Infinity, ...(task === "eval" ? [] : [file]), ...rest);
  program.main = file;
  setPortArgument(port);
  readEnvFiles(process.env);
  const perform = () => run(file).then((exports) => serveDefault(exports.default, name));
  if (again) {
    const { keepHot, keepWatch } = await import("./hot.js");
    if (again === "hot") return keepHot(perform, report);
    return keepWatch(perform, report, { words, environment });
  }
  process.once("beforeExit", endedTooEarly);
  const exports = await run(file)
    .finally(() => process.off("beforeExit", endedTooEarly))
    .catch((error) => {
      if (error instanceof ProgramError) refuse(error.message, 1);
      throw error;
    });
  serve(exports.default, name);
  setTimeout(calm, CALM).unref();
}

/** Keeps what starting has brought about, and gives back what it alone has needed. */
function calm() {
  if (program.codeCache) Module.flushCompileCache();
  native?.releaseCode();
}

/** What this process was started with, to start it anew. */
function environmentOfThis() {
  const { codeCache } = program;
  return { ...process.env, ...(codeCache && { NODE_COMPILE_CACHE: codeCache }) };
}

/** For a program that will be changed: what is wrong with it now. */
function report(error) {
  if (error instanceof ProgramError) process.stderr.write(`bao: ${error.message}\n`);
  else console.error(error);
}

/**
 * The program called nothing that could be blamed for what is wrong here, so a stack would say
 * nothing.
 */
function serve(exported, name) {
  try {
    serveDefault(exported, name);
  } catch (error) {
    refuse(`${name}: ${error.message}`, 1);
  }
}

main();
