// Bodies that are streams, by path.
import { ready } from "./say";

const later = () => new Promise((resolve) => setTimeout(resolve, 5));

async function* slowly(...chunks: (string | Uint8Array)[]) {
  for (const chunk of chunks) {
    await later();
    yield chunk;
  }
}

const declared = (length: string, ...chunks: string[]) =>
  new Response(slowly(...chunks), { headers: { "Content-Length": length } });

const direct = (pull: (controller: any) => unknown) =>
  new Response(new ReadableStream({ type: "direct", pull } as any));

const replies: Record<string, () => Response> = {
  "chunks that are there": () =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue("ab");
          controller.enqueue(new TextEncoder().encode("cd"));
          controller.close();
        },
      }),
    ),
  "chunks that come": () => new Response(slowly("ab", "cd")),
  "all at once, but later": () =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          await later();
          controller.enqueue("abcd");
          controller.close();
        },
      }),
    ),
  "a stream of bytes": () =>
    new Response(
      new ReadableStream({
        type: "bytes",
        async start(controller) {
          for (const text of ["ab", "cd"]) {
            await later();
            controller.enqueue(new TextEncoder().encode(text));
          }
          await later();
          controller.close();
        },
      }),
    ),
  "a generator that waits for nothing": () =>
    new Response(
      (async function* () {
        yield "ab";
        yield "cd";
      })(),
    ),
  "a generator function": () =>
    new Response(async function* () {
      yield* slowly("ab", "cd");
    }),
  "an iterable": () => new Response({ [Symbol.asyncIterator]: () => slowly("ab", "cd") }),
  empty: () => new Response((async function* () {})()),
  "fields and status": () =>
    new Response(slowly("data: 1\n\n", "data: 2\n\n"), {
      status: 201,
      headers: { "Content-Type": "text/event-stream", "X-A": "1" },
    }),
  "the body of another Response": () => new Response(new Response(slowly("ab", "cd")).body),
  "a declared length": () => declared("4", "ab", "cd"),
  "a declared length that is too small": () => declared("3", "ab", "cd"),
  "a declared length that is too large": () => declared("5", "ab", "cd"),
  "a declared length that is no number": () => declared("four", "ab", "cd"),
  "direct: flushed": () =>
    direct(async (controller) => {
      controller.write("ab");
      controller.flush();
      await later();
      controller.write("cd");
      controller.end();
    }),
  "direct: without a pause": () =>
    direct((controller) => {
      controller.write("ab");
      controller.write(new Uint8Array([99, 100]));
      controller.close();
    }),
  "direct: without an end": () =>
    direct(async (controller) => {
      controller.write("ab");
      await later();
      controller.write("cd");
    }),
  "direct: fails": () =>
    direct(async (controller) => {
      controller.write("ab");
      controller.flush();
      await later();
      throw new Error("broken");
    }),
  "fails at once": () =>
    new Response(
      new ReadableStream({
        pull() {
          throw new Error("broken");
        },
      }),
    ),
  "fails before there is content": () =>
    new Response(async function* () {
      await later();
      throw new Error("broken");
    }),
  "fails half-way": () =>
    new Response(async function* () {
      yield* slowly("ab");
      throw new Error("broken");
    }),
  "a chunk that is a number": () => new Response(slowly("ab", 5 as any)),
};

ready({
  main: Bun.serve({
    port: 0,
    development: false,
    fetch: (request) => replies[decodeURIComponent(new URL(request.url).pathname.slice(1))](),
    error: (error) => new Response(`handled: ${error.message}`, { status: 500 }),
  }),
  // The driver asks for every reply that there is.
  ...Object.fromEntries(Object.keys(replies).map((name) => [`reply: ${name}`, "" as string])),
});
