/** The rules of RFC 6455 sections 5 to 8 on the wire, each against a server that sends messages back. */
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  BINARY,
  chopped,
  CLOSE,
  closing,
  CONTINUATION,
  fragments,
  frame,
  PING,
  PONG,
  RawClient,
  TEXT,
} from "./raw_client.js";

const BORDERS = [0, 1, 2, 3, 4, 7, 8, 16, 31, 124, 125, 126, 127, 128, 129, 1000, 65534, 65535,
  65536, 65537, 131071, 1 << 20];
/** What servers of the tests take (server.js). */
const MOST = 4 << 20;

const bytes = (size, of = 1) => Buffer.alloc(size).map((_, i) => (i * of) & 0xff);
const hex = (text) => Buffer.from(text.replaceAll(" ", ""), "hex");

/** Texts that are no UTF-8 (RFC 3629), and how many of their bytes may come before it is certain. */
const BAD_TEXTS = [
  ["a continuation alone", "80", 1],
  ["the last continuation alone", "bf", 1],
  ["continuations behind a character", "c3a9 80", 3],
  ["overlong of two bytes", "c0 af", 1],
  ["overlong of two bytes, the largest", "c1 bf", 1],
  ["overlong of three", "e0 80 af", 2],
  ["overlong of three, the largest", "e0 9f bf", 2],
  ["overlong of four", "f0 80 80 af", 2],
  ["overlong of four, the largest", "f0 8f bf bf", 2],
  ["five bytes", "f8 88 80 80 80", 1],
  ["six bytes", "fc 84 80 80 80 80", 1],
  ["the first surrogate", "ed a0 80", 2],
  ["the last surrogate", "ed bf bf", 2],
  ["a pair of surrogates", "ed a0 80 ed b0 80", 2],
  ["above U+10FFFF", "f4 90 80 80", 2],
  ["far above U+10FFFF", "f5 80 80 80", 1],
  ["FE", "fe", 1],
  ["FF", "ff", 1],
  ["a character that is cut by another one", "e2 82 41", 3],
  ["behind much that is right", "ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80 65 64 69 74 65 64", 13],
];
const CUT_TEXTS = ["c3", "e2", "e2 82", "f0", "f0 9f", "f0 9f 98", "41 42 e2 82"];
const GOOD_TEXTS = ["\u0000", "\u007f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd",
  "\ufffe", "\uffff", "\u{10000}", "\u{1fffe}", "\u{10ffff}", "κόσμε", "日本語 😀 ñ",
  "x".repeat(63) + "é" + "y".repeat(63), "😀".repeat(5000)];

