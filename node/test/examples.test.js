/** Every program of examples/ts is run here. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";

import { folder as certificates, getSecure, makeCertificate } from "./certificates.js";
import { repository, served } from "./programs.js";

const folder = join(repository, "examples/ts");
const seen = new Set();

async function example(t, name, more = {}) {
  seen.add(`${name}.ts`);
  const env = { PORT: "0", XDG_CACHE_HOME: "/dev/null", ...more };
  const { url } = await served(t, folder, [`${name}.ts`], { env });
  const ask = (path, options) => fetch(new URL(path, url), { redirect: "manual", ...options });
  return Object.assign(ask, { url });
}

const json = (method, value) => ({ method, body: JSON.stringify(value) });

test("hello", async (t) => {
  const ask = await example(t, "hello");
  assert.equal(await (await ask("/any")).text(), "Hello from Bao\n");
});

test("routes", async (t) => {
  const ask = await example(t, "routes");
  const health = await ask("/health");
  assert.equal(await health.text(), "OK\n");
  const again = await ask("/health", { headers: { "if-none-match": health.headers.get("etag") } });
  assert.equal(again.status, 304);
  const moved = await ask("/old");
  assert.deepEqual([moved.status, moved.headers.get("location")], [301, "/hello/again"]);
  assert.equal(await (await ask("/hello/Ada%20L")).text(), "Hello, Ada L!\n");
  assert.deepEqual(await (await ask("/visits", { method: "POST" })).json(), { visits: 1 });
  assert.deepEqual(await (await ask("/visits")).json(), { visits: 1 });
  assert.equal((await ask("/visits", { method: "DELETE" })).status, 204);
  assert.equal(await (await ask("/slow")).text(), "slept\n");
  assert.equal((await ask("/api/none")).status, 404);
  assert.equal(await (await ask("/else?x=1")).text(), "/else is not here\n");
});

test("rest_api", async (t) => {
  const ask = await example(t, "rest_api");
  assert.equal((await (await ask("/books")).json()).length, 2);
  assert.equal((await (await ask("/books?before=1980")).json()).length, 1);
  const made = await ask("/books", json("POST", { title: "New", year: 2024 }));
  assert.deepEqual([made.status, made.headers.get("location")], [201, "/books/3"]);
  assert.deepEqual(await (await ask("/books/3")).json(), { id: 3, title: "New", year: 2024 });
  assert.equal((await ask("/books", json("POST", { title: 1 }))).status, 422);
  assert.equal((await ask("/books", { method: "POST", body: "{" })).status, 422);
  assert.equal((await ask("/books/3", { method: "DELETE" })).status, 204);
  const gone = await ask("/books/3");
  assert.deepEqual([gone.status, await gone.json()], [404, { error: "There is no book 3" }]);
});

test("errors", async (t) => {
  const ask = await example(t, "errors");
  const teapot = await ask("/teapot");
  assert.deepEqual([teapot.status, await teapot.text()], [418, "I am a teapot: short and stout\n"]);
  const deep = await ask("/deep");
  const page = await deep.text();
  assert.equal(deep.status, 500);
  assert.match(page, /reached the bottom/);
  assert.match(page, /no floor below/);
  const lines = readFileSync(join(folder, "errors.ts"), "utf8").split("\n");
  const thrown = lines.findIndex((line) => line.includes("reached the bottom")) + 1;
  assert.ok(page.includes(`errors.ts:${thrown}:9`));
  assert.match(await (await ask("/nothing")).text(), /<html/);
  assert.equal((await ask("/")).status, 200);
});

test("export_default", async (t) => {
  const ask = await example(t, "export_default");
  assert.equal(await (await ask("/x")).text(), "You asked for /x\n");
  assert.match((await (await ask("/started")).json()).started, /^\d{4}-/);
});

test("events", async (t) => {
  const ask = await example(t, "events");
  const reply = await ask("/events?every=0.01");
  assert.equal(reply.headers.get("content-type"), "text/event-stream");
  let text = "";
  for await (const chunk of reply.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.split("\n\n").length > 3) break;
  }
  assert.ok(text.startsWith('id: 1\ndata: {"tick":1,"listeners":1}\n\nid: 2\n'), text);
  // Leaving the loop has cancelled the reply.
  while ((await (await ask("/listeners")).json()).listeners > 0);
  const numbers = (await (await ask("/numbers")).text()).split("\n");
  assert.deepEqual([numbers.length, numbers[99_999]], [100_001, "100000"]);
});

test("https", async (t) => {
  seen.add("https.ts");
  const make = (name) => {
    const { key, cert } = makeCertificate({ name });
    writeFileSync(join(certificates, `${name}.key`), key);
    writeFileSync(join(certificates, `${name}.pem`), cert);
  };
  make("localhost");
  make("two.example");
  const env = { PORT: "0", XDG_CACHE_HOME: "/dev/null", CERTIFICATES: certificates };
  const { url, child } = await served(t, folder, ["https.ts"], { env });
  const options = { rejectUnauthorized: false };
  const first = await getSecure(url, options);
  assert.deepEqual([first.name, first.text], ["localhost", `You asked for ${url}\n`]);
  assert.equal((await getSecure(url, { ...options, servername: "two.example" })).name, "two.example");
  make("localhost");
  child.kill("SIGHUP");
  await once(child.stdout, "data");
  const renewed = await getSecure(url, options);
  assert.notEqual(renewed.fingerprint, first.fingerprint);
});

test("files", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "bao-example-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const ask = await example(t, "files", { FOLDER: folder });
  assert.match(await (await ask("/")).text(), /<form/);
  const put = await ask("/files/a.txt", { method: "PUT", body: "0123456789".repeat(100_000) });
  assert.deepEqual([put.status, await put.json()], [201, { length: 1_000_000 }]);
  const part = await ask("/files/a.txt", { headers: { range: "bytes=10-12" } });
  assert.deepEqual([part.status, await part.text()], [206, "012"]);
  const first = await ask("/first/a.txt");
  assert.deepEqual([first.status, (await first.text()).length], [206, 100]);
  const form = new FormData();
  form.append("file", new File(["form"], "b.html"));
  form.append("file", new File(["more"], "c"));
  assert.equal((await ask("/upload", { method: "POST", body: form })).status, 303);
  const list = await (await ask("/files/")).text();
  for (const name of ["a.txt", "b.html", "c"]) assert.ok(list.includes(name), list);
  const page = await ask("/files/b.html");
  assert.equal(page.headers.get("content-type"), "text/html;charset=utf-8");
  assert.equal(await page.text(), "form");
  assert.equal((await ask("/files/a.txt", { method: "DELETE" })).status, 204);
  assert.equal((await ask("/files/a.txt")).status, 404);
  assert.equal((await ask("/first/a.txt")).status, 404);
  assert.equal((await ask("/files/..%2Fx", { method: "PUT", body: "x" })).status, 201);
  assert.deepEqual(readdirSync(folder).sort(), ["b.html", "c", "x"]);
  assert.equal((await ask("/files/.x", { method: "PUT", body: "x" })).status, 400);
});

/** Opens WebSockets at an example's server; `next` gives the texts in their order. */
function client(address, headers) {
  const socket = new WebSocket(address, { headers });
  const texts = [];
  let wake = () => {};
  socket.addEventListener("message", ({ data }) => (texts.push(data), wake()));
  socket.next = async () => {
    while (texts.length === 0) await new Promise((resolve) => (wake = resolve));
    return texts.shift();
  };
  return socket;
}

