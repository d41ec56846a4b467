/**
 * Run by Bun's own test runner, `bun test ./on_bun.js`: all cases with Bun's classes beside ours.
 */
import { cases as headers } from "./headers.js";
import { cases as request } from "./request.js";
import { cases as response } from "./response.js";
import { cases as statics } from "./response_statics.js";
import { compare } from "./compare.js";

compare([...headers, ...response, ...statics, ...request]);
