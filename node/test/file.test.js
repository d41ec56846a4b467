/** file(): Blobs that stand for files. */
import assert from "node:assert/strict";
import { Blob, Buffer, File } from "node:buffer";
import fs from "node:fs";
import { mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, test as anyTest } from "node:test";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { execFileSync } from "node:child_process";
import { file, Request, Response } from "../lib/index.js";

/** What is waited for may never come if the library is at fault. */
const test = (name, action) => anyTest(name, { timeout: 20_000 }, action);

const folder = mkdtempSync(join(tmpdir(), "bao-file-"));
after(() => rmSync(folder, { recursive: true }));

let made = 0;
/** A new file with this content. */
function make(content, name = `${++made}.txt`) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test("a file is a Blob, whatever made it", () => {
  const path = make("text");
  for (const it of [file(path), file(pathToFileURL(path)), file(Buffer.from(path)), file(0)]) {
    assert.ok(it instanceof Blob);
    assert.ok(it instanceof globalThis.Blob);
    assert.ok(it.slice(1) instanceof Blob);
    assert.equal(Object.prototype.toString.call(it), "[object Blob]");
  }
  assert.equal(inspect(file("a.txt")), `FileRef ("a.txt") { type: 'text/plain;charset=utf-8' }`);
  const part = inspect(file(1).slice(2, 3));
  assert.match(part, /^FileRef \(fd: 1\) \{ type: .*, begin: 2, end: 3 \}$/);
});

test("name, size, lastModified are those of now", async () => {
  const path = make("12345");
  const it = file(path);
  assert.deepEqual([it.name, it.size], [path, 5]);
  assert.equal(it.lastModified, Math.trunc(fs.statSync(path).mtimeMs));
  writeFileSync(path, "1234567");
  assert.deepEqual([it.size, await it.text()], [7, "1234567"]);
  assert.equal(file(pathToFileURL(path)).name, path);
  it.name = "another";
  assert.deepEqual([it.name, it.slice(1).name, it.size], ["another", "another", 7]);
  const descriptor = openSync(path);
  assert.deepEqual([file(descriptor).name, file(descriptor).size], [undefined, 7]);
  fs.closeSync(descriptor);
});

test("what is not there has a type and no size", async () => {
  const it = file(join(folder, "nothing.json"));
  assert.deepEqual(
    [it.size, it.type, it.lastModified, await it.exists()],
    [0, "application/json;charset=utf-8", 0, false],
  );
  assert.equal(it.slice(2, 9).size, 0);
  for (const path of ["", join(make("x"), "below")]) assert.equal(file(path).size, 0);
  assert.equal(file("/dev/zero").size, Infinity);
});

test("types follow from the extension, or are the program's", () => {
  const types = {
    "a.TXT": "text/plain;charset=utf-8",
    "b/a.html": "text/html;charset=utf-8",
    "a.b.png": "image/png",
    "a.ts": "text/javascript;charset=utf-8",
    none: "application/octet-stream",
    ".bashrc": "application/octet-stream",
    "dir.png/none": "application/octet-stream",
    "a.unheard-of": "application/octet-stream",
  };
  for (const [path, type] of Object.entries(types)) assert.equal(file(path).type, type, path);
  const given = {
    "application/json": "application/json;charset=utf-8",
    "application/javascript": "text/javascript;charset=utf-8",
    "text/plain; charset=latin1": "text/plain; charset=latin1",
    "Image/X": "image/x",
    "": "text/plain;charset=utf-8",
    "a/\u0100": "text/plain;charset=utf-8",
  };
  for (const [type, told] of Object.entries(given)) {
    assert.equal(file("a.txt", { type }).type, told);
  }
  assert.equal(file("a.txt", { type: 5 }).type, "text/plain;charset=utf-8");
  assert.equal(file("a.txt", null).type, "text/plain;charset=utf-8");
});

test("slices are parts, and keep type and name", async () => {
  const path = make("hello world\n");
  const it = file(path);
  const cases = [
    [[0, 5], "hello"],
    [[6], "world\n"],
    [[-3], "ld\n"],
    [[2, -2], "llo worl"],
    [[3, 1], ""],
    [[100], ""],
    [[0, 100], "hello world\n"],
    [[1.9, 4.2], "ell"],
    [[NaN, 3], "hel"],
    [[undefined, 3], "hel"],
    [[-100, 3], "hel"],
    [[0, Infinity], "hello world\n"],
    [[Infinity], ""],
    [[], "hello world\n"],
  ];
  for (const [given, text] of cases) {
    const part = it.slice(...given);
    assert.deepEqual([part.size, await part.text()], [text.length, text], JSON.stringify(given));
    assert.deepEqual([part.type, part.name], [it.type, path]);
  }
  assert.equal(await it.slice(2, 9).slice(1, 3).text(), "lo");
  assert.equal(await it.slice(2, 5).slice(-2).text(), "lo");
  assert.equal(await it.slice(6).slice(0, 100).text(), "world\n");
  assert.equal(it.slice("text/html").type, "text/html;charset=utf-8");
  assert.deepEqual([it.slice(1, "a/b").type, it.slice(1, "a/b").size], ["a/b", 11]);
  assert.deepEqual([it.slice(1, 4, "A/B").type, it.slice(1, 4, "A/B").size], ["a/b", 3]);
});

