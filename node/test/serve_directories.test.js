/** `{ dir }` on routes: the files below a folder. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test as anyTest } from "node:test";
import { pathToFileURL } from "node:url";
import { Response } from "../lib/index.js";
import { at, start } from "./started.js";
import { Client } from "./wire.js";

/** What is waited for may never come if the library is at fault. */
const test = (name, action) => anyTest(name, { timeout: 20_000 }, action);

const outer = mkdtempSync(join(tmpdir(), "bao-dir-"));
after(() => rmSync(outer, { recursive: true }));
const folder = join(outer, "public");
mkdirSync(join(folder, "sub/deep"), { recursive: true });
for (const [name, text] of Object.entries({
  "public/index.html": "<p>index",
  "public/a b.txt": "a b",
  "public/sub/c.css": "c",
  "public/sub/start.html": "start",
  "public/.env": "secret",
  "public/x.js": "x".repeat(100),
  "public/x.js.gz": "packed",
  "secret.txt": "secret",
})) {
  writeFileSync(join(outer, name), text);
}
symlinkSync(join(outer, "secret.txt"), join(folder, "out.txt"));

const fetchThem = {
  fetch: (request) => new Response(new URL(request.url).pathname, { status: 418 }),
};

/** Asks for exactly this path, which fetch() would put into its normal form. */
async function raw(server, path) {
  const client = new Client(server);
  client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await client.closed;
  return client.received;
}

test("files below a folder are served with all that files have", async () => {
  const server = start({ routes: { "/s/*": { dir: folder } }, ...fetchThem });
  const reply = await at(server, "/s/a%20b.txt");
  assert.equal(reply.headers.get("content-type"), "text/plain;charset=utf-8");
  assert.match(reply.headers.get("etag"), /^W\/"/);
  assert.ok(reply.headers.has("last-modified"));
  assert.equal(await reply.text(), "a b");
  const headers = { "If-None-Match": reply.headers.get("etag") };
  assert.equal((await at(server, "/s/a%20b.txt", { headers })).status, 304);
  const part = await at(server, "/s/sub/c.css", { headers: { Range: "bytes=0-0" } });
  assert.deepEqual([part.status, part.headers.get("content-range")], [206, "bytes 0-0/1"]);
  const head = await at(server, "/s/sub/c.css", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("content-length")], [200, "1"]);
  assert.equal(await (await at(server, "/s/")).text(), "<p>index");
  const moved = await at(server, "/s/sub?a=b", { redirect: "manual" });
  assert.deepEqual([moved.status, moved.headers.get("location")], [301, "/s/sub/?a=b"]);
});

test("what is not there, or not for everybody, is a 404, or goes on to fetch", async () => {
  const server = start({
    routes: { "/s/*": { dir: folder }, "/*": { dir: folder, fallthrough: true } },
    ...fetchThem,
  });
  for (const path of ["/none", "/sub/", "/.env", "/out.txt", "/x.js/below"]) {
    const reply = await at(server, path);
    assert.deepEqual([reply.status, await reply.text()], [418, path]);
    const bare = await at(server, "/s" + path);
    assert.deepEqual([bare.status, await bare.text()], [404, ""]);
  }
  for (const path of ["/x.js", "/s/x.js"]) {
    assert.equal((await at(server, path, { method: "POST" })).status, 418);
  }
  const alone = start({ routes: { "/*": { dir: folder } } });
  assert.equal((await at(alone, "/none")).status, 404);
  assert.equal((await at(alone, "/x.js", { method: "POST" })).status, 405);
});

test("nothing outside of the folder is reached", async () => {
  const server = start({ routes: { "/s/*": { dir: folder } }, ...fetchThem });
  for (const path of [
    "/s/../secret.txt",
    "/s/%2e%2e/secret.txt",
    "/s/..%2fsecret.txt",
    "/s/sub/../../secret.txt",
    "/s//secret.txt",
    "/s/sub/%00",
    "/s/out.txt",
  ]) {
    const received = await raw(server, path);
    assert.match(received, /^HTTP\/1.1 (404|400) /, path);
    assert.ok(!received.endsWith("secret"), path);
  }
});

