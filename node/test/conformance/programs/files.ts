// Files: as values, as bodies, on routes, and what is written to them.
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "fs";
import { tmpdir } from "os";
import { join } from "path";
import { fact, outcome, ready } from "./say";

const folder = mkdtempSync(join(tmpdir(), "files-"));
process.chdir(folder);

function make(name: string, content: string) {
  writeFileSync(name, content);
  utimesSync(name, 784111777, 784111777);
}

make("ten.txt", "0123456789");
make("empty.txt", "");
make("page.html", "<p>");
mkdirSync("folder");
mkdirSync("public/with", { recursive: true });
mkdirSync("public/without");
make("public/ten.txt", "0123456789");
make("public/with/index.html", "<p>");
make("public/.hidden", "hidden");

const ten = () => Bun.file("ten.txt");

const replies: Record<string, () => any> = {
  whole: () => new Response(ten()),
  later: async () => new Response(ten()),
  clone: () => new Response(ten()).clone(),
  stream: () => new Response(ten().stream()),
  "body of another": () => new Response(new Response(ten()).body),
  empty: () => new Response(Bun.file("empty.txt")),
  "type by name": () => new Response(Bun.file("page.html")),
  "type of the file": () => new Response(Bun.file("ten.txt", { type: "text/html" })),
  "type of the slice": () => new Response(ten().slice(2, 5, "text/css")),
  "own type": () => new Response(ten(), { headers: { "Content-Type": "a/b" } }),
  "own fields": () =>
    new Response(ten(), { headers: { "Cache-Control": "no-cache", ETag: '"mine"' } }),
  "own length": () => new Response(ten(), { headers: { "Content-Length": "3" } }),
  "status 201": () => new Response(ten(), { status: 201 }),
  "status 404": () => new Response(ten(), { status: 404 }),
  "status 204": () => new Response(ten(), { status: 204 }),
  slice: () => new Response(ten().slice(2, 5)),
  "slice from": () => new Response(ten().slice(6)),
  "slice beyond": () => new Response(ten().slice(6, 600)),
  "slice of all": () => new Response(ten().slice(0, 10)),
  "slice of a slice": () => new Response(ten().slice(2, 9).slice(1, 3)),
  "slice, own range": () =>
    new Response(ten().slice(2, 5), {
      status: 206,
      headers: { "Content-Range": "bytes 2-4/10", "Content-Type": "video/mp4" },
    }),
  "slice, own fields": () => new Response(ten().slice(2, 5), { headers: { "X-A": "b" } }),
  "slice, status 404": () =>
    new Response(ten().slice(2, 5), { status: 404, headers: { "X-A": "b" } }),
  missing: () => new Response(Bun.file("nothing.txt")),
  "missing slice": () => new Response(Bun.file("nothing.txt").slice(2, 5)),
  "a folder": () => new Response(Bun.file("folder")),
  bytes: async () => new Response(await ten().bytes(), { headers: { "Content-Type": "a/b" } }),
  text: async () => new Response(await ten().text()),
  "no Response": () => ten(),
};

const routes: Record<string, any> = {
  "/route": ten(),
  "/route/response": new Response(ten()),
  "/route/fields": new Response(ten(), { headers: { "X-A": "b", "Content-Type": "a/b" } }),
  "/route/404": new Response(ten(), { status: 404 }),
  "/route/type": Bun.file("ten.txt", { type: "text/html" }),
  "/route/slice": ten().slice(2, 5),
  "/route/missing": Bun.file("nothing.txt"),
  "/route/missing-response": new Response(Bun.file("nothing.txt")),
  "/route/folder": Bun.file("folder"),
  "/route/method": { GET: ten(), POST: new Response("posted") },
  "/dir/*": { dir: "./public" },
};

async function told(action: () => unknown) {
  try {
    return await action();
  } catch (error: any) {
    return { throws: error.name, code: error.code, syscall: error.syscall, path: error.path };
  }
}

