/** The command's fetch(), and what its FormData, URLSearchParams and Blob have more than Node's. */
import assert from "node:assert/strict";
import test from "node:test";

import { makeCertificate } from "./certificates.js";
import { programs, run } from "./programs.js";

async function says(t, text, expected, files = {}) {
  const { output, errors } = await run(programs(t, { "a.ts": text, ...files }), ["a.ts"]);
  assert.equal(errors, "");
  assert.equal(output, `${expected}\n`);
}

/** A server that tells what came. */
const ECHO = `
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: async (request) => {
    const { headers, method } = request;
    const fields = ["content-length", "transfer-encoding", "content-type"].map((name) => headers.get(name));
    return Response.json([method, await request.text(), ...fields]);
  } });
  const ask = async (...given) => JSON.stringify(await (await fetch(...given)).json());`;

test("fetch: bodies of every kind, of which those with a length have one", (t) =>
  says(
    t,
    `${ECHO}
    const post = (body, more) => ask(server.url, { method: "post", body, ...more });
    const stream = () => new ReadableStream({ start(c) { c.enqueue("str"); c.close(); } });
    console.log(await post(stream()));
    console.log(await post((async function* () { yield "gen"; yield "erated"; })()));
    console.log(await post(async function* () { yield "called"; }));
    console.log(await post(Bun.file("b.txt")));
    const request = () => new Request(server.url, { method: "POST", body: new Uint8Array([97]) });
    console.log(await ask(request()));
    console.log(await ask(request(), { method: "patch" }));
    console.log(await ask({ url: server.url.href, method: "PUT", body: "x", headers: { "Content-Type": "a/b" } }));
    const locked = stream(); locked.getReader();
    await post(locked).catch((error) => console.log(String(error)));
    server.stop();`,
    [
      '["POST","str",null,"chunked",null]',
      '["POST","generated",null,"chunked",null]',
      '["POST","called",null,"chunked",null]',
      '["POST","file","4",null,"text/plain;charset=utf-8"]',
      '["POST","a","1",null,null]',
      '["PATCH","a","1",null,null]',
      '["PUT","x","1",null,"a/b"]',
      "TypeError: Body object should not be disturbed or locked",
    ].join("\n"),
    { "b.txt": "file" },
  ));

test("fetch: what came in goes on to another server, with its body and without its Host", (t) =>
  says(
    t,
    `const behind = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: async (request) =>
      new Response([await request.text(), request.headers.get("x-a"), new URL(request.url).port === String(behind.port)].join()) });
    const front = Bun.serve({ port: 0, hostname: "127.0.0.1",
      fetch: ({ method, headers, body }) => fetch(behind.url, { method, headers, body }) });
    const stream = new ReadableStream({ start(c) { c.enqueue("piece"); c.close(); } });
    console.log(await (await fetch(front.url, { method: "POST", body: stream, headers: { "X-A": "1" } })).text());
    console.log(await (await fetch(front.url, { method: "POST", body: "whole" })).text());
    console.log(await (await fetch(front.url, { headers: { "X-A": "2" } })).text());
    await Promise.all([front.stop(true), behind.stop(true)]);`,
    "piece,1,true\nwhole,,true\n,2,true",
  ));

test("fetch: what goes on with the signal of a request ends with its client, and nobody is told", (t) =>
  says(
    t,
    `import { connect } from "node:net";
    const hostname = "127.0.0.1", ended = Promise.withResolvers();
    const behind = Bun.serve({ port: 0, hostname, fetch: () => new Response(async function* () {
      try { for (;;) { yield "piece"; await Bun.sleep(5); } } finally { ended.resolve(); } }) });
    const front = Bun.serve({ port: 0, hostname, fetch: ({ signal }) => fetch(behind.url, { signal }), error: console.log });
    for (const leave of ["end", "resetAndDestroy", "destroy"]) for (const wait of [0, 1, 30]) {
      const client = connect(front.port, hostname).on("error", () => {});
      client.write("GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n");
      await Bun.sleep(wait);
      client[leave]();
      client.resume();
      await Bun.sleep(30);
    }
    await ended.promise;
    console.log("over");
    await Promise.all([front.stop(true), behind.stop(true)]);`,
    "over",
  ));