test("content is read in all ways of a Blob", async () => {
  const bytes = Uint8Array.from([0xef, 0xbb, 0xbf, 0xc3, 0xa9, 0xff]);
  const it = file(make(bytes));
  assert.equal(await it.text(), "é\ufffd");
  assert.deepEqual(await it.bytes(), bytes);
  assert.deepEqual(await it.arrayBuffer(), bytes.buffer);
  assert.deepEqual(new Uint8Array(await it.slice(3, 5).arrayBuffer()), bytes.subarray(3, 5));
  assert.deepEqual(await Array.fromAsync(it.stream()), [bytes]);
  assert.equal((await Array.fromAsync(it.textStream())).join(""), "é\ufffd");
  assert.deepEqual(await file(make('{"a":1}')).json(), { a: 1 });
  await assert.rejects(file(make("{")).json(), SyntaxError);
  assert.deepEqual(await file(make("")).bytes(), new Uint8Array(0));
  const form = file(make("a=1&b=2"), { type: "application/x-www-form-urlencoded" });
  assert.deepEqual([...(await form.formData())], [["a", "1"], ["b", "2"]]);
  await assert.rejects(it.formData(), TypeError);
});

test("a stream reads no more than is asked for, and lets go", async () => {
  const path = make("");
  truncateSync(path, 10 * 1024 * 1024);
  const open = () => fs.readdirSync("/proc/self/fd").filter((fd) => isOpen(fd, path)).length;
  const reader = file(path).stream().getReader();
  assert.equal(open(), 0);
  const { value } = await reader.read();
  assert.equal(value.length, 256 * 1024);
  assert.equal(open(), 1);
  await reader.cancel();
  const other = file(path).slice(1, 300_000).stream({ mode: "byob" });
  let length = 0;
  for await (const piece of other) length += piece.length;
  assert.equal(length, 299_999);
  const byob = file(path).stream().getReader({ mode: "byob" });
  assert.equal((await byob.read(new Uint8Array(10))).value.length, 10);
  await byob.cancel();
  while (open() > 0) await new Promise(setImmediate);
});

