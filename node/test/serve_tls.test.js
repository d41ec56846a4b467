/** serve() with `tls`. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { constants } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import https from "node:https";
import net from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import tls from "node:tls";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import * as native from "../lib/native.js";
import { file as baoFile, serve } from "../lib/index.js";
import { encryptKey, folder, makeCertificate, makeParameters, revoke } from "./certificates.js";

const localhost = makeCertificate();
const other = makeCertificate({ name: "other.example" });
const authority = makeCertificate({ name: "authority", authority: true });
const alice = makeCertificate({ name: "alice", issuer: authority });
const run = promisify(execFile);

function start(t, entries, more = {}) {
  const server = serve({ port: 0, fetch: (req) => new Response(req.url), tls: entries, ...more });
  t.after(() => server.stop(true));
  return server;
}

/** The body of a reply, and the common name in the server's certificate. */
function get(server, options = {}) {
  const place = server.port === undefined ? { socketPath: server.address } : { port: server.port };
  return new Promise((resolve, reject) => {
    const request = https.get(
      { host: "localhost", ...place, rejectUnauthorized: false, agent: false, ...options },
      (reply) => {
        const name = reply.socket.getPeerCertificate().subject?.CN;
        reply.setEncoding("utf8");
        let text = "";
        reply.on("data", (piece) => (text += piece));
        reply.on("end", () => resolve({ status: reply.statusCode, text, name }));
      },
    );
    request.on("error", reject);
  });
}

test("urls and protocol are https", async (t) => {
  const server = start(t, localhost);
  assert.equal(server.protocol, "https");
  assert.equal(server.url.href, `https://localhost:${server.port}/`);
  const { text } = await get(server, { path: "/a?b" });
  assert.equal(text, `https://localhost:${server.port}/a?b`);
  const local = await server.fetch("/local");
  assert.equal(await local.text(), `https://localhost:${server.port}/local`);
});

test("an http and an https server with the same Host do not mix up", async (t) => {
  const secure = start(t, localhost);
  const plain = start(t, undefined);
  const headers = { host: "same.example" };
  for (let i = 0; i < 2; i++) {
    assert.equal((await get(secure, { headers })).text, "https://same.example/");
    const reply = await plain.fetch(new Request("http://same.example/"));
    assert.equal(await reply.text(), "http://same.example/");
  }
});

test("nothing to serve by TLS means http, as in Bun", (t) => {
  for (const nothing of [undefined, null, false, {}, [], { key: undefined, cert: null }]) {
    assert.equal(start(t, nothing).protocol, "http");
  }
});

test("keys and certificates of every kind", async (t) => {
  const file = (path) => ({
    name: path,
    arrayBuffer: async () => assert.fail("files are read at once"),
  });
  const bytes = (text) => new TextEncoder().encode(text);
  const { key, cert, keyFile, certFile } = localhost;
  const padded = Buffer.concat([Buffer.from("xx"), Buffer.from(key)]).subarray(2);
  for (const entry of [
    { key, cert },
    { key: Buffer.from(key), cert: readFileSync(certFile) },
    { key: bytes(key).buffer, cert: bytes(cert) },
    { key: padded, cert: new DataView(bytes(cert).buffer) },
    { key: [key], cert: [Buffer.from(cert)] },
    { key: file(keyFile), cert: [file(certFile)] },
    { key: [{ pem: encryptKey(localhost, "open"), passphrase: "open" }], cert },
    { key: encryptKey(localhost, "open"), cert, passphrase: "open" },
    [{ key, cert, servername: "localhost" }],
  ]) {
    assert.equal((await get(start(t, entry))).name, "localhost");
  }
});

test("server names choose certificates", async (t) => {
  const wild = makeCertificate({ name: "wild" });
  const server = start(t, [
    localhost,
    { ...makeCertificate({ name: "earlier" }), serverName: "other.example" },
    { ...other, serverName: "OTHER.example." },
    { ...wild, serverName: "*.wild.example" },
  ]);
  for (const [servername, expected] of [
    ["other.example", "other.example"],
    ["a.wild.example", "wild"],
    ["a.b.wild.example", "localhost"],
    ["else.example", "localhost"],
  ]) {
    assert.equal((await get(server, { servername })).name, expected, servername);
  }
});