const opened = (socket) =>
  new Promise((resolve, reject) => {
    socket.addEventListener("open", () => resolve(socket));
    socket.addEventListener("error", () => reject(new Error("it was refused")));
  });

const socketUrl = (ask) => ask.url.replace("http", "ws");

test("echo", async (t) => {
  const ask = await example(t, "echo");
  assert.equal((await ask("/")).status, 400);
  const socket = await opened(client(socketUrl(ask)));
  socket.send("hello");
  assert.equal(await socket.next(), "hello");
});

test("chat", async (t) => {
  const ask = await example(t, "chat");
  assert.match(await (await ask("/")).text(), /<title>Chat/);
  const ada = await opened(client(`${socketUrl(ask)}chat?name=Ada`));
  assert.equal(await ada.next(), "Ada has come (1 here)");
  const bob = await opened(client(`${socketUrl(ask)}chat?name=Bob`));
  assert.equal(await ada.next(), "Bob has come (2 here)");
  assert.equal(await bob.next(), "Bob has come (2 here)");
  bob.send("hello");
  assert.equal(await ada.next(), "Bob: hello");
  bob.close();
  assert.equal(await ada.next(), "Bob has gone (1 here)");
});

test("rooms", async (t) => {
  const ask = await example(t, "rooms");
  const login = async (name) => {
    const reply = await ask("/login", { method: "POST", body: `name=${name}` });
    return reply.headers.get("set-cookie").split(";")[0];
  };
  assert.equal((await ask("/rooms/1")).status, 401);
  const cookie = await login("Ada");
  const evil = { cookie, origin: "http://evil.example" };
  assert.equal((await ask("/rooms/1", { headers: evil })).status, 403);
  const ada = await opened(client(`${socketUrl(ask)}rooms/1`, { cookie }));
  assert.equal(await ada.next(), "You are in room 1");
  const bob = await opened(client(`${socketUrl(ask)}rooms/1`, { cookie: await login("Bob") }));
  assert.equal(await bob.next(), "You are in room 1");
  assert.equal(await ada.next(), "Bob enters");
  bob.send("hi");
  assert.equal(await ada.next(), "Bob: hi");
  bob.close();
  assert.equal(await ada.next(), "Bob leaves");
});

test("no example is left out", () => {
  const programs = readdirSync(folder).filter((name) => name.endsWith(".ts"));
  assert.deepEqual([...seen].sort(), programs.sort());
});
