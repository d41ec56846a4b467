import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import test from "node:test";
import { promisify } from "node:util";
import { Headers } from "../lib/headers.js";
import { Request } from "../lib/request.js";
import { Response } from "../lib/response.js";

const lib = new URL("../lib/", import.meta.url).href;

/**
 * Runs a program in a process of its own, with our classes and `install`; gives what it prints as
 * JSON.
 */
async function run(program) {
  const imports = ["headers", "request", "response", "platform"].map(
    (name) => `import * as ${name}Module from ${JSON.stringify(`${lib}${name}.js`)};`,
  );
  const text = `${imports.join("\n")}
    const { Headers } = headersModule, { Request } = requestModule;
    const { Response, replyParts, isResponse } = responseModule, { install } = platformModule;
    const loaded = () => process.moduleLoadList.some((name) => name.includes("undici"));
    const print = (value) => process.stdout.write(JSON.stringify(value));
    ${program}`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--input-type=module",
    "-e",
    text,
  ]);
  return JSON.parse(stdout);
}

test("instanceof is true both ways", () => {
  for (const [Ours, make] of [
    [Headers, (Class) => new Class()],
    [Request, (Class) => new Class("http://a")],
    [Response, (Class) => new Class()],
  ]) {
    const Platforms = globalThis[Ours.name];
    assert.notEqual(Ours, Platforms);
    assert(make(Ours) instanceof Platforms, Ours.name);
    assert(make(Platforms) instanceof Ours, Ours.name);
    assert(make(Ours) instanceof Ours, Ours.name);
    for (const other of [{}, null, undefined, "x", Ours.prototype])
      assert(!(other instanceof Ours));
    class Derived extends Ours {}
    assert(make(Derived) instanceof Ours);
    assert(make(Derived) instanceof Platforms);
    assert(!(make(Ours) instanceof Derived));
    assert(!(make(Platforms) instanceof Derived));
  }
});

test("ours have every member that the platform's have", () => {
  const objects = {
    Headers: new Headers(),
    Request: new Request("http://a"),
    Response: new Response("x"),
  };
  for (const [name, object] of Object.entries(objects)) {
    const platforms = Object.getOwnPropertyDescriptors(globalThis[name].prototype);
    for (const [member, { get, value }] of Object.entries(platforms)) {
      // Node 26 has an `attribute` there that is neither: a slip.
      if (typeof value !== "function" && !get) continue;
      assert(Object.hasOwn(Object.getPrototypeOf(object), member), `${name}.${member}`);
      assert.doesNotThrow(() => object[member], `${name}.${member}`);
    }
  }
});

test("the platform's constructors take ours", async () => {
  const headers = new Headers([
    ["a", "b"],
    ["set-cookie", "1"],
    ["set-cookie", "2"],
  ]);
  assert.deepEqual([...new globalThis.Headers(headers)], [...headers]);
  assert.deepEqual(
    [...new globalThis.Response("x", { headers }).headers.getSetCookie()],
    ["1", "2"],
  );
  const request = new Request("http://a/", { method: "POST", body: "x", headers: { c: "d" } });
  const platforms = new globalThis.Request("http://b/", request);
  assert.deepEqual([platforms.method, platforms.headers.get("c")], ["POST", "d"]);
  assert.equal(await platforms.text(), "x");
  const copy = new globalThis.Response("y", new Response("x", { status: 404 }));
  assert.equal(copy.status, 404);
});

test("ours take the platform's", async () => {
  const given = new globalThis.Request("http://a/", {
    method: "POST",
    body: "x",
    headers: { c: "d" },
  });
  const request = new Request(given);
  assert.deepEqual(
    [request.url, request.method, request.headers.get("c")],
    ["http://a/", "POST", "d"],
  );
  assert.equal(await request.text(), "x");
  assert.equal(given.bodyUsed, true);
  const platforms = new globalThis.Response("y", { status: 201, headers: { c: "d" } });
  const response = new Response(platforms.body, platforms);
  assert.deepEqual([response.status, response.headers.get("c")], [201, "d"]);
  assert.equal(await response.text(), "y");
});

