/** npm's `ws` and the platform's WebSocket as clients of the servers of server.js. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";

import Ws from "ws";

const text = (size) => "é日😀x".repeat(Math.ceil(size / 5)).slice(0, size);

/** An open client of `ws`; `next()` resolves to the next event, `[kind, ...]`. */
async function open(url, protocols = [], options = {}) {
  const client = new Ws(url, protocols, options);
  const events = [];
  const waiting = [];
  const take = (...event) => (waiting.length > 0 ? waiting.shift()(event) : events.push(event));
  client.on("message", (data, binary) => take("message", binary ? data : data.toString()));
  client.on("ping", (data) => take("ping", data.toString()));
  client.on("pong", (data) => take("pong", data.toString()));
  client.on("close", (code, reason) => take("close", code, reason.toString()));
  client.next = () =>
    events.length > 0 ? events.shift() : new Promise((resolve) => waiting.push(resolve));
  await once(client, "open");
  return client;
}

/** How the server says that its sockets have closed since it was last asked. */
const closed = async (url) => (await fetch(`${url.replace("ws", "http")}closed`)).json();

/** @param urls the servers' addresses by their modes, as server.js makes them */
export function testClients(name, urls) {
  const rule = (what, body) => test(`${name}: ${what}`, body);

  rule("ws: texts, bytes and large messages", async () => {
    const client = await open(`${urls().plain}echo`);
    for (const size of [0, 1, 5, 125, 126, 65535, 65536, 1_000_000]) {
      client.send(text(size));
      assert.deepEqual(await client.next(), ["message", text(size)]);
      const bytes = randomBytes(size);
      client.send(bytes);
      assert.deepEqual(await client.next(), ["message", bytes]);
    }
    client.send(Buffer.alloc(4 << 20, 1));
    assert.equal((await client.next())[1].length, 4 << 20);
    for (let i = 0; i < 1000; i++) client.send(`message ${i}`);
    for (let i = 0; i < 1000; i++) assert.deepEqual(await client.next(), ["message", `message ${i}`]);
    client.close();
    assert.deepEqual((await client.next()).slice(0, 1), ["close"]);
  });

  rule("ws: fragments, and pings between them", async () => {
    const client = await open(`${urls().plain}echo`);
    for (const parts of [["one ", "two ", "three"], ["", "é", ""], [text(70_000), text(70_000)]]) {
      parts.forEach((part, i) => {
        client.send(part, { fin: i === parts.length - 1 });
        client.ping(`${i}`);
      });
      // The answer to the ping behind the last frame may come before the message or behind it.
      const got = [];
      for (let i = 0; i <= parts.length; i++) got.push(await client.next());
      assert.deepEqual(got.filter(([kind]) => kind === "message"), [["message", parts.join("")]]);
      assert.deepEqual(got.filter(([kind]) => kind === "pong"), parts.map((_, i) => ["pong", `${i}`]));
    }
    client.terminate();
  });

  rule("ws: pings and pongs of both sides", async () => {
    const client = await open(`${urls().plain}command`);
    client.ping("from the client");
    assert.deepEqual(await client.next(), ["pong", "from the client"]);
    client.send("ping from-the-server");
    assert.deepEqual(await client.next(), ["ping", "from-the-server"]);
    assert.deepEqual(await client.next(), ["message", "pong from-the-server"]);
    client.ping(randomBytes(125));
    assert.equal((await client.next())[0], "pong");
    client.send("burst 500");
    for (let i = 0; i < 500; i++) assert.deepEqual(await client.next(), ["message", `message ${i}`]);
    client.terminate();
  });

  rule("ws: compression by every agreement", async () => {
    const offers = [
      true,
      { serverNoContextTakeover: true },
      { clientNoContextTakeover: true },
      { serverNoContextTakeover: true, clientNoContextTakeover: true },
      { serverMaxWindowBits: 9 },
      { serverMaxWindowBits: 12, clientMaxWindowBits: 9 },
      { clientMaxWindowBits: 15, serverNoContextTakeover: true },
      { clientMaxWindowBits: 10, clientNoContextTakeover: true },
    ];
    for (const mode of ["shared", "dedicated", "small", "half"]) {
      for (const offer of offers) {
        const perMessageDeflate = offer === true ? true : { threshold: 0, ...offer };
        const client = await open(`${urls()[mode]}echo`, [], { perMessageDeflate });
        assert.match(client.extensions, /permessage-deflate/);
        for (const size of [0, 10, 2000, 2000, 100_000]) {
          client.send(text(size));
          assert.deepEqual(await client.next(), ["message", text(size)]);
          client.send(Buffer.alloc(size, 3), { compress: size !== 10 });
          assert.deepEqual(await client.next(), ["message", Buffer.alloc(size, 3)]);
        }
        client.send("first, ", { fin: false });
        client.send(text(3000), { fin: true });
        assert.deepEqual(await client.next(), ["message", `first, ${text(3000)}`]);
        client.terminate();
      }
    }
  });

  rule("ws: close codes and reasons from the client", async () => {
    const url = urls().plain;
    await closed(url);
    for (const [code, reason] of [[1000, ""], [1001, "going"], [3000, "é"], [4999, "x".repeat(123)]]) {
      const client = await open(`${url}echo`);
      client.close(code, reason);
      assert.deepEqual(await client.next(), ["close", code, reason]);
      assert.deepEqual(await closed(url), [[code, reason]]);
    }
    const client = await open(`${url}echo`);
    client.close();
    assert.deepEqual(await client.next(), ["close", 1005, ""]);
    assert.deepEqual(await closed(url), [[1005, ""]]);
  });

  rule("ws: close codes and reasons from the server", async () => {
    const url = urls().plain;
    await closed(url);
    for (const [code, reason] of [[1000, ""], [1008, "no more"], [3000, "é"], [4999, "some words"]]) {
      const client = await open(`${url}command`);
      client.send(`close ${code} ${reason}`);
      assert.deepEqual(await client.next(), ["close", code, reason]);
      assert.deepEqual(await closed(url), [[code, reason]]);
    }
    const client = await open(`${url}command`);
    client.send("close 1005");
    assert.deepEqual(await client.next(), ["close", 1005, ""]);
    const ended = await open(`${url}command`);
    ended.send("terminate");
    assert.deepEqual(await ended.next(), ["close", 1006, ""]);
    assert.deepEqual(await closed(url), [[1005, ""], [1006, ""]]);
  });

  rule("ws: subprotocols", async () => {
    for (const [offered, chosen] of [[["first", "second"], "second"], [["second"], "second"]]) {
      const client = await open(`${urls().plain}echo`, offered);
      assert.equal(client.protocol, chosen);
      client.terminate();
    }
    // A client whose offers are all left out must end it (RFC 6455 section 4.1).
    const refused = new Ws(`${urls().plain}echo`, ["first"]);
    const [error] = await once(refused, "error");
    assert.match(error.message, /no subprotocol/);
  });

  rule("ws: large messages from the server, and a client that reads late", async () => {
    const client = await open(`${urls().shared}command`);
    client.pause();
    for (let i = 0; i < 8; i++) client.send(`send ${3 << 20}`);
    client.resume();
    for (let i = 0; i < 8; i++) {
      const [, bytes] = await client.next();
      assert.ok(bytes.equals(Buffer.alloc(3 << 20, 7)));
    }
    client.close(1000);
    assert.deepEqual(await client.next(), ["close", 1000, ""]);
  });

  rule("ws: many clients at once", async () => {
    const clients = await Promise.all(Array.from({ length: 100 }, () => open(`${urls().dedicated}echo`)));
    for (let turn = 0; turn < 5; turn++) {
      clients.forEach((client, i) => client.send(`${turn} of ${i}`.repeat(20)));
      const got = await Promise.all(clients.map((client) => client.next()));
      assert.deepEqual(got, clients.map((_, i) => ["message", `${turn} of ${i}`.repeat(20)]));
    }
    for (const client of clients) client.terminate();
  });

  rule("the platform's WebSocket", async () => {
    for (const mode of ["plain", "shared", "dedicated"]) {
      const client = new WebSocket(`${urls()[mode]}echo`, ["first", "second"]);
      client.binaryType = "arraybuffer";
      await once(client, "open");
      assert.equal(client.protocol, "second");
      for (const size of [0, 125, 126, 65536, 500_000]) {
        client.send(text(size));
        assert.equal((await once(client, "message"))[0].data, text(size));
        const bytes = randomBytes(size);
        client.send(bytes);
        assert.ok(bytes.equals(Buffer.from((await once(client, "message"))[0].data)));
      }
      client.close(4000, "enough");
      const [{ code, reason, wasClean }] = await once(client, "close");
      assert.deepEqual([code, reason, wasClean], [4000, "enough", true]);
    }
  });
}
