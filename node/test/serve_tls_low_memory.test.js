/** serve() with `tls.lowMemoryMode`: what clients of all kinds see of it, which is nothing. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import https from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import Ws from "ws";

import { serve } from "../lib/index.js";
import { folder, makeCertificate } from "./certificates.js";

const localhost = { ...makeCertificate(), lowMemoryMode: true };
const other = { ...makeCertificate({ name: "other.example" }), lowMemoryMode: true };
const authority = makeCertificate({ name: "authority", authority: true });
const alice = makeCertificate({ name: "alice", issuer: authority });
const run = promisify(execFile);
/** Programs of others run without a sanitizer's library, with which curl does not even start. */
const others = { env: { ...process.env, LD_PRELOAD: "" } };
const ciphers = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

async function echo(req) {
  return new Response(req.body ? await req.arrayBuffer() : "hello");
}

function start(t, entries, more = {}) {
  const server = serve({ port: 0, maxRequestBodySize: 32 << 20, fetch: echo, tls: entries, ...more });
  t.after(() => server.stop(true));
  return server;
}

/** A reply, and the socket that it came by; `body` is sent. */
function ask(server, options = {}, body = undefined) {
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        host: "localhost", port: server.port, rejectUnauthorized: false, agent: false,
        method: body ? "POST" : "GET", ...options,
      },
      (reply) => {
        const { socket } = reply;
        const facts = {
          name: socket.getPeerCertificate().subject?.CN,
          cipher: socket.getCipher().standardName,
          protocol: socket.getProtocol(),
        };
        const pieces = [];
        reply.on("data", (piece) => pieces.push(piece));
        reply.on("end", () => resolve({ ...facts, bytes: Buffer.concat(pieces) }));
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

test("ten megabytes in both directions, with each cipher and with TLS 1.2", async (t) => {
  const server = start(t, localhost);
  const bytes = Buffer.alloc(10 << 20, "0123456789abcdef!");
  for (const cipher of ciphers) {
    const reply = await ask(server, { ciphers: cipher }, bytes);
    assert.equal(reply.cipher, cipher);
    assert.ok(reply.bytes.equals(bytes), cipher);
  }
  const older = await ask(server, { maxVersion: "TLSv1.2" }, bytes);
  assert.equal(older.protocol, "TLSv1.2");
  assert.ok(older.bytes.equals(bytes));
});

test("many requests over one connection, and a reload under it", async (t) => {
  const server = start(t, localhost);
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  for (let i = 0; i < 100; i++) {
    assert.equal(String((await ask(server, { agent }, Buffer.from(`${i}`))).bytes), `${i}`);
  }
  server.reload({ fetch: () => new Response("new"), tls: other });
  const open = await ask(server, { agent });
  assert.equal(String(open.bytes), "new");
  assert.equal(open.name, "localhost");
  assert.equal((await ask(server)).name, "other.example");
});

test("what is known of clients stays known", async (t) => {
  const seen = [];
  const server = start(
    t,
    { ...localhost, ca: authority.cert, requestCert: true, rejectUnauthorized: false },
    { fetch: (req, server) => (seen.push(server.requestTLS(req)), new Response("in")) },
  );
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const shown = { key: alice.key, cert: alice.cert, servername: "localhost", agent };
  await ask(server, shown);
  await ask(server, shown);
  await ask(server, { key: other.key, cert: other.cert, ciphers: ciphers[2] });
  await ask(server);
  for (const facts of seen.slice(0, 2)) {
    assert.equal(facts.protocol, "TLSv1.3");
    assert.equal(facts.serverName, "localhost");
    assert.equal(facts.authorized, true);
    assert.equal(facts.authorizationError, null);
    assert.equal(facts.certificate.subject, "CN=alice");
  }
  assert.equal(seen[2].cipher, ciphers[2]);
  assert.equal(seen[2].authorized, false);
  assert.match(seen[2].authorizationError, /self.signed/);
  assert.equal(seen[2].certificate.subject, "CN=other.example");
  assert.equal(seen[3].certificate, null);
});

test("WebSockets", async (t) => {
  const server = start(t, localhost, {
    fetch: (req, server) => (server.upgrade(req) ? undefined : new Response("no")),
    websocket: { maxPayloadLength: 8 << 20, message: (socket, message) => void socket.send(message) },
  });
  const client = new Ws(`wss://localhost:${server.port}/`, { rejectUnauthorized: false });
  await once(client, "open");
  for (const size of [0, 1, 125, 70_000, 4 << 20]) {
    const bytes = Buffer.alloc(size, "websocket");
    client.send(bytes);
    const [data] = await once(client, "message");
    assert.ok(bytes.equals(data), `${size}`);
  }
  client.close(1000);
  assert.equal((await once(client, "close"))[0], 1000);
});

test("curl", async (t) => {
  const server = start(t, localhost, {
    fetch: async (req) => new Response(`${req.method} ${(await req.text()).length}`),
  });
  const body = join(folder, "low-memory-body");
  writeFileSync(body, "x".repeat(1_000_000));
  const { stdout } = await run(
    "curl",
    ["-sS", "--cacert", localhost.certFile, server.url.href, "--data-binary", `@${body}`],
    others,
  );
  assert.equal(stdout, "POST 1000000");
});

test("openssl s_client changes its keys and asks for ours", async (t) => {
  const server = start(t, localhost);
  for (const cipher of ciphers) {
    const client = spawn("openssl", [
      "s_client", "-connect", `localhost:${server.port}`, "-CAfile", localhost.certFile,
      "-verify_return_error", "-ciphersuites", cipher, "-tls1_3"], others);
    let text = "";
    let errors = "";
    client.stdout.on("data", (piece) => (text += piece));
    client.stderr.on("data", (piece) => (errors += piece));
    const until = async (stream, met) => {
      while (!met()) await once(stream, "data");
    };
    await until(client.stdout, () => text.includes("\n---\n"));
    // It takes a command only where a read of its input begins.
    for (let i = 1; i <= 6; i++) {
      client.stdin.write(i % 2 ? "K\n" : "k\n");
      await until(client.stderr, () => errors.split("KEYUPDATE").length > i);
    }
    const before = text.length;
    client.stdin.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    await once(client, "close");
    assert.match(text.slice(before), /^HTTP\/1\.1 200 OK[^]*\r\n\r\nhello/m, errors);
    assert.match(text, new RegExp(cipher));
  }
});
