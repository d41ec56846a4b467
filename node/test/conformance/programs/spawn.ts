// Processes that a program starts.
import { call, fact, outcome, outcomeOf } from "./say";

const sh = (script: string) => ["sh", "-c", script];
const textOf = (stream: unknown) => new Response(stream as ReadableStream).text();

async function told(name: string, action: () => unknown) {
  fact(name, await outcomeOf(action));
}

/** What a wrong argument comes to. */
function refused(name: string, ...given: unknown[]) {
  const error: any = outcome(() => {
    try {
      (Bun.spawn as any)(...given);
      return "started";
    } catch (caught) {
      return caught;
    }
  });
  fact(name, { kind: error?.name, code: error?.code, message: error?.message });
}

await told("exit code and output", async () => {
  const process = Bun.spawn(sh("echo out; echo err >&2; exit 3"), { stderr: "pipe" });
  const before = [process.exitCode, process.signalCode, process.killed, typeof process.pid];
  const texts = await Promise.all([textOf(process.stdout), textOf(process.stderr)]);
  const after = [await process.exited, process.exitCode, process.signalCode, process.killed];
  return { before, texts, after, input: process.stdin, same: process.readable === process.stdout };
});
await told("output after the end", async () => {
  const process = Bun.spawn(sh("head -c 300000 /dev/zero"));
  const code = await process.exited;
  return [code, (await new Response(process.stdout).arrayBuffer()).byteLength];
});
await told("a stream's own methods", async () => {
  const read = (way: string) => (Bun.spawn(["echo", "[1]"]).stdout as any)[way]();
  const bytes = await read("bytes");
  return [await read("text"), await read("json"), bytes.length, (await read("blob")).size];
});
await told("chunks", async () => {
  const kinds = [];
  for await (const chunk of Bun.spawn(["echo", "x"]).stdout) kinds.push(chunk.constructor.name);
  return kinds;
});
for (const given of ["inherit", "ignore", null] as const) {
  await told(`stdout: ${given}`, async () => {
    const process = Bun.spawn(["true"], { stdout: given });
    return [process.stdout, process.stderr, await process.exited];
  });
}

const inputs: Record<string, () => any> = {
  nothing: () => undefined,
  null: () => null,
  ignore: () => "ignore",
  bytes: () => new TextEncoder().encode("bytes"),
  Buffer: () => Buffer.from("buffer"),
  ArrayBuffer: () => new TextEncoder().encode("array buffer").buffer,
  Blob: () => new Blob(["blob"]),
  Response: () => new Response("response"),
  "an empty Response": () => new Response(),
  Request: () => new Request("http://a/", { method: "POST", body: "request" }),
  ReadableStream: () =>
    new ReadableStream({
      start(controller) {
        controller.enqueue("a ");
        controller.enqueue(new TextEncoder().encode("stream"));
        controller.close();
      },
    }),
  "a Response with a stream": () =>
    new Response(new Response("x").body!.pipeThrough(new TransformStream())),
  "a stream that fails": () => new ReadableStream({ pull: () => Promise.reject(new Error("x")) }),
};
for (const [name, make] of Object.entries(inputs)) {
  await told(`stdin: ${name}`, async () => {
    const process = Bun.spawn(["cat"], { stdin: make() });
    const kind =
      process.stdin === undefined ? "undefined" : Object.prototype.toString.call(process.stdin);
    return [kind, await textOf(process.stdout), await process.exited];
  });
}
await told("a stream that nobody reads any more is cancelled", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const stdin = new ReadableStream({
    pull: (controller) => controller.enqueue("x".repeat(100_000)),
    cancel: (reason) => resolve(reason.code),
  });
  return [await Bun.spawn(["true"], { stdin }).exited, await promise];
});
await told("a pipe to write to", async () => {
  const process = Bun.spawn(["cat"], { stdin: "pipe" });
  const written = [process.stdin.write("héllo"), process.stdin.write(new Uint8Array([33]))];
  const flushed = process.stdin.flush();
  written.push(process.stdin.write(new ArrayBuffer(0)));
  const refused = await outcomeOf(() => process.stdin.write(3 as any));
  const ended = process.stdin.end();
  return { written, flushed, refused, ended, text: await textOf(process.stdout) };
});
await told("more than a pipe holds", async () => {
  const process = Bun.spawn(["cat"], { stdin: "pipe" });
  const written = process.stdin.write("x".repeat(1_000_000));
  const text = textOf(process.stdout);
  const length = await written;
  await process.stdin.end();
  return [written instanceof Promise, length, (await text).length];
});
await told("what is written is sent without a flush", async () => {
  const process = Bun.spawn(["cat"], { stdin: "pipe" });
  process.stdin.write("sent");
  const { value } = await process.stdout.getReader().read();
  process.stdin.end();
  return [new TextDecoder().decode(value), await process.exited];
});