test("the platform's classes are not loaded until somebody wants them", async () => {
  const results = await run(`
    const request = new Request("http://a", { method: "POST", body: "{}" });
    await request.clone().json();
    const parts = replyParts(new Response("x", { headers: { a: "b" } }));
    const others = [new Response() instanceof Promise, {} instanceof Response, isResponse({})];
    const before = loaded();
    const after = [new Response() instanceof globalThis.Response, loaded()];
    print({ before, others, after });`);
  assert.deepEqual(results, { before: false, others: [false, false, false], after: [true, true] });
});

test("an import leaves the globals alone", async () => {
  assert.deepEqual(
    await run("print([Request, Response, Headers].map((C) => globalThis[C.name] === C))"),
    [false, false, false],
  );
});

test("install: ours are the globals, without loading the platform's", async () => {
  const results = await run(`
    install(globalThis);
    const are = [Request, Response, Headers].map((C) => globalThis[C.name] === C);
    const { enumerable, writable } = Object.getOwnPropertyDescriptor(globalThis, "Response");
    const instance = new Response() instanceof globalThis.Response;
    print({ are, enumerable, writable, loaded: loaded(), instance });`);
  assert.deepEqual(results, {
    are: [true, true, true],
    enumerable: false,
    writable: true,
    loaded: false,
    instance: true,
  });
});

test("install: what fetch gives is an instance of the globals, and can be a reply", async () => {
  const results = await run(`
    install(globalThis);
    const given = await fetch("data:text/x,hello");
    const is = [given instanceof globalThis.Response, given.headers instanceof globalThis.Headers,
      given.constructor !== Response, new Response() instanceof given.constructor];
    const parts = await replyParts(given);
    print({ is, text: new TextDecoder().decode(parts.body), lines: parts.lines });`);
  assert.deepEqual(results, {
    is: [true, true, true, true],
    text: "hello",
    lines: "content-type: text/x\r\n",
  });
});

test("install: fetch takes Requests of ours", async () => {
  const results = await run(`
    import { createServer } from "node:http";
    install(globalThis);
    const upstream = createServer(async (request, reply) => {
      let text = "";
      for await (const chunk of request) text += chunk;
      reply.end(JSON.stringify([request.method, request.url, request.headers["x-a"], text]));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => upstream.once("listening", resolve));
    const url = "http://127.0.0.1:" + upstream.address().port + "/x";
    const results = [];
    results.push(await (await fetch(new Request(url, { headers: { "X-A": "1" } }))).json());
    results.push(await (await fetch(new Request(url, { method: "POST", body: "b" }))).json());
    results.push(await (await fetch(new Request(url), { method: "PUT", body: "c" })).json());
    results.push(await (await fetch(url, { headers: new Headers({ "x-a": "2" }) })).json());
    results.push(await (await fetch(url, new Request(url, { method: "PATCH", body: "d" }))).json());
    const aborted = new Request(url, { signal: AbortSignal.abort() });
    results.push(await fetch(aborted).catch((error) => error.name));
    upstream.closeAllConnections();
    upstream.close();
    print(results);`);
  assert.deepEqual(results, [
    ["GET", "/x", "1", ""],
    ["POST", "/x", null, "b"],
    ["PUT", "/x", null, "c"],
    ["GET", "/x", "2", ""],
    ["PATCH", "/x", null, "d"],
    "AbortError",
  ]);
});

test("install: forms can be read", async () => {
  const results = await run(`
    install(globalThis);
    const form = new FormData();
    form.set("a", "b");
    form.set("f", new File(["x"], "n.txt", { type: "text/x" }));
    const read = await new Response(form).formData();
    const { name } = read.get("f");
    print([read.get("a"), name, await read.get("f").text(), read instanceof FormData]);`);
  assert.deepEqual(results, ["b", "n.txt", "x", true]);
});

test("install: classes that were loaded before are known", async () => {
  const results = await run(`
    const Platforms = globalThis.Response;
    install(globalThis);
    print([new Response() instanceof Platforms, new Platforms() instanceof Response]);`);
  assert.deepEqual(results, [true, true]);
});
