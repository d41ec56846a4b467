/** Finds commands as shells do. */
import { delimiter, join, resolve } from "node:path";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const { accessSync, constants, statSync } = process.getBuiltinModule("node:fs");

/** The path of a command; null if there is none. */
export function which(command, { PATH = process.env.PATH ?? "", cwd = process.cwd() } = {}) {
  if (command.includes("/")) {
    const path = resolve(cwd, command);
    return isExecutable(path) ? path : null;
  }
  const folders = PATH.split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, command)).find(isExecutable) ?? null;
}

/** Whether that is a file that may be run. */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
