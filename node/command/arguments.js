/**
 * The command line of `bao`: what stands before the program's name is for us, everything behind it
 * for the program.
 */

export const HELP = `usage: bao [--port=N] [--hot | --watch] [run] FILE [ARGUMENTS]
       bao [--port=N] -e CODE [ARGUMENTS]

Runs a program of TypeScript or JavaScript that was written for Bun, on Node:
Bun.serve, import … from "bun", export default { fetch }.

  --port=N        the port of servers that name none (else it is $BUN_PORT,
                  $PORT, $NODE_PORT, or 3000)
  --hot           when a file of the program changes, read it anew; servers
                  stay, and get the new handlers
  --watch         when a file of the program changes, begin anew
  -e, --eval CODE run this TypeScript, as a module of the current folder
  -h, --help      show this
  -v, --version   show the version

FILE ends in .ts .tsx .mts .cts .js .jsx .mjs or .cjs.
Node's own options come from $NODE_OPTIONS.
`;

/** A command line that cannot be meant; its message is for whoever typed it. */
export class UsageError extends Error {}

/** Options of Bun's that mean nothing here: screens are never cleared. */
const WITHOUT_EFFECT = ["--no-clear-screen", "--bun"];

/**
 * @param {string[]} words what was typed behind `bao`
 * @returns {{ task: "run" | "eval" | "help" | "version", file?: string, code?: string,
 *   port?: string, rest: string[], again?: "hot" | "watch" }}
 */
export function parse(words) {
  const result = { task: "help", rest: [] };
  let isRun = false;
  let at = 0;
  for (; at < words.length; ++at) {
    const word = words[at];
    if (word === "--") {
      ++at;
      break;
    }
    if (word === "run" && !isRun) isRun = true;
    else if (!word.startsWith("-") || word === "-") break;
    else if (word === "--help" || word === "-h") return { task: "help", rest: [] };
    else if (word === "--version" || word === "-v") return { task: "version", rest: [] };
    else if (word === "--hot" || word === "--watch") result.again = word.slice("--".length);
    else if (WITHOUT_EFFECT.includes(word)) continue;
    else if (word === "-e" || word === "--eval") result.code = codeOf(word, words[++at]);
    else if (word.startsWith("--eval=")) result.code = word.slice("--eval=".length);
    else if (word === "--port") result.port = portOf(words[++at]);
    else if (word.startsWith("--port=")) result.port = portOf(word.slice("--port=".length));
    else throw new UsageError(`there is no option ${word}; the program's stand behind its name`);
  }
  if (result.code !== undefined) {
    if (result.again) throw new UsageError(`--${result.again} needs a file that can change`);
    return { ...result, task: "eval", rest: words.slice(at) };
  }
  if (at < words.length) {
    return { ...result, task: "run", file: words[at], rest: words.slice(at + 1) };
  }
  if (!isRun && result.port === undefined && !result.again) return result;
  throw new UsageError("say which program to run: bao [--port=N] FILE");
}

function codeOf(word, text) {
  if (text === undefined) throw new UsageError(`${word} has no value: give the code to run`);
  return text;
}

function portOf(text) {
  if (text !== undefined && /^\d+$/.test(text) && Number(text) <= 65535) return text;
  const shown = text === undefined ? "has no value" : `is ${JSON.stringify(text)}`;
  throw new UsageError(`--port ${shown}: give a port from 0 (any free one) to 65535`);
}
