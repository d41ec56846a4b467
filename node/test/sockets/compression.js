/** The rules of RFC 7692 on the wire, each against a server that sends messages back. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";

import {
  BINARY,
  chopped,
  CLOSE,
  closing,
  CONTINUATION,
  Deflater,
  fragments,
  frame,
  Inflater,
  PING,
  PONG,
  RawClient,
  TEXT,
} from "./raw_client.js";

/** RSV1, which marks a message as compressed. */
const COMPRESSED = 4;
const OFFER = "permessage-deflate";
const MODES = ["shared", "dedicated", "small", "half"];

const words = (count, of = 97) =>
  Array.from({ length: count }, (_, i) => `{"id":${i},"name":"user ${(i * 7919) % of}"}`).join(",");

/** The parameters of the one extension that the server may choose. */
function parametersOf(value) {
  const [name, ...rest] = value.split(/; */);
  assert.equal(name, OFFER);
  const parameters = {};
  for (const parameter of rest) {
    const [key, text] = parameter.split("=");
    assert.ok(!(key in parameters), `${key} only once in ${value}`);
    parameters[key] = text === undefined ? true : Number(text);
  }
  return parameters;
}

/** What a server may answer to an offer (RFC 7692 section 7.1); `offered` as parametersOf gives it. */
function checkAnswer(offered, answered) {
  const known = ["server_no_context_takeover", "client_no_context_takeover",
    "server_max_window_bits", "client_max_window_bits"];
  for (const [key, value] of Object.entries(answered)) {
    assert.ok(known.includes(key), `${key} is known`);
    if (key.endsWith("_bits")) assert.ok(value >= 8 && value <= 15, `${key}=${value}`);
    else assert.equal(value, true);
  }
  if (offered.server_no_context_takeover) assert.ok(answered.server_no_context_takeover);
  if (offered.server_max_window_bits !== undefined) {
    assert.ok(answered.server_max_window_bits <= offered.server_max_window_bits);
  }
  if (offered.client_max_window_bits === undefined) {
    assert.equal(answered.client_max_window_bits, undefined);
  } else if (offered.client_max_window_bits !== true && answered.client_max_window_bits) {
    assert.ok(answered.client_max_window_bits <= offered.client_max_window_bits);
  }
}

/** A client that compresses as it has agreed with the server. */
class Compressing {
  static async open(url, offer = OFFER) {
    const it = new Compressing();
    it.raw = await RawClient.open(url, { fields: `Sec-WebSocket-Extensions: ${offer}\r\n` });
    if (it.raw.extensions === "") return it;
    const offered = parametersOf(offer);
    it.answered = parametersOf(it.raw.extensions);
    checkAnswer(offered, it.answered);
    const window = it.answered.client_max_window_bits ?? offered.client_max_window_bits;
    it.deflater = new Deflater({
      windowBits: typeof window === "number" ? window : 15,
      keepContext: !(it.answered.client_no_context_takeover || offered.client_no_context_takeover),
    });
    it.inflater = new Inflater({
      windowBits: it.answered.server_max_window_bits ?? 15,
      keepContext: !it.answered.server_no_context_takeover,
    });
    return it;
  }

  /** Sends a message and looks at the echo. */
  async echo(opcode, payload, { pieces = 1 } = {}) {
    const bytes = await this.deflater.message(payload);
    const size = Math.max(1, Math.ceil(bytes.length / pieces));
    this.raw.write(Buffer.concat(fragments(opcode, chopped(bytes, size), COMPRESSED)));
    await this.expect(opcode, payload);
  }

  async expect(opcode, payload) {
    const got = await this.raw.next();
    assert.ok(got !== null, `the connection has ended (${this.raw.end})`);
    const code = got.opcode === CLOSE ? `closed with ${got.payload.readUInt16BE(0)}` : undefined;
    assert.equal(got.opcode, opcode, code);
    const text = got.rsv === COMPRESSED ? await this.inflater.message(got.payload) : got.payload;
    assert.ok(text.equals(Buffer.from(payload)), "the message comes back as it was");
    return got;
  }
}