test("fetch: a Host of the program's own, fields of what came back", (t) =>
  says(
    t,
    `const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => new Response(request.url, {
      headers: [["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"], ["X", "y"]] }) });
    const response = await fetch(server.url, { headers: { Host: "example.com" } });
    const { headers } = response;
    console.log(await response.text(), headers.getAll("set-cookie").join(), headers.toJSON().x, headers.count);
    server.stop();`,
    "http://example.com/ a=1,b=2 y 6",
  ));

test("fetch: unix sockets", (t) =>
  says(
    t,
    `const unix = "a.sock";
    const server = Bun.serve({ unix, fetch: async (request) => new Response(request.url + (await request.text())) });
    const ask = async (...given) => console.log(await (await fetch(...given)).text());
    await ask("http://localhost/p?q", { unix });
    await ask("http://example.com/", { unix, method: "POST", body: "!" });
    server.stop();
    await ask("http://localhost/", { unix: "none.sock" }).catch(({ name, code, path }) => console.log(name, code, path));`,
    "http://localhost/p?q\nhttp://example.com/!\nTypeError ENOENT http://localhost/",
  ));

test("fetch: a redirect to another server has neither the unix socket nor the Host", (t) =>
  says(
    t,
    `const unix = "a.sock", headers = { Host: "example.com" };
    const host = (request) => request.headers.get("host").replace(/\\d+$/, "");
    const away = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => new Response("away " + host(request)) });
    const routes = { "/": (request) => new Response("here " + host(request)),
      "/here": () => new Response(null, { status: 302, headers: { Location: "/" } }),
      "/away": () => Response.redirect(away.url.href) };
    const byPath = Bun.serve({ unix, routes }), byPort = Bun.serve({ port: 0, hostname: "127.0.0.1", routes });
    const ask = async (url, init) => console.log(await (await fetch(url, init)).text());
    for (const path of ["here", "away"]) {
      await ask("http://localhost/" + path, { unix }); await ask("http://localhost/" + path, { unix, headers });
      await ask(byPort.url + path, { headers });
    }
    for (const server of [away, byPath, byPort]) server.stop(true);`,
    [
      "here localhost",
      "here example.com",
      "here example.com",
      ...Array(3).fill("away 127.0.0.1:"),
    ].join("\n"),
  ));

test("fetch: settings of TLS", (t) => {
  const { key, cert } = makeCertificate();
  return says(
    t,
    `const server = Bun.serve({ port: 0, hostname: "localhost", tls: { key: Bun.file("key.pem"), cert: Bun.file("cert.pem") },
      fetch: (request) => new Response(new URL(request.url).protocol) });
    const ask = (tls) => fetch(server.url, { tls }).then((response) => response.text());
    console.log(await ask({ rejectUnauthorized: false }), await ask({ ca: Bun.file("cert.pem") }));
    console.log(await ask({ rejectUnauthorized: false, checkServerIdentity() {} }));
    await ask().catch((error) => console.log(error.name, error.code, error.message));
    const socket = new WebSocket(server.url.href.replace("http", "ws"), { tls: { rejectUnauthorized: false } });
    socket.onerror = ({ message }) => { console.log(message.replace(/:\\d+/, "")); server.stop(true); };`,
    [
      "https: https:",
      "https:",
      "TypeError DEPTH_ZERO_SELF_SIGNED_CERT self signed certificate",
      "WebSocket connection to 'wss://localhost/' failed: Expected 101 status code",
    ].join("\n"),
    { "key.pem": key, "cert.pem": cert },
  );
});

