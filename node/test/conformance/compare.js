/** What Bao should do: what Bun does, and where it departs on purpose. */
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

import { replies, requests } from "./betterments.js";
import { files } from "./betterments_of_files.js";
import { members, options, processes, routes, syntax } from "./betterments_of_options.js";
import { sockets } from "./betterments_of_sockets.js";
import { tls } from "./betterments_of_tls.js";

export const betterments = [
  ...replies,
  ...requests,
  ...syntax,
  ...routes,
  ...files,
  ...options,
  ...members,
  ...processes,
  ...tls,
  ...sockets,
];

/** What was recorded from Bun. */
export function recordedOf(program) {
  const file = new URL(`expected/${program}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8"))[program];
}

/** Changes the records of a program to what Bao should do; tells each entry that it had to. */
export function expectedOf(program, used = new Set()) {
  const records = recordedOf(program);
  const expected = structuredClone(records);
  for (const entry of betterments) {
    for (const [name, record] of Object.entries(records)) {
      const full = `${program}: ${name}`;
      const { cases } = entry;
      if (!(typeof cases === "function" ? cases(full, record) : cases.includes(full))) continue;
      for (const change of entry.changes) apply(expected, name, record, change, entry.what);
      used.add(entry).add(full);
    }
  }
  return expected;
}

function apply(expected, name, record, [path, bun, bao], what) {
  const steps = path === "" ? [] : path.split(".");
  const found = steps.reduce((value, step) => value?.[step], record);
  if (!isDeepStrictEqual(found, bun)) {
    const values = `${JSON.stringify(found)}, not ${JSON.stringify(bun)}`;
    throw new Error(`"${what}" is wrong in ${name}, ${path || "all of it"}: Bun's is ${values}`);
  }
  if (isDeepStrictEqual(bun, bao)) throw new Error(`"${what}" changes nothing in ${name}`);
  const last = [name, ...steps].pop();
  const holder = [name, ...steps].slice(0, -1).reduce((value, step) => value[step], expected);
  if (bao === undefined) delete holder[last];
  else holder[last] = bao;
}
