/** Bun.spawn and Bun.spawnSync, beside what conformance/programs/spawn.ts asks. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { programs, run, start } from "./programs.js";

async function says(t, files, expected) {
  const folder = programs(t, files);
  const { output, errors } = await run(folder, ["a.ts"]);
  assert.equal(errors, "");
  assert.equal(output, expected);
  return folder;
}

test("`bun`, and what runs this, are this command; `bun run` is, too", (t) =>
  says(
    t,
    {
      "a.ts": `const text = (cmd: string[]) => new Response(Bun.spawn(cmd).stdout).text();
        for (const name of ["bun", "bao", process.execPath]) {
          console.log((await text([name, "./b.ts", "x", "--y"])).trim());
        }
        console.log((await text(["bun", "run", "b.ts"])).trim());
        console.log(Bun.spawnSync(["bun", "b", "sync"]).stdout.toString().trim());
        console.log(Bun.spawnSync(["bun", "none.ts"]).exitCode);`,
      "b.ts": `enum Kind { Own } console.log(typeof Bun, Kind.Own, ...process.argv.slice(2));`,
    },
    "object 0 x --y\n".repeat(3) + "object 0\nobject 0 sync\n1\n",
  ));

test("a path that ends in bun is another program", (t) =>
  says(
    t,
    {
      "a.ts": `import { chmodSync } from "node:fs"; chmodSync("bun", 0o755);
        console.log((await Bun.spawn(["./bun"]).stdout.text()).trim(), Bun.which("./bun") !== null);`,
      bun: "#!/bin/sh\necho another\n",
    },
    "another true\n",
  ));

test("files by their descriptors, and by what Bun.file gives", async (t) => {
  const folder = await says(
    t,
    {
      "a.ts": `import { openSync } from "node:fs";
        const file = (path: string | null, fd = -1) => ({ _path: path, _fd: fd }) as any;
        const output = openSync("output.txt", "w");
        await Bun.spawn(["cat"], { stdin: openSync("a.txt", "r"), stdout: output }).exited;
        await Bun.spawn(["cat"], { stdin: file("a.txt"), stdout: file(null, output) }).exited;
        await Bun.spawn(["sh", "-c", "echo error >&2"], { stderr: file("errors.txt") }).exited;
        Bun.spawnSync(["cat"], { stdin: file("a.txt"), stdout: file("sync.txt") });
        const opened = await import("node:fs").then(({ readdirSync }) => readdirSync("/proc/self/fd"));
        await Bun.spawn(["true"], { stdin: file("a.txt"), stdout: file("sync2.txt") }).exited;
        const after = await import("node:fs").then(({ readdirSync }) => readdirSync("/proc/self/fd"));
        console.log(after.length - opened.length);
        try { Bun.spawn(["true"], { stdin: file("none.txt") }); } catch (error) { console.log(error.code); }`,
      "a.txt": "text\n",
    },
    "0\nENOENT\n",
  );
  const content = (name) => readFileSync(join(folder, name), "utf8");
  assert.equal(content("output.txt"), "text\ntext\n");
  assert.equal(content("errors.txt"), "error\n");
  assert.equal(content("sync.txt"), "text\n");
});

test("output waits for who does not read, and for who reads slowly", (t) =>
  says(
    t,
    {
      "a.ts": `const process = Bun.spawn(["sh", "-c", "head -c 3000000 /dev/zero; echo end >&2"], { stderr: "pipe" });
        const reader = process.stdout.getReader();
        let length = (await reader.read()).value!.length;
        // Bounded: the process cannot end before more of its output is read.
        const first = await Promise.race([process.exited, Bun.sleep(50).then(() => "waits")]);
        for (let part; !(part = await reader.read()).done; ) length += part.value!.length;
        console.log(first, length, await process.exited, (await process.stderr.text()).trim());`,
    },
    "waits 3000000 0 end\n",
  ));

test("a process that is not referred to keeps nothing alive", async (t) => {
  const folder = programs(t, {
    "a.ts": `const process = Bun.spawn(["sleep", "60"], { stderr: "ignore" }); process.unref(); console.log(process.pid);`,
  });
  const { code, output } = await run(folder, ["a.ts"]);
  assert.equal(code, 0);
  process.kill(Number(output), "SIGKILL");
});

test("what onExit throws is uncaught", async (t) => {
  const folder = programs(t, {
    "a.ts": `Bun.spawn(["true"], { onExit() { throw new Error("thrown in onExit"); } });`,
  });
  const { code, errors } = await run(folder, ["a.ts"]);
  assert.equal(code, 1);
  assert.match(errors, /thrown in onExit/);
});

test("what is not there says so", (t) =>
  says(
    t,
    {
      "a.ts": `const refused = (options: any) => { try { Bun.spawn(["true"], options); } catch (error) { console.log(error.message); } };
        refused({ terminal: {} }); refused({ cgroup: "/" }); refused({ stdio: ["ignore", "ignore", "ignore", "pipe"] });
        try { Bun.spawn(["true"]).resourceUsage(); } catch (error) { console.log(error.message); }`,
    },
    "Option terminal of Bun.spawn is not part of bao yet\n" +
      "Option cgroup of Bun.spawn is not part of bao yet\n" +
      "More pipes than those of stdin, stdout and stderr are not part of bao yet\n" +
      "resourceUsage() of a process is not part of bao yet\n",
  ));

test("a signal that a program passes on", async (t) => {
  const folder = programs(t, {
    "a.ts": `const child = Bun.spawn(["bun", "b.ts"], { stdio: ["inherit", "inherit", "inherit"] });
      process.on("SIGTERM", () => child.kill("SIGUSR2"));
      console.log("code", await child.exited);`,
    "b.ts": `process.on("SIGUSR2", () => { console.log("told"); process.exit(5); }); setInterval(() => {}, 1000); console.log("up");`,
  });
  const program = start(folder, ["a.ts"]);
  t.after(() => program.child.kill("SIGKILL"));
  while (!program.output.includes("up")) await once(program.child.stdout, "data");
  program.child.kill("SIGTERM");
  assert.deepEqual(await program.ended, { code: 0, signal: null });
  assert.equal(program.output, "up\ntold\ncode 5\n");
});