function isOpen(fd, path) {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`) === path;
  } catch {
    return false;
  }
}

test("files that say they are empty, and pipes, are read to their end", async () => {
  assert.match(await file("/proc/self/status").text(), /^Name:/);
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  assert.equal(await file(pipe).exists(), true);
  const text = file(pipe).slice(2, 5).text();
  await fs.promises.writeFile(pipe, "0123456789");
  assert.equal(await text, "234");
});

test("a descriptor is read from where it stands, parts from their place", async () => {
  const descriptor = openSync(make("0123456789"));
  const it = file(descriptor);
  assert.equal(await it.slice(2, 4).text(), "23");
  fs.readSync(descriptor, Buffer.alloc(3));
  assert.equal(await it.text(), "3456789");
  assert.equal(await it.text(), "");
  assert.equal(await it.slice(8).text(), "89");
  assert.deepEqual([await it.exists(), (await it.stat()).size], [true, 10]);
  assert.equal(it.type, "application/octet-stream");
  await assert.rejects(it.unlink(), /no name/);
  fs.closeSync(descriptor);
  await assert.rejects(it.text(), { code: "EBADF" });
  assert.equal(await it.exists(), false);
});

test("errors are those of node:fs, with the path", async () => {
  const path = join(folder, "nothing");
  const missing = {
    code: "ENOENT",
    syscall: "open",
    path,
    errno: -2,
    message: `ENOENT: no such file or directory, open '${path}'`,
  };
  for (const read of ["text", "json", "bytes", "arrayBuffer", "formData"]) {
    await assert.rejects(file(path)[read](), missing, read);
  }
  await assert.rejects(Array.fromAsync(file(path).stream()), missing);
  await assert.rejects(new Response(file(path)).text(), missing);
  await assert.rejects(file(folder).text(), { code: "EISDIR", path: folder });
  await assert.rejects(file(path).stat(), { code: "ENOENT", syscall: "stat" });
  await assert.rejects(file(path).delete(), { code: "ENOENT", syscall: "unlink" });
  await assert.rejects(file(folder).unlink(), { code: "EISDIR" });
  assert.equal(await file(folder).exists(), false);
  assert.equal(await file("/dev/null").exists(), false);
});

test("a file can be removed", async () => {
  for (const remove of ["delete", "unlink"]) {
    const it = file(make("x"));
    assert.equal(await it.exists(), true);
    assert.equal(await it[remove](), undefined);
    assert.equal(await it.exists(), false);
  }
});

test("relative paths begin where the process works when they are opened", async () => {
  const path = make("relative");
  assert.equal(await file(relative(process.cwd(), path)).text(), "relative");
});

test("what is no file is refused", () => {
  const code = "ERR_INVALID_ARG_TYPE";
  for (const wrong of [undefined, null, {}, [], true, Symbol("x")]) {
    assert.throws(() => file(wrong), { name: "TypeError", code });
  }
  for (const wrong of [-1, 1.5, NaN, 2 ** 31]) {
    assert.throws(() => file(wrong), { name: "RangeError", code: "ERR_OUT_OF_RANGE" });
  }
  assert.throws(() => file("a\0b"), { code: "ERR_INVALID_ARG_VALUE" });
  assert.throws(() => file(new URL("http://x/a")), { code: "ERR_INVALID_URL_SCHEME" });
});

test("the platform's Blobs and forms can be made of files", async () => {
  const path = make("hello");
  const it = file(path);
  const blob = new Blob(["<", it, it.slice(1, 3), ">"]);
  assert.deepEqual([blob.size, await blob.text()], [9, "<helloel>"]);
  // It holds what the file was then.
  writeFileSync(path, "other");
  assert.equal(await blob.text(), "<helloel>");
  assert.equal(await new File([it], "n").text(), "other");
  assert.throws(() => new Blob([file(join(folder, "nothing"))]), { code: "ENOENT" });
  const form = new FormData();
  form.append("a", it);
  form.append("b", it, "named.bin");
  form.append("c", it.slice(1, 2));
  const entries = [...form].map(async ([name, value]) => [name, value.name, await value.text()]);
  assert.deepEqual(
    await Promise.all(entries),
    [
      ["a", path, "other"],
      ["b", "named.bin", "other"],
      ["c", path, "t"],
    ],
  );
});

test("bodies of ours and of the platform can be files", async () => {
  const path = make("body");
  const it = file(path);
  const type = "text/plain;charset=utf-8";
  for (const Class of [Response, globalThis.Response]) {
    assert.equal(new Class(it).headers.get("content-type"), type);
    assert.equal(await new Class(it).text(), "body");
    assert.equal(await new Class(it.slice(1, 3)).text(), "od");
    assert.equal((await new Class(it).blob()).type, type);
    const [piece] = await Array.fromAsync(new Class(it).body);
    assert.equal(Buffer.from(piece).toString(), "body");
  }
  for (const Class of [Request, globalThis.Request]) {
    const request = new Class("http://x", { method: "POST", body: it });
    assert.deepEqual([await request.text(), request.headers.get("content-type")], ["body", type]);
  }
  const response = new Response(it, { status: 404, headers: { "content-type": "a/b" } });
  assert.deepEqual([response.status, response.headers.get("content-type")], [404, "a/b"]);
  const copy = response.clone();
  assert.deepEqual([await response.text(), await copy.text()], ["body", "body"]);
  assert.equal(response.bodyUsed, true);
  await assert.rejects(response.text(), TypeError);
});

test("a Response gives its file back as a Blob that is still lazy", async () => {
  const path = make("before");
  const response = new Response(file(path));
  const blob = await response.blob();
  assert.deepEqual([blob.name, response.bodyUsed], [path, true]);
  writeFileSync(path, "afterwards");
  assert.equal(await blob.text(), "afterwards");
  await assert.rejects(response.blob(), TypeError);
  const typed = await new Response(file(path), { headers: { "content-type": "a/b" } }).blob();
  assert.deepEqual([typed.type, await typed.text()], ["a/b", "afterwards"]);
});

test("a form with files is read when it is sent", async () => {
  const path = make("", "large.bin");
  truncateSync(path, 3_000_000);
  const form = new FormData();
  form.append("text", "1\n2");
  form.append("file", file(path));
  const response = new Response(form);
  const got = await response.formData();
  assert.equal(got.get("text"), "1\r\n2");
  assert.deepEqual([got.get("file").name, got.get("file").size], [path, 3_000_000]);
  assert.equal(got.get("file").type, "application/octet-stream");
});