test("the options are the program's", async () => {
  const server = start({
    routes: {
      "/index/*": { dir: folder, index: "start.html" },
      "/list/*": { dir: pathToFileURL(folder), index: ["none.html", "start.html"], listing: true },
      "/none/*": { dir: folder, index: false },
      "/dots/*": { dir: folder, dotFiles: true, headers: { "Cache-Control": "max-age=60" } },
      "/packed/*": { dir: folder, precompressed: true, statCache: false },
      "/methods/*": { GET: { dir: folder }, POST: () => new Response("posted") },
    },
    ...fetchThem,
  });
  assert.equal(await (await at(server, "/index/sub/")).text(), "start");
  assert.equal((await at(server, "/index/")).status, 404);
  assert.match(await (await at(server, "/list/")).text(), /a b\.txt/);
  assert.equal(await (await at(server, "/list/sub/")).text(), "start");
  assert.equal((await at(server, "/none/")).status, 404);
  const dots = await at(server, "/dots/.env");
  assert.equal(dots.headers.get("cache-control"), "max-age=60");
  assert.equal(await dots.text(), "secret");
  const headers = { "Accept-Encoding": "gzip" };
  const client = new Client(server);
  client.get("/packed/x.js", "Accept-Encoding: gzip\r\n");
  await client.until("packed");
  assert.match(client.received, /Content-Encoding: gzip\r\n/i);
  client.close();
  assert.equal(await (await at(server, "/index/x.js", { headers })).text(), "x".repeat(100));
  assert.equal(await (await at(server, "/methods/x.js")).text(), "x".repeat(100));
  assert.equal(await (await at(server, "/methods/x.js", { method: "POST" })).text(), "posted");
});

test("server.fetch and reload know them", async () => {
  const server = start({ fetch: () => new Response("before") });
  server.reload({ routes: { "/s/*": { dir: folder } } });
  assert.equal(await (await server.fetch("/s/sub/c.css")).text(), "c");
});

test("wrong options are refused at once, with the route", () => {
  const refused = (value, pattern = "/s/*") => {
    try {
      start({ routes: { [pattern]: value } });
    } catch (error) {
      return [error.name, error.code, error.message];
    }
    return null;
  };
  const none = join(outer, "none");
  const cases = [
    [{ dir: 5 }, /^Route "\/s\/\*" has 5 as dir: give the path of a folder/],
    [{ dir: "" }, /has "" as dir/],
    [{ dir: new URL("http://x/") }, /has http:\/\/x\/ as dir/],
    [{ dir: folder, index: 5 }, /has 5 as index: give a name/],
    [{ dir: folder, index: ["a/b"] }, /"a\/b".* is no name of a file/],
    [{ dir: folder, listing: "yes" }, /has "yes" as listing: give true or false/],
    [{ dir: folder, GET: () => {} }, /has "GET" beside dir: there are dir, index/],
    [{ dir: folder, headers: { "a b": "c" } }, /Invalid header name/],
    [{ GET: { dir: 5 } }, /has 5 as dir/],
  ];
  for (const [value, sentence] of cases) {
    const [name, , message] = refused(value);
    assert.equal(name, "TypeError");
    assert.match(message, sentence);
  }
  assert.match(refused({ dir: folder }, "/s")[2], /let the pattern end in \/\*/);
  const [name, code, message] = refused({ dir: none });
  assert.deepEqual([name, code], ["Error", "ENOENT"]);
  assert.match(message, /none" cannot be opened: No such file or directory/);
  assert.deepEqual(refused({ dir: join(folder, "x.js") }).slice(0, 2), ["Error", "ENOTDIR"]);
  const server = start({ fetch: () => new Response("still") });
  assert.throws(() => server.reload({ routes: { "/*": { dir: none } } }), { code: "ENOENT" });
});