test("wrong options are named, with the mend", () => {
  const { key, cert } = localhost;
  const refused = (entries, pattern, more) =>
    assert.throws(
      () => serve({ port: 0, fetch: () => new Response(), tls: entries, ...more }),
      pattern,
    );
  refused(true, /^TypeError: Option tls is true: give an object with key and cert/);
  refused([localhost, 5], /Option tls\[1\] is 5: give an object/);
  refused({ key: 5, cert }, /Option tls\.key is 5: give PEM text as a string, bytes or a file/);
  refused({ key: [key, {}], cert }, /Option tls\.key\[1\] is an object: give PEM text/);
  refused({ key: new Blob([key]), cert }, /Option tls\.key is a Blob in memory: give its contents/);
  refused({ key: other.key, cert }, /Option tls\.key does not fit the certificate "CN = localhost"/);
  refused({ key: "./key.pem", cert }, /Option tls\.key holds no PEM private key but "\.\/key\.pem"/);
  refused([localhost, { ...other, cert: "no", serverName: "a" }], /Option tls\[1\]\.cert holds no PEM/);
  refused([localhost, other], /Option tls\[1\]\.serverName is missing/);
  refused([localhost, { ...other, serverName: 5 }], /Option tls\[1\]\.serverName is 5: give a string/);
  refused({ cert }, /Option tls\.key is missing/);
  refused({ key }, /Option tls\.cert is missing/);
  refused({ key: encryptKey(localhost, "a"), cert }, /Option tls\.key is an encrypted private key/);
  refused({ key: encryptKey(localhost, "a"), cert, passphrase: "b" }, /Option tls\.passphrase does not/);
  refused({ key, cert, requestCert: "yes" }, /Option tls\.requestCert is "yes": give true or false/);
  refused({ key, cert, ciphers: "ROT13" }, /Option tls\.ciphers is "ROT13" \(no cipher match\)/);
  refused({ key, cert, secureOptions: "x" }, /Option tls\.secureOptions is "x": give a sum/);
  refused({ key, cert, minVersion: "TLSv1.9" }, /Option tls\.minVersion is "TLSv1\.9": give "TLSv1\.2"/);
  refused({ key, cert, maxVersion: 0x0302 }, /Option tls\.maxVersion is older than tls\.minVersion/);
  refused({ key, cert, ALPNProtocols: ["h2"] }, /Option tls\.ALPNProtocols is "h2": this server speaks/);
  refused({ key, cert, dhParamsFile: "/nope" }, /Option tls\.dhParamsFile is the file "\/nope"/);
  refused({ key, cert, ca: "x\n" }, /Option tls\.ca holds no PEM certificate/);
  refused({ key, cert, crl: "x\n" }, /Option tls\.crl holds no PEM revocation list/);
  refused({ key, cert, SNICallback: 1 }, /Option tls\.SNICallback is 1: give a function/);
  refused(localhost, /Option handshakeTimeout is -1: give a number/, { handshakeTimeout: -1 });
  refused(localhost, /Option maxHandshakes is 0: give 1 to/, { maxHandshakes: 0 });
  refused(localhost, /Option sessionTimeout is 1 ms: give whole/, { sessionTimeout: 0.001 });
  const tickets = (ticketKeys, pattern) => refused(localhost, pattern, { ticketKeys });
  tickets(Buffer.alloc(79), /Option ticketKeys holds 79 bytes: give 80, as `openssl rand 80` makes/);
  tickets([Buffer.alloc(80), new Uint8Array(1)], /Option ticketKeys\[1\] holds 1 bytes/);
  tickets("x".repeat(80), /^TypeError: Option ticketKeys is no bytes: give 80 random bytes or a file/);
  tickets([5], /Option ticketKeys\[0\] is 5: give 80 random bytes/);
  const missing = { name: join(folder, "missing"), arrayBuffer() {} };
  refused({ key: missing, cert }, (error) => {
    assert.match(error.message, /Option tls\.key is the file ".*missing", which cannot be read/);
    return error.code === "ENOENT";
  });
});

