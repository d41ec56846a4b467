/** Streams under the command: Bun's direct ones, and the others beside them. */
import assert from "node:assert/strict";
import test from "node:test";

import { programs, run } from "./programs.js";

/** Runs a program that says something, and nothing else. */
async function says(t, text, expected) {
  const folder = programs(t, { "program.js": text });
  const { code, output, errors } = await run(folder, ["program.js"]);
  assert.deepEqual({ code, output, errors }, { code: 0, output: `${expected}\n`, errors: "" });
}

test("whatever makes a stream makes a ReadableStream", (t) =>
  says(
    t,
    `class Mine extends ReadableStream { own = 1; }
    const direct = { type: "direct", pull() {} };
    const streams = [new ReadableStream(), new ReadableStream(direct), new Mine(), new Mine(direct),
      new Blob(["x"]).stream(), new Response("x").body, (await fetch("data:,x")).body,
      ReadableStream.from(["x"])];
    console.log(streams.every((stream) => stream instanceof ReadableStream),
      streams[3] instanceof Mine, streams[3].own, streams[0].constructor === ReadableStream,
      Object.keys(globalThis).includes("ReadableStream"));`,
    "true true 1 true false",
  ));

test("a direct stream has what its pull writes", (t) =>
  says(
    t,
    `const text = (pull) => new Response(new ReadableStream({ type: "direct", pull })).text();
    const later = () => new Promise((resolve) => setTimeout(resolve, 1));
    console.log(
      await text((c) => { c.write("ab"); c.write(new Uint8Array([99])); c.end(); c.write("no"); }),
      await text(async (c) => { c.write("ab"); c.flush(); await later(); c.write("c"); }),
      await text(async (c) => { await later(); c.write(new Uint16Array([0x6261])); c.close(); }),
      await text(() => {}) === "",
      await text(() => { throw new Error("thrown"); }).catch((error) => error.message),
      await text(async () => { throw new Error("rejected"); }).catch((error) => error.message),
      await text((c) => c.close(new Error("closed"))).catch((error) => error.message),
      await text((c) => c.write(5)).catch((error) => error.name));`,
    "abc abc ab true thrown rejected closed TypeError",
  ));

test("a direct stream waits for its reader, and hears that it has gone", (t) =>
  says(
    t,
    `let written = 0, reason;
    const turn = () => new Promise(setImmediate);
    const stream = new ReadableStream({
      type: "direct",
      async pull(controller) { for (;;) { await controller.write("x"); ++written; } },
      cancel(why) { reason = why; },
    });
    const reader = stream.getReader();
    await turn();
    console.log(written);
    for (let i = 0; i < 100; ++i) await reader.read();
    await turn();
    const before = written;
    await turn();
    console.log(before >= 100 && before < 130, written === before);
    await reader.cancel("enough");
    console.log(reason);
    process.exit(0);`,
    "0\ntrue true\nenough",
  ));

test("a direct stream is sent as it is written, and cancelled when its client goes away", (t) =>
  says(
    t,
    `const gone = Promise.withResolvers(), more = Promise.withResolvers();
    const server = Bun.serve({
      port: 0,
      fetch: () => new Response(new ReadableStream({
        type: "direct",
        async pull(controller) {
          controller.write("first");
          controller.flush();
          await more.promise;
          controller.write("second");
          await new Promise(() => {});
        },
        cancel: gone.resolve,
      })),
    });
    const aborter = new AbortController();
    const reader = (await fetch(server.url, { signal: aborter.signal })).body.getReader();
    const text = async () => Buffer.from((await reader.read()).value).toString();
    console.log(await text());
    more.resolve();
    console.log(await text());
    aborter.abort();
    console.log((await gone.promise).name);
    await server.stop(true);`,
    "first\nsecond\nAbortError",
  ));
