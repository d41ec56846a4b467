/** What a program of the command keeps in memory. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { programs, served } from "./programs.js";

/** KiB of pages of files, the binary's above all, that the process has in memory. */
const ofFiles = (pid) =>
  Number(/RssFile:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);

test("what only starting has needed of the binary leaves memory, and the server goes on", async (t) => {
  const folder = programs(t, {
    "hello.ts": `const { url } = Bun.serve({ port: 0, fetch: () => new Response("hello") });
      console.log(String(url), process.pid);`,
  });
  const program = await served(t, folder, ["hello.ts"]);
  const pid = Number(/ (\d+)\n/.exec(program.output)[1]);
  assert.equal(await (await fetch(program.url)).text(), "hello");
  const most = ofFiles(pid);
  while (ofFiles(pid) > most / 2) await sleep(20);
  assert.equal(await (await fetch(program.url)).text(), "hello");
  assert.equal(await (await fetch(new URL("/%00", program.url))).text(), "hello");
});