const ended = async (process: ReturnType<typeof Bun.spawn>) => [
  await process.exited,
  process.exitCode,
  process.signalCode,
  process.killed,
];
for (const signal of [undefined, 9, "SIGINT", "SIGUSR1"] as const) {
  await told(`kill: ${signal}`, () => {
    const process = Bun.spawn(["sleep", "60"]);
    process.kill(signal);
    return ended(process);
  });
}
await told("kill: 0", async () => {
  const process = Bun.spawn(["sleep", "60"]);
  process.kill(0);
  const before = process.killed;
  process.kill();
  return [before, await process.exited];
});
await told("kill: at once", async () => {
  const process = Bun.spawn(["sleep", "60"]);
  process.kill();
  const { killed } = process;
  await process.exited;
  return killed;
});
await told("kill: what is over", async () => {
  const process = Bun.spawn(["true"]);
  await process.exited;
  return [process.kill() ?? null, process.signalCode];
});
await told("timeout", () => ended(Bun.spawn(["sleep", "60"], { timeout: 1 })));
await told("timeout and killSignal", () =>
  ended(Bun.spawn(["sleep", "60"], { timeout: 1, killSignal: "SIGKILL" })),
);
await told("maxBuffer", async () => {
  const process = Bun.spawn(["yes"], { maxBuffer: 100 });
  return [await process.exited, process.signalCode];
});
await told("signal", () => {
  const controller = new AbortController();
  const process = Bun.spawn(["sleep", "60"], { signal: controller.signal, killSignal: 2 });
  controller.abort();
  return ended(process);
});
await told("a signal that was aborted before", () =>
  Bun.spawn(["true"], { signal: AbortSignal.abort() }),
);
await told("onExit", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const order: string[] = [];
  const process = Bun.spawn(sh("exit 4"), {
    onExit(subject, code, signal, error) {
      order.push("onExit");
      resolve({ same: subject === process, code, signal, error, order });
    },
  });
  process.exited.then(() => order.push("exited"));
  return promise;
});
await told("disposal", async () => {
  let kept;
  {
    await using process = Bun.spawn(["sleep", "60"]);
    kept = process;
  }
  return [kept.signalCode, kept.exitCode];
});
await told("environment, folder and name", async () => {
  const process = Bun.spawn(sh('echo "$0" "$A" "$B" "$(pwd)"'), {
    env: { A: "1", B: undefined, PATH: Bun.env.PATH },
    cwd: "/",
    argv0: "another",
  });
  return textOf(process.stdout);
});
await told("options with cmd", () => textOf(Bun.spawn({ cmd: ["echo", "x"] }).stdout));
await told("stdio as a list", async () => {
  const process = Bun.spawn(["cat"], { stdio: [Buffer.from("listed"), "pipe", "ignore"] });
  return [await textOf(process.stdout), process.stderr];
});
await told("members", () => {
  const process = Bun.spawn(["true"]);
  return [String(process), process.ref(), process.unref(), process.stdio, Object.keys(process)];
});

refused("no command", []);
refused("a command that is a string", "ls");
refused("nothing at all");
refused("an object without cmd", {});
refused("an unknown command", ["no-such-command"]);
refused("an unknown path", ["/no/such/command"]);
refused("an unknown folder", ["true"], { cwd: "/no/such/folder" });
refused("a path without the command", ["true"], { env: { PATH: "/none" } });
refused("env: 3", ["true"], { env: 3 });
refused("onExit: 3", ["true"], { onExit: 3 });
refused("timeout: -1", ["true"], { timeout: -1 });
refused("timeout: text", ["true"], { timeout: "x" });
refused("stdio: 3", ["true"], { stdio: 3 });
refused("stdout: text", ["true"], { stdout: "text" });
refused("stdin: text", ["true"], { stdin: "text" });
refused("stdout: -1", ["true"], { stdout: -1 });
refused("stdout: bytes", ["true"], { stdout: new Uint8Array(1) });
refused("stdout: a Response", ["true"], { stdout: new Response("x") });
refused("serialization: xml", ["true"], { serialization: "xml", ipc() {} });
refused("signal: 3", ["true"], { signal: 3 });
fact(
  "kill: 100",
  outcome(() => Bun.spawn(["true"]).kill(100)),
);
fact(
  "kill: NONE",
  outcome(() => Bun.spawn(["true"]).kill("NONE" as any)),
);

function sync(name: string, ...given: unknown[]) {
  const { exitCode, signalCode, success, stdout, stderr, ...more } = (Bun.spawnSync as any)(
    ...given,
  );
  const { pid, resourceUsage, ...rest } = more;
  const text = (buffer?: Buffer) =>
    buffer && [buffer.constructor.name, buffer.toString().slice(0, 20)];
  fact(name, { exitCode, signalCode, success, out: text(stdout), err: text(stderr), rest });
}
sync("sync", sh("echo out; echo err >&2; exit 3"));
sync("sync: success", { cmd: ["cat"], stdin: Buffer.from("in") });
sync("sync: Blob", ["cat"], { stdin: new Response("response") });
sync("sync: a signal", sh("kill -9 $$"), { stdout: "ignore", stderr: "inherit" });
sync("sync: timeout", ["sleep", "60"], { timeout: 1 });
fact(
  "sync: no command",
  outcome(() => Bun.spawnSync([])),
);
fact(
  "sync: a stream",
  outcome(() => Bun.spawnSync(["cat"], { stdin: new ReadableStream() as any })),
);

// Messages between processes.
for (const serialization of ["json", "advanced", undefined] as const) {
  await told(`messages: ${serialization}`, async () => {
    const messages: unknown[] = [];
    const { promise: left, resolve: leave } = Promise.withResolvers<unknown>();
    const process = Bun.spawn([globalThis.process.execPath, "spawned.ts", "an argument"], {
      serialization,
      env: Bun.env,
      onDisconnect: leave,
      ipc(message, subject) {
        messages.push([message, subject === process, process.connected]);
        if (messages.length === 1) process.send(new Map([[1, 2]]));
        if (messages.length === 2) process.send({ last: true });
      },
    } as any);
    const output = await textOf(process.stdout);
    await left;
    const late = await outcomeOf(() => process.send("x"));
    return { messages, output, left: await left, code: await process.exited, late };
  });
}
await told("no messages", () => Bun.spawn(["true"]).send("x"));
await told("disconnect", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const process = Bun.spawn([globalThis.process.execPath, "spawned.ts"], {
    ipc(message, subject) {
      subject.disconnect();
      resolve([message, subject.connected]);
    },
  } as any);
  return [await promise, await process.exited, await textOf(process.stdout)];
});
call("ready", {});
