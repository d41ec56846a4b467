/** write(), BunFile.write() and writer(). */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test as anyTest } from "node:test";
import { pathToFileURL } from "node:url";
import { file, Request, Response, write } from "../lib/index.js";
import { library, run } from "./wire.js";

/** What is waited for may never come if the library is at fault. */
const test = (name, action) => anyTest(name, { timeout: 20_000 }, action);

const folder = mkdtempSync(join(tmpdir(), "bao-write-"));
after(() => rmSync(folder, { recursive: true }));

let made = 0;
const place = (name = `${++made}.txt`) => join(folder, name);

function make(content) {
  const path = place();
  fs.writeFileSync(path, content);
  return path;
}

const textOf = (path) => readFileSync(path, "utf8");
const bytes = (text) => new TextEncoder().encode(text);

/** A stream of these chunks that come one after the other. */
async function* slowly(...chunks) {
  for (const chunk of chunks) {
    await new Promise(setImmediate);
    yield chunk;
  }
}

test("whatever has bytes is written, and counted", async () => {
  const path = place();
  const form = new FormData();
  form.append("a", "1");
  const values = [
    ["héllo", "héllo"],
    ["", ""],
    [bytes("bytes"), "bytes"],
    [bytes("xbytesx").subarray(1, 6), "bytes"],
    [new Uint16Array([0x4241]), "AB"],
    [bytes("buffer").buffer, "buffer"],
    [new DataView(bytes("view").buffer, 1), "iew"],
    [new Blob(["blob"]), "blob"],
    [new Blob(["b".repeat(3_000_000)]), "b".repeat(3_000_000)],
    [file(make("file")), "file"],
    [file(make("0123456789")).slice(2, 5), "234"],
    [["a", bytes("b"), new Blob(["c"])], "abc"],
    [new URLSearchParams("a=1"), "a=1"],
    [5, "5"],
    [new Response("response"), "response"],
    [new Response(bytes("response")), "response"],
    [new Response(null), ""],
    [new Response(slowly("a", bytes("b"))), "ab"],
    [new Response(file(make("file"))), "file"],
    [new Response(new Blob(["blob"])), "blob"],
    [new Request("http://x", { method: "POST", body: "request" }), "request"],
    [new globalThis.Response("theirs"), "theirs"],
    [new globalThis.Request("http://x", { method: "POST", body: "theirs" }), "theirs"],
    [ReadableStream.from(slowly("s", "t")), "st"],
    [slowly("i", "j"), "ij"],
  ];
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  shared.set([67, 68]);
  values.push([shared.buffer, "CD"]);
  for (const [value, text] of values) {
    const length = await write(path, value);
    assert.deepEqual([length, textOf(path)], [Buffer.byteLength(text), text]);
  }
  await write(path, form);
  assert.match(textOf(path), /name="a"\r\n\r\n1\r\n/);
});

test("it is written to paths, URLs, descriptors and files", async () => {
  const path = place();
  await write(pathToFileURL(path), "url");
  assert.equal(textOf(path), "url");
  await write(file(path), "file");
  assert.equal(textOf(path), "file");
  assert.equal(await file(path).write(new Response("own")), 3);
  assert.equal(textOf(path), "own");
  const descriptor = openSync(path, "w");
  assert.equal(await write(descriptor, "one, "), 5);
  assert.equal(await write(file(descriptor), "two"), 3);
  closeSync(descriptor);
  assert.equal(textOf(path), "one, two");
});

test("folders on the way are made, unless the program says no", async () => {
  assert.equal(await write(place("new/a/b.txt"), "deep"), 4);
  assert.equal(textOf(place("new/a/b.txt")), "deep");
  assert.equal(await write(place("new/c/b.txt"), new Response(slowly("deep"))), 4);
  await assert.rejects(write(place("other/b.txt"), "x", { createPath: false }), {
    code: "ENOENT",
    syscall: "open",
    path: place("other/b.txt"),
  });
  assert.equal(existsSync(place("other")), false);
});

test("mode is that of a new file", async () => {
  const path = place();
  await write(path, "x", { mode: 0o600 });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  for (const mode of [-1, 0o1000, 1.5, "600"]) {
    await assert.rejects(write(path, "x", { mode }), RangeError);
  }
});

test("what is wrong is told at once, or rejects", async () => {
  const code = "ERR_INVALID_ARG_TYPE";
  const path = make("kept");
  for (const wrong of [undefined, null, true, {}]) assert.throws(() => write(wrong, "x"), { code });
  for (const wrong of [undefined, null]) assert.throws(() => write(path, wrong), { code });
  assert.throws(() => write(new Blob(["x"]), "x"), { code, message: /read-only/ });
  assert.throws(() => write("a\0b", "x"), { code: "ERR_INVALID_ARG_VALUE" });
  await assert.rejects(write("", "x"), { code: "ENOENT" });
  await assert.rejects(write(folder, "x"), { code: "EISDIR", path: folder });
  await assert.rejects(write(join(path, "x"), "x"), { code: "ENOTDIR" });
  await assert.rejects(write("/dev/full", "x"), { code: "ENOSPC" });
  assert.equal(textOf(path), "kept");
});