/** @param urls the servers' addresses by their modes, as server.js makes them */
export function testConformance(name, urls) {
  const open = (more) => RawClient.open(`${urls().plain}echo`, more);
  const rule = (text, body) => test(`${name}: ${text}`, body);

  rule("5.2: lengths of messages at the borders of their forms", async () => {
    const client = await open();
    for (const size of BORDERS) {
      client.send(BINARY, bytes(size));
      await client.expect(BINARY, bytes(size));
      client.send(TEXT, "*".repeat(size));
      await client.expect(TEXT, "*".repeat(size));
    }
    await client.finish();
  });

  rule("5.2: messages that come in pieces of any size", async () => {
    const client = await open();
    for (const size of [0, 1, 125, 126, 127, 300]) {
      await client.writeSlowly(chopped(frame(BINARY, bytes(size)), 1));
      await client.expect(BINARY, bytes(size));
    }
    for (const [size, piece] of [[65535, 997], [65536, 997], [65537, 4099], [300_000, 65536]]) {
      await client.writeSlowly(chopped(frame(BINARY, bytes(size, 7)), piece));
      await client.expect(BINARY, bytes(size, 7));
    }
    await client.finish();
  });

  rule("5.2: many messages in one piece, and pieces across their borders", async () => {
    const client = await open();
    const payloads = Array.from({ length: 200 }, (_, i) => bytes(i * 3));
    const all = Buffer.concat(payloads.map((payload) => frame(BINARY, payload)));
    for (const size of [all.length, 1009, 4096]) {
      await client.writeSlowly(chopped(all, size));
      for (const payload of payloads) await client.expect(BINARY, payload);
    }
    await client.finish();
  });

  rule("5.2: frames may lie right behind the handshake", async () => {
    const client = await open({ behind: Buffer.concat([frame(TEXT, "a"), frame(PING, "b"), frame(TEXT, "c")]) });
    await client.expect(TEXT, "a");
    await client.expect(PONG, "b");
    await client.expect(TEXT, "c");
    await client.finish();
  });

  rule("5.2: reserved bits", async () => {
    for (const opcode of [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG]) {
      for (let rsv = 1; rsv < 8; rsv++) {
        const client = await open();
        client.send(TEXT, "before");
        client.send(opcode, opcode === CLOSE ? closing(1000) : "x", { rsv });
        await client.expect(TEXT, "before");
        await client.expectClose(1002);
      }
    }
  });

  rule("5.2: reserved opcodes, whole or by their first byte alone", async () => {
    for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
      for (const bytes of [frame(opcode, ""), frame(opcode, "x"), frame(opcode, "x", { fin: false }),
        Buffer.from([0x80 | opcode])]) {
        const client = await open();
        client.write(Buffer.concat([frame(TEXT, "before"), bytes]));
        await client.expect(TEXT, "before");
        await client.expectClose(1002);
      }
    }
  });

  rule("5.1: frames without a mask", async () => {
    for (const opcode of [TEXT, BINARY, PING, PONG, CLOSE]) {
      const client = await open();
      client.send(opcode, opcode === CLOSE ? closing(1000) : "x", { masked: false });
      await client.expectClose(1002);
    }
  });

  rule("5.2: lengths that are not minimal, or whose highest bit is set", async () => {
    const wrong = [
      frame(TEXT, "", { lengthBytes: 2 }),
      frame(TEXT, "x".repeat(125), { lengthBytes: 2 }),
      frame(TEXT, "x".repeat(126), { lengthBytes: 8 }),
      frame(TEXT, "x".repeat(65535), { lengthBytes: 8 }),
      hex("82 ff 8000000000000000 01020304"),
      hex("82 ff ffffffffffffffff 01020304"),
    ];
    for (const bytes of wrong) {
      const client = await open();
      client.write(bytes);
      await client.expectClose(1002);
    }
  });

  rule("5.5: control frames carry at most 125 bytes and are not fragmented", async () => {
    for (const opcode of [PING, PONG, CLOSE]) {
      const body = opcode === CLOSE ? closing(1000) : Buffer.alloc(0);
      const long = Buffer.concat([body, Buffer.alloc(126 - body.length, "x")]);
      for (const bytes of [frame(opcode, long), frame(opcode, body, { fin: false }),
        frame(opcode, Buffer.alloc(65536, "x"))]) {
        const client = await open();
        client.write(bytes);
        await client.expectClose(1002);
      }
    }
  });

  rule("5.5.2: pings are answered with what they carry, pongs not at all", async () => {
    const client = await open();
    for (const payload of ["", "x", bytes(124), bytes(125), hex("00 ff fe fd fc fb 00 ff")]) {
      client.send(PONG, payload);
      client.send(PING, payload);
      await client.expect(PONG, payload);
    }
    await client.writeSlowly(chopped(frame(PING, bytes(125)), 1));
    await client.expect(PONG, bytes(125));
    for (let i = 0; i < 10; i++) client.send(PING, `ping ${i}`);
    for (let i = 0; i < 10; i++) await client.expect(PONG, `ping ${i}`);
    await client.finish();
  });

  rule("5.4: fragments in every manner", async () => {
    const client = await open();
    const text = Buffer.from("fragments of a text, with é and 日本 and 😀 in it");
    for (let size = 1; size <= text.length; size++) {
      const frames = Buffer.concat(fragments(TEXT, chopped(text, size)));
      client.write(frames);
      await client.expect(TEXT, text);
      await client.writeSlowly(chopped(frames, size));
      await client.expect(TEXT, text);
    }
    // Empty ones count as well, at any place.
    for (const payloads of [["", ""], ["", "", ""], ["", "a"], ["a", ""], ["", "a", "", "b", ""]]) {
      for (const opcode of [TEXT, BINARY]) {
        client.write(Buffer.concat(fragments(opcode, payloads)));
        await client.expect(opcode, payloads.join(""));
      }
    }
    const many = chopped(bytes(20_000), 1);
    client.write(Buffer.concat(fragments(BINARY, many)));
    await client.expect(BINARY, bytes(20_000));
    const large = chopped(bytes(1 << 20, 3), 65536);
    client.write(Buffer.concat(fragments(BINARY, large)));
    await client.expect(BINARY, bytes(1 << 20, 3));
    await client.finish();
  });

  rule("5.4: control frames between fragments, in any pieces", async () => {
    const client = await open();
    const parts = fragments(TEXT, ["one ", "", "two ", "three"]);
    const mixed = Buffer.concat(parts.flatMap((part, i) => [part, frame(PING, `ping ${i}`)]).slice(0, -1));
    for (const size of [mixed.length, 1, 2, 3, 7]) {
      await client.writeSlowly(chopped(mixed, size));
      for (let i = 0; i < 3; i++) await client.expect(PONG, `ping ${i}`);
      await client.expect(TEXT, "one two three");
    }
    client.write(Buffer.concat([parts[0], frame(PONG, "no answer"), ...parts.slice(1)]));
    await client.expect(TEXT, "one two three");
    // The end may come between them, too.
    client.write(Buffer.concat([parts[0], frame(CLOSE, closing(1000, "enough")), parts[1]]));
    await client.expectClose(1000);
  });

  rule("5.4: continuations of nothing, messages inside of messages", async () => {
    const wrong = [
      [frame(CONTINUATION, "x")],
      [frame(CONTINUATION, "x", { fin: false })],
      [frame(CONTINUATION, ""), frame(TEXT, "x")],
      [...fragments(TEXT, ["a", "b"]), frame(CONTINUATION, "c")],
      [frame(TEXT, "a", { fin: false }), frame(TEXT, "b")],
      [frame(TEXT, "a", { fin: false }), frame(BINARY, "b")],
      [frame(BINARY, "a", { fin: false }), frame(TEXT, "b", { fin: false })],
      [frame(TEXT, "a", { fin: false }), frame(CONTINUATION, "b", { fin: false }), frame(TEXT, "c")],
    ];
    for (const frames of wrong) {
      for (const size of [1 << 16, 1]) {
        const client = await open();
        await client.writeSlowly(chopped(Buffer.concat(frames), size));
        let got = await client.next();
        if (got.opcode === TEXT) got = await client.next();
        assert.equal(got.opcode, CLOSE);
        assert.equal(got.payload.readUInt16BE(0), 1002);
        client.socket.destroy();
      }
    }
  });

  rule("8.1: texts of UTF-8, cut anywhere", async () => {
    const client = await open();
    for (const text of GOOD_TEXTS) {
      client.send(TEXT, text);
      await client.expect(TEXT, text);
      const payload = Buffer.from(text);
      for (const size of [1, 2, 3, 5]) {
        client.write(Buffer.concat(fragments(TEXT, chopped(payload, size))));
        await client.expect(TEXT, text);
      }
      if (payload.length > 200) continue;
      await client.writeSlowly(chopped(frame(TEXT, payload), 1));
      await client.expect(TEXT, text);
    }
    await client.finish();
  });

  rule("8.1: texts that are no UTF-8, whole", async () => {
    for (const [what, text] of [...BAD_TEXTS, ...CUT_TEXTS.map((text) => [text, text])]) {
      for (const before of [0, 40, 500]) {
        const client = await open();
        client.send(TEXT, Buffer.concat([Buffer.alloc(before, "x"), hex(text)]));
        await client.expectClose(1007).catch((error) => assert.fail(`${what}: ${error.message}`));
      }
    }
  });

  rule("8.1: a text fails at its first bad byte, before the rest is there", async () => {
    for (const [what, text, certain] of BAD_TEXTS) {
      const payload = hex(text);
      // One frame that goes on, and fragments of which the last has not begun.
      const whole = frame(TEXT, payload, { announced: payload.length + 100 });
      const head = whole.length - payload.length;
      const inOne = chopped(whole.subarray(0, head + certain), 1);
      const inFragments = chopped(payload.subarray(0, certain), 1).map((byte, i) =>
        frame(i === 0 ? TEXT : CONTINUATION, byte, { fin: false }));
      for (const pieces of [inOne, inFragments]) {
        const client = await open();
        await client.writeSlowly(pieces);
        await client.expectClose(1007).catch((error) => assert.fail(`${what}: ${error.message}`));
      }
    }
  });

  rule("8.1: a text whose last character is cut fails at its end, not before", async () => {
    for (const text of CUT_TEXTS) {
      const client = await open();
      client.send(TEXT, hex(text), { fin: false });
      client.send(PING, "still there");
      await client.expect(PONG, "still there");
      client.send(CONTINUATION, "");
      await client.expectClose(1007);
    }
  });

  rule("5.6: bytes may be anything", async () => {
    const client = await open();
    for (const [, text] of BAD_TEXTS) {
      client.write(Buffer.concat(fragments(BINARY, [hex(text), hex(text)])));
      await client.expect(BINARY, Buffer.concat([hex(text), hex(text)]));
    }
    await client.finish();
  });

  rule("5.5.1 and 7.4: Close frames with any code and reason that may be sent", async () => {
    const codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    for (const code of codes) {
      const client = await open();
      client.send(CLOSE, closing(code, "because"));
      assert.equal(await client.expectClose(code), "because");
    }
    for (const reason of ["", "x".repeat(123), "é".repeat(61), "😀"]) {
      const client = await open();
      client.send(CLOSE, closing(3333, reason));
      await client.expectClose(3333);
    }
    const client = await open();
    client.send(CLOSE);
    await client.expectClose(1005);
  });

  rule("7.4: codes that no peer may send", async () => {
    for (const code of [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]) {
      const client = await open();
      client.send(CLOSE, closing(code, "wrong"));
      await client.expectClose(1002);
    }
  });

  rule("5.5.1: Close frames with one byte, or a reason that is no UTF-8", async () => {
    const one = await open();
    one.send(CLOSE, "\u0003");
    await one.expectClose(1002);
    for (const [, text] of [...BAD_TEXTS, ...CUT_TEXTS.map((text) => [text, text])]) {
      const client = await open();
      client.send(CLOSE, closing(1000, hex(text)));
      await client.expectClose(1007);
    }
  });

  rule("5.5.1: nothing is answered behind a Close frame", async () => {
    for (const late of [frame(TEXT, "late"), frame(PING, "late"), frame(CLOSE, closing(1001)),
      Buffer.alloc(5000, 0xff), frame(BINARY, bytes(300_000))]) {
      const client = await open();
      client.write(Buffer.concat([frame(TEXT, "first"), frame(CLOSE, closing(4321)), late]));
      await client.expect(TEXT, "first");
      await client.expectClose(4321);
    }
  });

  rule("7.1.4: an end without a Close frame, at any place of a frame", async () => {
    const whole = Buffer.concat(fragments(TEXT, ["some", "text"]));
    for (let size = 0; size <= whole.length; size++) {
      const client = await open();
      client.write(whole.subarray(0, size));
      client.socket.end();
      let got = await client.next();
      if (size === whole.length) got = got?.opcode === TEXT ? await client.next() : got;
      assert.equal(got, null);
      client.socket.destroy();
    }
  });

  rule("7.4.1: messages beyond the limit end by 1009, as soon as that is certain", async () => {
    const wrong = [
      [frame(BINARY, "", { announced: MOST + 1 })],
      [frame(BINARY, "", { announced: 2 ** 53 - 1 })],
      [frame(BINARY, bytes(65536), { fin: false }), frame(CONTINUATION, "", { announced: MOST })],
      [...Array.from({ length: 4 }, (_, i) =>
        frame(i === 0 ? BINARY : CONTINUATION, Buffer.alloc(1 << 20), { fin: false })),
      frame(CONTINUATION, "x", { fin: false })],
    ];
    for (const frames of wrong) {
      const client = await open();
      client.write(Buffer.concat(frames));
      await client.expectClose(1009);
    }
    const client = await open();
    client.send(BINARY, Buffer.alloc(MOST, 5));
    await client.expect(BINARY, Buffer.alloc(MOST, 5));
    await client.finish();
  });
}