/** @param urls the servers' addresses by their modes, as server.js makes them */
export function testCompression(name, urls) {
  const open = (mode, offer) => Compressing.open(`${urls()[mode]}echo`, offer);
  const rule = (text, body) => test(`${name}: ${text}`, body);

  for (const mode of MODES) {
    rule(`7.1: every combination of parameters (${mode})`, async () => {
      const texts = [words(30), words(30), "x".repeat(300), words(60, 11)];
      let turn = 0;
      for (const client of [undefined, true, 8, 9, 10, 11, 12, 13, 14, 15]) {
        for (const server of [undefined, 8, 9, 10, 11, 12, 13, 14, 15]) {
          let offer = OFFER;
          if (turn & 1) offer += "; server_no_context_takeover";
          if (turn++ & 2) offer += "; client_no_context_takeover";
          if (client !== undefined) offer += "; client_max_window_bits";
          if (typeof client === "number") offer += `=${client}`;
          if (server !== undefined) offer += `; server_max_window_bits=${server}`;
          const it = await open(mode, offer);
          if (it.answered === undefined) {
            // No common compressor has a window of 2^8 bytes.
            assert.ok(server === 8 && mode !== "half", `${offer} is declined`);
            it.raw.send(TEXT, "plain");
            await it.raw.expect(TEXT, "plain");
          } else {
            for (const text of texts) await it.echo(TEXT, text).catch((error) => assert.fail(`${offer}: ${error.message}`));
          }
          it.raw.socket.destroy();
        }
      }
    });

    rule(`7.2: messages of all sizes, whole and in fragments (${mode})`, async () => {
      const it = await open(mode, `${OFFER}; client_max_window_bits`);
      for (const size of [0, 1, 2, 125, 126, 127, 1023, 1024, 1025, 65535, 65536, 300_000]) {
        for (const payload of [Buffer.alloc(size, "ab"), randomBytes(size)]) {
          await it.echo(BINARY, payload);
          await it.echo(BINARY, payload, { pieces: 7 });
        }
      }
      await it.echo(BINARY, randomBytes(1 << 20), { pieces: 300 });
      await it.raw.finish();
    });
  }

  rule("7.1: without an offer, and of other extensions, nothing is chosen", async () => {
    const none = await RawClient.open(`${urls().shared}echo`);
    assert.equal(none.extensions, "");
    none.send(TEXT, await new Deflater().message("x"), { rsv: COMPRESSED });
    await none.expectClose(1002);
    const fields = "Sec-WebSocket-Extensions: x-webkit-deflate-frame, permessage-bzip2; a=b\r\n";
    const other = await RawClient.open(`${urls().shared}echo`, { fields });
    assert.equal(other.extensions, "");
    const off = await RawClient.open(`${urls().plain}echo`, {
      fields: `Sec-WebSocket-Extensions: ${OFFER}\r\n`,
    });
    assert.equal(off.extensions, "");
    for (const client of [other, off]) await client.finish();
  });

  rule("7.1: the first offer that can be honoured is taken, wrong ones are declined", async () => {
    const wrong = ["; server_max_window_bits", "; server_max_window_bits=7", "; server_max_window_bits=16",
      "; server_max_window_bits=08", "; client_max_window_bits=0", "; client_max_window_bits=x",
      "; unknown", "; server_no_context_takeover=1", "; client_no_context_takeover=true",
      "; client_max_window_bits; client_max_window_bits"];
    for (const parameters of wrong) {
      const fields = `Sec-WebSocket-Extensions: ${OFFER}${parameters}`;
      const declined = await RawClient.open(`${urls().shared}echo`, { fields: `${fields}\r\n` });
      assert.equal(declined.extensions, "", parameters);
      const second = await RawClient.open(`${urls().dedicated}echo`, {
        fields: `${fields}, ${OFFER}; server_no_context_takeover\r\n`,
      });
      assert.ok(parametersOf(second.extensions).server_no_context_takeover);
      for (const client of [declined, second]) await client.finish();
    }
  });

  rule("6.1: compressed and plain messages mix, with control frames between", async () => {
    const it = await open("dedicated");
    const text = words(20);
    for (let i = 0; i < 3; i++) {
      await it.echo(TEXT, text);
      it.raw.send(TEXT, text);
      await it.expect(TEXT, text);
      it.raw.send(PING, "between");
      await it.raw.expect(PONG, "between");
    }
    const parts = fragments(TEXT, chopped(await it.deflater.message(text), 20), COMPRESSED);
    const mixed = parts.flatMap((part, i) => [part, frame(PING, `${i}`)]);
    await it.raw.writeSlowly(chopped(Buffer.concat(mixed.slice(0, -1)), 1));
    for (let i = 0; i < parts.length - 1; i++) await it.raw.expect(PONG, `${i}`);
    await it.expect(TEXT, text);
    await it.raw.finish();
  });

  rule("6: RSV1 on continuations and control frames, and the other reserved bits", async () => {
    const bytes = await new Deflater().message("some text");
    const wrong = [
      [frame(TEXT, bytes.subarray(0, 3), { fin: false, rsv: COMPRESSED }),
        frame(CONTINUATION, bytes.subarray(3), { rsv: COMPRESSED })],
      [frame(TEXT, "a", { fin: false }), frame(CONTINUATION, "b", { rsv: COMPRESSED })],
      [frame(PING, "x", { rsv: COMPRESSED })],
      [frame(PONG, "x", { rsv: COMPRESSED })],
      [frame(CLOSE, closing(1000), { rsv: COMPRESSED })],
      ...[1, 2, 3, 5, 6, 7].map((rsv) => [frame(TEXT, bytes, { rsv })]),
    ];
    for (const frames of wrong) {
      const it = await open("shared");
      it.raw.write(Buffer.concat(frames));
      await it.raw.expectClose(1002);
    }
  });

  rule("7.2.3: whatever an encoder may make", async () => {
    const it = await open("shared", `${OFFER}; client_no_context_takeover`);
    const text = Buffer.from(words(200));
    const { Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE, Z_FILTERED, Z_SYNC_FLUSH } = constants;
    const ways = [];
    for (let level = 0; level <= 9; level++) ways.push({ level });
    for (let memLevel = 1; memLevel <= 9; memLevel++) ways.push({ memLevel });
    for (const strategy of [Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE, Z_FILTERED]) ways.push({ strategy });
    const send = async (bytes) => {
      it.raw.send(TEXT, bytes, { rsv: COMPRESSED });
      await it.expect(TEXT, text);
    };
    for (const options of ways) {
      const bytes = deflateRawSync(text, { ...options, finishFlush: Z_SYNC_FLUSH });
      await send(bytes.subarray(0, -4));
      // A last block, with an empty one behind it (section 7.2.3.4).
      await send(Buffer.concat([deflateRawSync(text, options), Buffer.from([0])]));
    }
    // Two blocks, each flushed (section 7.2.3.5).
    const halves = [text.subarray(0, 500), text.subarray(500)].map((half) =>
      deflateRawSync(half, { finishFlush: Z_SYNC_FLUSH }));
    await send(Buffer.concat(halves).subarray(0, -4));
    await it.raw.finish();
  });

  rule("7.2.2: what is no DEFLATE, or is cut short, ends by 1007", async () => {
    const bytes = await new Deflater().message(words(50));
    const wrong = [Buffer.from("not compressed at all"), Buffer.alloc(50, 0xff), bytes.subarray(0, 40),
      Buffer.concat([bytes.subarray(0, 30), Buffer.alloc(30, 0xff)])];
    for (const payload of wrong) {
      for (const mode of MODES) {
        const it = await open(mode);
        it.raw.send(BINARY, payload, { rsv: COMPRESSED });
        await it.raw.expectClose(1007);
      }
    }
  });

  rule("7.1.1: no reference to an earlier message if that was agreed on", async () => {
    const it = await open("shared", `${OFFER}; client_no_context_takeover`);
    assert.ok(it.answered.client_no_context_takeover);
    const keeping = new Deflater();
    it.raw.send(TEXT, await keeping.message(words(10)), { rsv: COMPRESSED });
    await it.expect(TEXT, words(10));
    it.raw.send(TEXT, await keeping.message(words(10)), { rsv: COMPRESSED });
    await it.raw.expectClose(1007);
  });

  rule("6455 8.1: compressed texts are UTF-8", async () => {
    for (const mode of MODES) {
      for (const bad of ["c3", "eda080", "f4908080", "ff", "c0af"]) {
        for (const before of ["", "x".repeat(100_000)]) {
          const it = await open(mode);
          const text = Buffer.concat([Buffer.from(before), Buffer.from(bad, "hex")]);
          const payload = await it.deflater.message(text);
          it.raw.write(Buffer.concat(fragments(TEXT, chopped(payload, 64), COMPRESSED)));
          await it.raw.expectClose(1007);
        }
      }
      const it = await open(mode);
      await it.echo(TEXT, "κόσμε 😀".repeat(500), { pieces: 40 });
      await it.raw.finish();
    }
  });

  rule("8: what would become larger than the limit ends by 1009", async () => {
    for (const mode of ["shared", "dedicated"]) {
      const it = await open(mode);
      it.raw.send(BINARY, await it.deflater.message(Buffer.alloc(16 << 20)), { rsv: COMPRESSED });
      await it.raw.expectClose(1009);
      const exact = await open(mode);
      await exact.echo(BINARY, Buffer.alloc(4 << 20));
      const beyond = await exact.deflater.message(Buffer.alloc((4 << 20) + 1));
      exact.raw.send(BINARY, beyond, { rsv: COMPRESSED });
      await exact.raw.expectClose(1009);
    }
  });
}