fact("is a Blob", [
  ten() instanceof Blob,
  ten().slice(1) instanceof Blob,
  Object.prototype.toString.call(ten()),
]);
fact("name", [ten().name, Bun.file("./a/../b").name, ten().slice(1).name]);
const names = "a.txt a.TXT a.html a.css a.js a.ts a.json a.png a.svg a.mp4 a .a".split(" ");
fact(
  "types by extension",
  names.map((name) => Bun.file(name).type),
);
fact(
  "types by option",
  ["application/json", "text/html", "image/png", "Image/PNG", "text/plain; x=1", ""].map(
    (type) => Bun.file("a.txt", { type }).type,
  ),
);
fact("size", [ten().size, Bun.file("empty.txt").size, Bun.file("nothing").size]);
fact("lastModified", ten().lastModified);
for (const given of [[0, 5], [6], [2, -2], [3, 1], [100], [1.9, 4.2], [], ["a/b"], [1, 3, "a/b"]]) {
  const file = ten();
  void file.size;
  const part = (file as any).slice(...given);
  fact(`slice ${JSON.stringify(given)}`, [part.size, part.type, await part.text()]);
}
fact("negative slice", await (async () => {
  const file = ten();
  return [file.size, await file.slice(-3).text()];
})());
fact("reading", [
  await ten().text(),
  [...(await ten().slice(0, 2).bytes())],
  (await ten().arrayBuffer()).byteLength,
  await Bun.readableStreamToText(ten().stream()),
]);
fact("exists", [
  await ten().exists(),
  await Bun.file("nothing").exists(),
  await Bun.file("folder").exists(),
]);
fact("stat", [(await ten().stat()).size, (await ten().stat()).isFile()]);
for (const member of ["text", "json", "bytes", "arrayBuffer", "stat", "delete", "unlink"]) {
  fact(`missing: ${member}`, await told(() => (Bun.file("nothing") as any)[member]()));
}
fact("missing: stream", await told(() => new Response(Bun.file("nothing").stream()).text()));
fact("missing: Response", await told(() => new Response(Bun.file("nothing")).text()));
fact("no JSON", await told(() => ten().slice(0, 0).json()));
for (const wrong of [undefined, null, {}, true, -1, 1.5, "a\0b", new URL("http://x/")]) {
  fact(`file(${String(wrong)})`, outcome(() => Bun.file(wrong as any).name));
}
const response = new Response(ten());
fact("a Response with a file", [
  response.headers.get("content-type"),
  response.status,
  response.bodyUsed,
  await response.text(),
  response.bodyUsed,
]);
fact("a file in a URL", await Bun.file(new URL(`file://${folder}/ten.txt`)).text());

async function written(data: unknown, options?: object) {
  const length = await told(() => Bun.write("written.txt", data as any, options as any));
  return [length, await Bun.file("written.txt").text()];
}
fact("write: text", await written("grün"));
fact("write: less text", await written("g"));
fact("write: no text", await written(""));
fact("write: bytes", await written(new Uint8Array([65, 66])));
fact("write: numbers", await written(new Uint16Array([0x4241])));
fact("write: a buffer", await written(new TextEncoder().encode("buffer").buffer));
fact("write: a Blob", await written(new Blob(["blob"])));
fact("write: parts", await written(["a", new Blob(["b"])]));
fact("write: a file", await written(ten()));
fact("write: a missing file", await written(Bun.file("nothing")));
fact("write: a Response", await written(new Response("response")));
fact("write: an empty Response", await written(new Response()));
fact("write: a Response with a file", await written(new Response(ten())));
fact(
  "write: a stream",
  await written(new Response(new ReadableStream({ start: (c) => (c.enqueue("ab"), c.close()) }))),
);
const used = new Response("used");
await used.text();
fact("write: a used Response", (await written(used))[0]);
fact("write: a Request", await written(new Request("http://x", { method: "POST", body: "sent" })));
fact("write: null", await told(() => Bun.write("written.txt", null as any)));
fact("write: to nothing", await told(() => Bun.write(undefined as any, "x")));
fact("write: to a folder", await told(() => Bun.write("folder", "x")));
fact("write: below a file", await told(() => Bun.write("ten.txt/x", "x")));
fact("write: makes folders", [
  await Bun.write("new/a/b.txt", "deep"),
  readFileSync("new/a/b.txt", "utf8"),
]);
const inOther = () => Bun.write("other/b.txt", "x", { createPath: false });
fact("write: makes no folder", await told(inOther));
const descriptor = openSync("written.txt", "w");
fact("write: to a descriptor", [
  await Bun.write(Bun.file(descriptor), "one"),
  await Bun.write(Bun.file(descriptor), "two"),
  readFileSync("written.txt", "utf8"),
]);
closeSync(descriptor);
fact("write: by the file", [
  await Bun.file("written.txt").write("own"),
  readFileSync("written.txt", "utf8"),
]);
make("gone.txt", "x");
fact("delete", [await Bun.file("gone.txt").delete(), await Bun.file("gone.txt").exists()]);

const sink = Bun.file("sink.txt").writer();
fact("writer", [
  sink.write("abc"),
  sink.write(new Uint8Array([65])),
  await sink.flush(),
  readFileSync("sink.txt", "utf8"),
  sink.write("zé"),
  await sink.end(),
  readFileSync("sink.txt", "utf8"),
]);
fact("writer: to no folder", await told(() => Bun.file("none/sink.txt").writer()));
fact("writer: what is no chunk", await told(() => Bun.file("sink.txt").writer().write(5 as any)));

const server = Bun.serve({
  port: 0,
  development: false,
  routes,
  fetch(req) {
    const name = decodeURIComponent(new URL(req.url).pathname.slice(1));
    return replies[name]?.() ?? new Response(`fetch ${name}`);
  },
  error: (error: any) =>
    new Response([error.name, error.code, error.syscall, error.path, error.message].join("|"), {
      status: 500,
    }),
});

ready({
  main: server,
  ...Object.fromEntries(Object.keys(replies).map((name) => [`reply: ${name}`, server])),
});
