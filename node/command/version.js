/** Which versions a program is told of. */
import { readJson } from "./files.js";

/** Of this package. */
export const BAO_VERSION = readJson(new URL("../package.json", import.meta.url)).version;

/**
 * The version of Bun whose interface ours follows: programs compare it with the one that they
 * need.
 */
export const BUN_VERSION = "1.4.5";