test("a Host says nothing about whose certificate is wanted", (t) => {
  const { key, cert } = makeCertificate({ name: "foo.example" });
  return says(
    t,
    `const ca = await Bun.file("cert.pem").text();
    const server = Bun.serve({ port: 0, hostname: "0.0.0.0", tls: { key: Bun.file("key.pem"), cert: ca },
      fetch: (request, server) => server.upgrade(request) ? undefined : new Response(request.headers.get("host")),
      websocket: { open: (socket) => socket.close(), message() {} } });
    const headers = { Host: "foo.example" };
    const ask = (host, tls) => fetch("https://" + host + ":" + server.port, { headers, tls: { ca, ...tls } })
      .then((response) => response.text(), ({ code }) => code).then(console.log);
    await ask("localhost"); await ask("127.0.0.1"); await ask("localhost", { serverName: "foo.example" });
    await ask("127.0.0.1", { serverName: "foo.example" }); await ask("127.0.0.1", { rejectUnauthorized: false });
    const open = (tls) => new Promise((resolve) => {
      const socket = new WebSocket("wss://localhost:" + server.port, { headers, tls: { ca, ...tls } });
      socket.onclose = ({ code }) => resolve(console.log(code));
    });
    await open(); await open({ serverName: "foo.example" });
    server.stop(true);`,
    [
      ...Array(2).fill("ERR_TLS_CERT_ALTNAME_INVALID"),
      ...Array(3).fill("foo.example"),
      "1006",
      "1000",
    ].join("\n"),
    { "key.pem": key, "cert.pem": cert },
  );
});

test("fetch: errors say by their code what happened", (t) =>
  says(
    t,
    `import net from "node:net";
    const at = async (listener) => {
      const server = net.createServer(listener).listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      return server;
    };
    const ask = (url, init) => fetch(url, init).catch((error) => console.log(error.name, error.code, error.path === String(url)));
    const silent = await at((socket) => socket.once("data", () => socket.destroy()));
    const wrong = await at((socket) => socket.once("data", () => socket.end("no HTTP\\r\\n\\r\\n")));
    const gone = await at(() => {});
    const urls = [silent, wrong, gone].map((server) => "http://127.0.0.1:" + server.address().port + "/");
    gone.close();
    for (const url of urls) await ask(url);
    silent.close(); wrong.close();
    await ask("nowhere"); await ask("");
    const server = Bun.serve({ port: 0, fetch: () => Response.redirect("/", 302) });
    await ask(server.url, { redirect: "error" }); await ask(server.url);
    server.stop(true);
    await ask(server.url, { signal: AbortSignal.abort() });
    try { await fetch(server.url, { proxy: "http://a" }); } catch (error) { console.log(error.message); }
    try { await fetch(); } catch (error) { console.log(error.code); }`,
    [
      "TypeError ECONNRESET true",
      "TypeError ECONNRESET true",
      "TypeError ECONNREFUSED true",
      "TypeError ERR_INVALID_URL false",
      "TypeError ERR_INVALID_URL false",
      "TypeError UnexpectedRedirect true",
      "TypeError TooManyRedirects true",
      "AbortError 20 false",
      "The option proxy of fetch() is not part of bao yet",
      "ERR_MISSING_ARGS",
    ].join("\n"),
  ));

test("fetch: a file by its URL", (t) =>
  says(
    t,
    `const response = await fetch(new URL("./b.txt", import.meta.url));
    console.log(response.status, await response.text());
    try { await (await fetch("file:///none/at/all")).text(); } catch (error) { console.log(error.code); }`,
    "200 file\nENOENT",
    { "b.txt": "file" },
  ));

test("FormData, URLSearchParams and Blob have what Bun's have", (t) =>
  says(
    t,
    `const form = new FormData(); form.append("a", "1"); form.append("a", "2"); form.append("b", "3");
    console.log(JSON.stringify(form), form.length);
    const pairs = new URLSearchParams("a=1&b=2&a=3&__proto__=x");
    console.log(JSON.stringify(pairs), pairs.length);
    console.log(JSON.stringify(FormData.from("x=1&y=%20")), FormData.name);
    console.log(JSON.stringify(await new Blob(['{"a":[1]}']).json()));
    console.log([...(await new Blob(["q=1"], { type: "application/x-www-form-urlencoded" }).formData())].join());`,
    '{"a":["1","2"],"b":"3"} 3\n{"a":["1","3"],"b":"2","__proto__":"x"} 4\n{"x":"1","y":" "} FormData\n{"a":[1]}\nq,1',
  ));
