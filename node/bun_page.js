/**
 * Writes docs/bun.md, what of Bun is here: from the object Bun itself and the comments of its types.
 *
 *   node bun_page.js          prints the page
 */
import { readFileSync } from "node:fs";

import { Bun } from "./command/bun.js";
import { MISSING } from "./command/missing.js";

const types = readFileSync(new URL("./types/bun.d.ts", import.meta.url), "utf8");

/** What the types say of each name that the module "bun" exports: the first comment before one. */
function descriptions() {
  const found = new Map();
  const pattern = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*export (?:function|const|class) (\w+)/g;
  for (const [, comment, name] of types.matchAll(pattern)) {
    const text = comment.replace(/\s*\n\s*\*?\s*/g, " ").trim();
    if (!found.has(name)) found.set(name, text.replaceAll("|", "\\|"));
  }
  return found;
}

function byName(first, second) {
  return first.localeCompare(second, "en");
}

function kindOf(name) {
  const value = Object.getOwnPropertyDescriptor(Bun, name).value;
  if (typeof value !== "function") return `\`${name}\``;
  return /^[A-Z]/.test(name) ? `\`new ${name}()\`` : `\`${name}()\``;
}

export function page() {
  const told = descriptions();
  const rows = Object.keys(Bun)
    .sort(byName)
    .map((name) => {
      if (!told.has(name)) throw new Error(`types/bun.d.ts has no comment for Bun.${name}`);
      return `| ${kindOf(name)} | ${told.get(name)} |`;
    });
  const missing = [...MISSING].sort(byName).map((name) => `\`${name}\``);
  return `# What of Bun is here

This page is made by \`node node/bun_page.js\` from the object \`Bun\` as it is under the command, and a test holds it to
that. [The command](command.md) tells how programs are read and run; [differences](differences.md) lists where Bao does on
purpose something else than Bun.

## Members of Bun

The module \`"bun"\` exports the same by name.

| | |
|---|---|
${rows.join("\n")}

## Not here

Each of these throws an error that names it when it is used; to import it is no error.

${missing.join(", ")}.
`;
}

if (import.meta.filename === process.argv[1]) process.stdout.write(page());