test("values that are right and change nothing", (t) => {
  for (const ALPNProtocols of ["http/1.1", "h2,http/1.1", ["h2", "http/1.1"], Buffer.from("\x08http/1.1")]) {
    start(t, { ...localhost, ALPNProtocols });
  }
  start(t, { ...localhost, clientRenegotiationLimit: 3, unknown: 1, serverName: "" });
});

test("versions, ciphers and options reach the handshake", async (t) => {
  const newest = start(t, { ...localhost, minVersion: "TLSv1.3", lowMemoryMode: true });
  await assert.rejects(get(newest, { maxVersion: "TLSv1.2" }), { message: /alert protocol version/ });
  const limited = start(t, { ...localhost, maxVersion: 0x0303, ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" });
  const socket = tls.connect({ port: limited.port, rejectUnauthorized: false });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  assert.equal(socket.getCipher().name, "ECDHE-ECDSA-AES256-GCM-SHA384");
  assert.equal(socket.getProtocol(), "TLSv1.2");
  socket.destroy();
});

/** What a client of these options and the server agree on: `{ cipher, protocol }`. */
async function agreed(server, options) {
  const socket = tls.connect({ port: server.port, rejectUnauthorized: false, ...options });
  await once(socket, "secureConnect");
  const facts = { cipher: socket.getCipher().name, protocol: socket.getProtocol() };
  socket.destroy();
  return facts;
}

test("Diffie-Hellman parameters and OpenSSL's options reach the handshake", async (t) => {
  const dhParamsFile = makeParameters();
  const finite = start(t, { ...makeCertificate({ rsa: true }), dhParamsFile });
  const ciphers = "DHE-RSA-AES128-GCM-SHA256";
  const old = await agreed(finite, { ciphers, maxVersion: "TLSv1.2" });
  assert.equal(old.cipher, ciphers);
  const secureOptions = constants.SSL_OP_NO_TLSv1_3;
  const older = start(t, { ...localhost, secureOptions });
  assert.equal((await agreed(older, {})).protocol, "TLSv1.2");
});

test("clients whose certificate was taken back are refused", async (t) => {
  const bob = makeCertificate({ name: "bob", issuer: authority });
  const crl = revoke(authority, bob);
  for (const list of [crl, [Buffer.from(crl)]]) {
    const server = start(t, { ...localhost, ca: authority.cert, crl: list, requestCert: true });
    assert.equal((await get(server, { key: alice.key, cert: alice.cert })).status, 200);
    await assert.rejects(get(server, { key: bob.key, cert: bob.cert }));
  }
});

test("clients show certificates", async (t) => {
  const seen = [];
  const server = start(
    t,
    { ...localhost, ca: authority.cert, requestCert: true },
    { fetch: (req, server) => (seen.push(server.requestTLS(req)), new Response("in")) },
  );
  assert.equal((await get(server, { key: alice.key, cert: alice.cert })).text, "in");
  assert.equal(seen[0].authorized, true);
  assert.equal(seen[0].authorizationError, null);
  assert.equal(seen[0].protocol, "TLSv1.3");
  assert.equal(seen[0].serverName, "localhost");
  assert.equal(seen[0].certificate.subject, "CN=alice");
  await assert.rejects(get(server), { code: /CERTIFICATE_REQUIRED|ECONNRESET|EPIPE/ });
  await assert.rejects(get(server, { key: other.key, cert: other.cert }));
  assert.equal(seen.length, 1);
});

test("clients that are not valid may be let in", async (t) => {
  let seen;
  const server = start(
    t,
    { ...localhost, requestCert: true, rejectUnauthorized: false },
    { fetch: (req, server) => ((seen = server.requestTLS(req)), new Response("in")) },
  );
  await get(server, { key: alice.key, cert: alice.cert });
  assert.equal(seen.authorized, false);
  assert.notEqual(seen.authorizationError, null);
  assert.equal(seen.certificate.subject, "CN=alice");
  await get(server);
  assert.equal(seen.certificate, null);
});

test("there is no TLS without TLS", async (t) => {
  let seen;
  const server = start(t, undefined, {
    fetch: (req, server) => ((seen = server.requestTLS(req)), new Response()),
  });
  await fetch(server.url);
  assert.equal(seen, null);
});

test("a function finds certificates while handshakes wait", async (t) => {
  const asked = [];
  const found = { key: other.key, cert: other.cert };
  const errors = t.mock.method(console, "error", () => {});
  const server = start(t, {
    ...localhost,
    async SNICallback(name) {
      asked.push(name);
      await new Promise((resolve) => setImmediate(resolve));
      if (name === "failing.example") throw new Error("no luck");
      return name === "none.example" ? null : found;
    },
  });
  for (const [servername, expected] of [
    ["Found.example", "other.example"],
    ["again.example", "other.example"],
    ["none.example", "localhost"],
  ]) {
    assert.equal((await get(server, { servername })).name, expected);
  }
  await assert.rejects(get(server, { servername: "failing.example" }), { message: /alert internal error/ });
  assert.deepEqual(asked, ["found.example", "again.example", "none.example", "failing.example"]);
  assert.match(errors.mock.calls[0].arguments[0], /no certificate for the name "failing.example": no luck/);
});

test("that function may answer at once, by a callback, or wrongly", async (t) => {
  t.mock.method(console, "error", () => {});
  const at_once = start(t, { ...localhost, SNICallback: () => other });
  assert.equal((await get(at_once, { servername: "a.example" })).name, "other.example");
  const by_callback = start(t, { SNICallback: (name, done) => done(null, other) });
  assert.equal((await get(by_callback, { servername: "a.example" })).name, "other.example");
  for (const wrong of [5, { key: "no", cert: "no" }, { key: localhost.key, cert: other.cert }]) {
    const server = start(t, { ...localhost, SNICallback: () => wrong });
    await assert.rejects(get(server, { servername: "a.example" }), { message: /alert internal error/ });
  }
});

test("functions for certificates that reloads have replaced are let go", async (t) => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const server = start(t, localhost);
  const functions = Array.from({ length: 4 }, () => {
    const SNICallback = () => other;
    server.reload({ fetch() {}, tls: { ...localhost, SNICallback } });
    return new WeakRef(SNICallback);
  });
  // A WeakRef holds its target until the job that made it has ended.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  assert.deepEqual(functions.map((each) => each.deref() === undefined), [true, true, false, false]);
  assert.equal((await get(server, { servername: "a.example" })).name, "other.example");
});

test("reload gives new certificates to new connections", async (t) => {
  const server = start(t, localhost);
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  assert.equal((await get(server, { agent })).name, "localhost");
  server.reload({ fetch: () => new Response("new"), tls: other });
  const open = await get(server, { agent });
  assert.equal(open.text, "new");
  assert.equal(open.name, "localhost");
  assert.equal((await get(server)).name, "other.example");
  server.reload({ fetch: () => new Response("newer") });
  assert.equal((await get(server)).name, "other.example");
  assert.throws(() => server.reload({ fetch() {}, tls: { ...other, key: "no" } }), /Option tls\.key/);
  assert.equal((await get(server)).text, "newer");
  const plain = start(t, undefined);
  assert.throws(() => plain.reload({ fetch() {}, tls: other }), /Option tls cannot be given/);
});

/** Connects by a session, if there is one: whether it was taken, and a ticket for another. */
const resume = (server, session) =>
  new Promise((resolve, reject) => {
    const socket = tls.connect({ port: server.port, rejectUnauthorized: false, session });
    socket.on("error", reject);
    socket.on("session", (ticket) => {
      resolve({ reused: socket.isSessionReused(), ticket });
      socket.destroy();
    });
  });

for (const lowMemoryMode of [false, true]) {
  test(`sessions are resumed${lowMemoryMode ? ", in low memory mode" : ""}`, async (t) => {
    const server = start(t, { ...localhost, lowMemoryMode });
    const first = await resume(server);
    assert.equal(first.reused, false);
    assert.equal((await resume(server, first.ticket)).reused, true);
  });
}

test("ticketKeys are shared by several servers, and replaced by reload", async (t) => {
  const ticketKeys = Buffer.alloc(80, 1);
  const file = join(folder, "ticket.key");
  writeFileSync(file, ticketKeys);
  const first = start(t, localhost, { ticketKeys });
  const { ticket } = await resume(first);
  for (const same of [ticketKeys, [Buffer.alloc(48, 2), ticketKeys], baoFile(file)]) {
    const { reused } = await resume(start(t, localhost, { ticketKeys: same }), ticket);
    assert.equal(reused, true);
  }
  assert.equal((await resume(start(t, localhost), ticket)).reused, false);
  first.reload({ fetch: () => new Response(), ticketKeys: Buffer.alloc(48, 3) });
  assert.equal((await resume(first, ticket)).reused, false);
  first.reload({ fetch: () => new Response(), ticketKeys: [Buffer.alloc(48, 3), ticketKeys] });
  assert.equal((await resume(first, ticket)).reused, true);
  start(t, undefined, { ticketKeys }).reload({ fetch: () => new Response(), ticketKeys });
});

test("plain http gets a readable answer", async (t) => {
  const server = start(t, localhost);
  const reply = await fetch(`http://localhost:${server.port}/`);
  assert.equal(reply.status, 400);
  assert.equal(await reply.text(), `This port speaks HTTPS: ask for ${server.url}\n`);
});

test("unix sockets speak TLS, too", async (t) => {
  const server = start(t, localhost, { port: undefined, unix: join(folder, "socket") });
  assert.equal(server.protocol, "https");
  assert.equal((await get(server)).text, "https://localhost/");
});

/** Programs of others run without a sanitizer's library, with which curl does not even start. */
const others = { env: { ...process.env, LD_PRELOAD: "" } };

test("curl and openssl s_client are served", async (t) => {
  const server = start(t, localhost, {
    fetch: async (req) => new Response(`${req.method} ${(await req.text()).length}`),
  });
  const curl = async (...args) =>
    (await run("curl", ["-sS", "--cacert", localhost.certFile, ...args, server.url.href], others)).stdout;
  assert.equal(await curl(), "GET 0");
  writeFileSync(join(folder, "body"), "x".repeat(1_000_000));
  assert.equal(await curl("--data-binary", `@${join(folder, "body")}`), "POST 1000000");
  assert.equal(await curl("--tlsv1.2", "--tls-max", "1.2"), "GET 0");
  const client = execFile("openssl", [
    "s_client", "-quiet", "-connect", `localhost:${server.port}`, "-CAfile", localhost.certFile,
    "-verify_return_error"], others);
  client.stdin.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  let text = "";
  for await (const piece of client.stdout) text += piece;
  assert.match(text, /\r\n\r\nGET 0$/);
});

test("half-open connections do not keep others out", async (t) => {
  const server = start(t, localhost, { maxHandshakes: 50 });
  const flood = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      new Promise((resolve) => {
        const socket = net.connect(server.port, "localhost", () => {
          if (i % 2) socket.write("\x16\x03\x01");
          resolve(socket);
        });
        socket.on("error", () => {});
      })),
  );
  assert.equal((await get(server)).status, 200);
  for (const socket of flood) socket.destroy();
});