test("what cannot be read leaves the file that was there", async () => {
  const path = make("kept");
  const used = new Response("x");
  await used.text();
  await assert.rejects(write(path, used), { code: "ERR_BODY_ALREADY_USED" });
  await assert.rejects(write(path, file(place("nothing"))), { code: "ENOENT", syscall: "open" });
  await assert.rejects(write(path, file(folder)), { code: "EISDIR" });
  const failing = new ReadableStream({ pull: () => Promise.reject(new Error("no")) });
  await assert.rejects(write(path, failing), /no/);
  assert.equal(textOf(path), "kept");
});

test("a source is used up, and cancelled if its bytes find no room", async () => {
  const response = new Response("x");
  await write(place(), response);
  assert.equal(response.bodyUsed, true);
  await assert.rejects(write(place(), response), TypeError);
  let reason;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue("x"),
    cancel: (why) => (reason = why),
  });
  await assert.rejects(write("/dev/full", endless), { code: "ENOSPC" });
  assert.equal(reason.code, "ENOSPC");
});

test("a file may be replaced by itself, or by a part of it", async () => {
  const content = "0123456789".repeat(100_000);
  const path = make(content);
  assert.equal(await write(path, file(path)), content.length);
  assert.equal(textOf(path), content);
  const link = place();
  fs.linkSync(path, link);
  assert.equal(await write(path, file(link).slice(2, 600_000)), 599_998);
  assert.equal(textOf(path), content.slice(2, 600_000));
});

test("standard output is a file", async () => {
  const { output, errors } = await run(`
    import { file, write } from "${library}";
    console.log("before");
    const length = await write(file(1), "x".repeat(300_000) + "\\n");
    await write(2, "errors");
    console.log(length);
  `);
  assert.equal(output, `before\n${"x".repeat(300_000)}\n300001\n`);
  assert.equal(errors, "errors");
});

test("standard input is a file", async () => {
  const source = `
    import { file, write } from "${library}";
    await write(file(1), file(0));
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source]);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (data) => (output += data));
  child.stdin.write("one, ");
  setImmediate(() => child.stdin.end("two"));
  await new Promise((resolve) => child.on("close", resolve));
  assert.equal(output, "one, two");
});

// -- writer()

test("a writer gathers, flushes and ends", () => {
  const path = make("what was there before");
  const sink = file(path).writer();
  assert.equal(textOf(path), "");
  assert.deepEqual([sink.write("abc"), sink.write(bytes("d"))], [3, 1]);
  assert.equal(textOf(path), "");
  assert.equal(sink.flush(), 4);
  assert.equal(textOf(path), "abcd");
  assert.equal(sink.write("zé"), 3);
  assert.equal(sink.end(), 3);
  assert.equal(textOf(path), "abcdzé");
  assert.deepEqual([sink.write("x"), sink.flush(), sink.end(), sink.close()], [0, 0, 0, 0]);
  assert.equal(textOf(path), "abcdzé");
});

test("a writer's highWaterMark says how much it gathers", () => {
  const path = place();
  const sink = file(path).writer({ highWaterMark: 4 });
  sink.write("ab");
  assert.equal(textOf(path), "");
  sink.write("cdef");
  assert.equal(textOf(path), "abcdef");
  sink.start({ highWaterMark: 1 });
  sink.write("g");
  assert.equal(textOf(path), "abcdefg");
  sink.end();
});

test("a writer keeps nothing back for long, and copies", async () => {
  const path = place();
  const sink = file(path).writer();
  const chunk = bytes("mine");
  sink.write(chunk);
  chunk.fill(0);
  sink.write(bytes("buffer").buffer);
  while (textOf(path) === "") await new Promise(setImmediate);
  assert.equal(textOf(path), "minebuffer");
  sink.ref();
  sink.unref();
  sink.end();
});

test("a writer tells what is wrong", async () => {
  assert.throws(() => file(place("none/x")).writer(), { code: "ENOENT", syscall: "open" });
  assert.throws(() => file(folder).writer(), { code: "EISDIR" });
  const sink = file(place()).writer();
  for (const wrong of [5, null, undefined, {}]) {
    assert.throws(() => sink.write(wrong), { code: "ERR_INVALID_ARG_TYPE" });
  }
  sink.end();
  const full = file("/dev/full").writer();
  assert.equal(full.write("x"), 1);
  await assert.rejects(full.end(), { code: "ENOSPC" });
  const later = file("/dev/full").writer();
  later.write("x");
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  await assert.rejects(async () => later.end(), { code: "ENOSPC" });
});

test("a writer waits for a slow pipe", async () => {
  const pipe = place("pipe");
  execFileSync("mkfifo", [pipe]);
  // Opened for both, so that opening does not wait.
  const reading = openSync(pipe, "r+");
  const sink = file(pipe).writer({ highWaterMark: 1 });
  const chunk = "x".repeat(100_000);
  const writes = [sink.write(chunk), sink.write("end")];
  assert.ok(writes[0] instanceof Promise);
  let got = "";
  const buffer = Buffer.alloc(200_000);
  while (got.length < 100_003) {
    const count = await new Promise((resolve) => {
      fs.read(reading, buffer, (_, length) => resolve(length));
    });
    got += buffer.toString("latin1", 0, count);
  }
  assert.deepEqual(await Promise.all(writes), [100_000, 3]);
  assert.equal(got, chunk + "end");
  await sink.end();
  closeSync(reading);
});
