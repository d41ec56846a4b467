/** For tests of the command: programs in a folder of their own, run by `bao`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../../", import.meta.url));
const COMMAND = fileURLToPath(new URL("../bin/bao", import.meta.url));

/**
 * Writes files into a new folder (with a space in its name), which goes with the test. Returns the
 * folder.
 */
export function programs(test, files) {
  const outer = realpathSync(mkdtempSync(join(tmpdir(), "bao-")));
  test.after(() => rmSync(outer, { recursive: true, force: true }));
  const folder = join(outer, "a folder");
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return folder;
}

/** Starts `bao` with the arguments. What is transpiled is remembered in the folder only. */
export function start(folder, words, { env = {} } = {}) {
  const { PORT, BUN_PORT, NODE_PORT, NODE_ENV, ...rest } = process.env;
  const child = spawn(COMMAND, words, {
    cwd: folder,
    env: { ...rest, XDG_CACHE_HOME: join(folder, ".cache"), BAO_NODE: process.execPath, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const program = { child, output: "", errors: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (program.output += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (program.errors += text));
  program.ended = once(child, "close").then(([code, signal]) => ({ code, signal }));
  return program;
}

/** Runs a program to its end. */
export async function run(folder, words, options) {
  const program = start(folder, words, options);
  const { code, signal } = await program.ended;
  return { code, signal, output: program.output, errors: program.errors };
}

/**
 * Starts a program, and waits until it has said at which address it serves; the test's end ends
 * it.
 */
export async function served(test, folder, words, options) {
  const program = start(folder, words, options);
  test.after(() => program.child.kill("SIGKILL"));
  const address = () => /https?:\/\/\S+/.exec(program.output)?.[0];
  let over = false;
  program.ended.then(() => (over = true));
  while (!address()) {
    if (over) throw new Error(`the program ended: ${program.output}${program.errors}`);
    await Promise.race([once(program.child.stdout, "data"), program.ended]);
  }
  return Object.assign(program, { url: address() });
}