test("the addon uses the OpenSSL that it brings along", async () => {
  assert.match(native.opensslVersion(), /^3\.\d+\.\d+/);
  assert.notEqual(native.opensslVersion(), process.versions.openssl.split("+")[0]);
});

test("worker threads serve TLS, too", async (t) => {
  const program = `
    import { parentPort, workerData } from "node:worker_threads";
    import { serve } from ${JSON.stringify(new URL("../lib/index.js", import.meta.url).href)};
    const server = serve({ port: 0, tls: workerData, fetch: () => new Response("from a worker") });
    parentPort.on("message", () => server.stop(true).then(() => parentPort.close()));
    parentPort.postMessage(server.port);
  `;
  const workers = Array.from({ length: 4 }, () => new Worker(
    new URL(`data:text/javascript,${encodeURIComponent(program)}`),
    { workerData: { key: localhost.key, cert: localhost.cert } }));
  t.after(() => Promise.all(workers.map((worker) => worker.terminate())));
  const ports = await Promise.all(workers.map((worker) =>
    new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject))));
  const replies = await Promise.all(
    Array.from({ length: 100 }, (_, i) => get({ port: ports[i % ports.length] })));
  for (const { text } of replies) assert.equal(text, "from a worker");
  for (const worker of workers) worker.postMessage("stop");
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve))));
});
