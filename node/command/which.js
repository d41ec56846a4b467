/** Finds commands as shells do. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

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
