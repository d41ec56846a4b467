/** Files as programs use them, and what must be refused. */
import { file, Request, Response, serve, write, type BunFile, type FileSink } from "bao";

const it: BunFile = file("a.txt", { type: "text/html" });
it satisfies Blob;
file(new URL(import.meta.url)).name satisfies string | undefined;
file(0).slice(1).slice(1, 2, "a/b").slice("a/b") satisfies BunFile;

serve({
  routes: {
    "/file": it,
    "/part": new Response(it.slice(1, 2), { status: 206 }),
    "/methods": { GET: it, POST: async (request) => Response.json(await write(it, request)) },
  },
  static: { "/static": it },
});

serve({
  routes: {
    "/a/*": { dir: "./public" },
    "/b/*": { dir: new URL(".", import.meta.url), index: ["a.html"], headers: { "x-a": "b" } },
    "/c/*": { GET: { dir: "./public", index: false, listing: true, dotFiles: true } },
    // @ts-expect-error: a path
    "/d/*": { dir: 5 },
    // @ts-expect-error: what there is to say
    "/e/*": { dir: "./public", lists: true },
  },
  fetch: () => new Response(it.stream()),
});

const number: number = await write("a.txt", "text");
await write(it, [it, "text", new Blob()], { createPath: false, mode: 0o600 });
await write(1, new Uint8Array(number));
await write(new URL("file:///a"), await new Request("http://x").formData());
await it.write(await fetch("http://x"));

const all: [string, number, Uint8Array, ArrayBuffer, boolean] = [
  await it.text(),
  (await it.stat()).mtimeMs + it.size + it.lastModified,
  await it.bytes(),
  await it.arrayBuffer(),
  await it.exists(),
];
const sink: FileSink = it.writer({ highWaterMark: all.length });
(await sink.write("text")) + (await sink.flush()) + (await sink.end());
await it.delete();
const form = new FormData();
form.append("file", it, it.name);

// @ts-expect-error: a path, a URL or a descriptor
file({});
// @ts-expect-error: nothing is no content
await write("a.txt", null);
// @ts-expect-error: a file's size is what it is
it.size = 5;
// @ts-expect-error: a chunk has bytes
sink.write(5);
