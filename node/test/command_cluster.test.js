/** Several processes on one port, as Bun's guide starts them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import test from "node:test";

import { programs, start } from "./programs.js";

const SERVER = `import { serve } from "bun";

const id = Math.random().toString(36).slice(2);

serve({
  port: process.env.PORT || 8080,
  development: false,
  reusePort: true,
  async fetch(request) {
    return new Response("Hello from Bun #" + id + " " + process.pid + "!\\n");
  },
});
console.log("up", process.pid);
`;

const CLUSTER = `import { spawn } from "bun";

const cpus = navigator.hardwareConcurrency;
const buns = new Array(cpus);

for (let i = 0; i < cpus; i++) {
  buns[i] = spawn({
    cmd: ["bun", "./server.ts"],
    stdout: "inherit",
    stderr: "inherit",
    stdin: "inherit",
  });
}

function kill() {
  for (const bun of buns) {
    bun.kill();
  }
}

process.on("SIGINT", kill);
process.on("exit", kill);
`;

/** One that starts another child where one has ended. */
const KEEPER = `import { spawn } from "bun";
const children = new Set<ReturnType<typeof spawn>>();
let ends = false;
function begin() {
  const child = spawn(["bun", "server.ts"], {
    stdout: "inherit",
    onExit(child, code, signal) {
      children.delete(child);
      console.log("ended", child.pid, code, signal);
      if (!ends) begin();
    },
  });
  children.add(child);
}
for (let i = 0; i < 3; ++i) begin();
process.on("SIGINT", () => {
  ends = true;
  for (const child of children) child.kill("SIGINT");
});
`;

async function freePort() {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function begin(t, text) {
  const folder = programs(t, { "server.ts": SERVER, "cluster.ts": text });
  const port = await freePort();
  const program = start(folder, ["cluster.ts"], { env: { PORT: String(port) } });
  const up = () => program.output.match(/(?<=^up )\d+$/gm) ?? [];
  t.after(() => {
    for (const pid of [program.child.pid, ...up()]) {
      try {
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // It has ended already.
      }
    }
  });
  let over = false;
  program.ended.then(() => (over = true));
  const until = async (holds) => {
    while (!holds()) {
      assert.ok(!over, program.output + program.errors);
      await Promise.race([once(program.child.stdout, "data"), program.ended]);
    }
  };
  const ask = async () => {
    const options = { headers: { connection: "close" } };
    const reply = await fetch(`http://127.0.0.1:${port}/`, options);
    return /#\w+ (\d+)!/.exec(await reply.text())[1];
  };
  return { program, up, until, ask };
}

/** Asks until every process has answered. */
async function allAnswer(pids, ask) {
  const left = new Set(pids);
  while (left.size > 0) left.delete(await ask());
}

/** Nothing is left of it: the signal 0 asks whether a process is there. */
const isThere = (pid) => {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
};

test("the guide's cluster: connections spread, SIGINT ends all", { timeout: 60_000 }, async (t) => {
  const { program, up, until, ask } = await begin(t, CLUSTER);
  await until(() => up().length === navigator.hardwareConcurrency);
  await allAnswer(up(), ask);
  program.child.kill("SIGINT");
  assert.deepEqual(await program.ended, { code: 0, signal: null });
  assert.equal(program.errors, "");
  assert.deepEqual(up().filter(isThere), []);
});

test(
  "a child that was killed is noticed, and another takes its place",
  { timeout: 60_000 },
  async (t) => {
    const { program, up, until, ask } = await begin(t, KEEPER);
    await until(() => up().length === 3);
    const [victim, ...others] = up();
    process.kill(Number(victim), "SIGKILL");
    await until(() => up().length === 4);
    assert.match(program.output, new RegExp(`^ended ${victim} null SIGKILL$`, "m"));
    await allAnswer([...others, up()[3]], ask);
    program.child.kill("SIGINT");
    assert.deepEqual(await program.ended, { code: 0, signal: null });
    assert.equal(program.output.match(/^ended \d+ null SIGINT$/gm).length, 3);
    assert.deepEqual(up().filter(isThere), []);
  },
);
