/** The members of Bun that look at values and hash them. */
import assert from "node:assert/strict";
import test from "node:test";

import { programs, run } from "./programs.js";

/** As Bun 1.4.5 has them. */
const HASHES = `290873116282709081,1019145960556548909,17884904682611351274,7077612499900502782
0,907060870,644844494,2943384164
1,103547413,1336280981,2051483109
46947589,4211111929,833959940,400756875
17241709254077376921,2794345569481354659,9127029438818004983,3985758137895276467
0,3848350155,2531224572,1715430723
0,613153351,3456348433,2398069864
0,2191231550387646743,12610696184851470320,4244952588967599581
1019145960556548909n 10300339239919997966n 14116858161150473395n 3191799670
ERR_INVALID_ARG_TYPE
ERR_INVALID_ARG_TYPE
Bun.hash.cityHash64 is not part of bao yet`;

async function says(t, text, expected) {
  const { output, errors } = await run(programs(t, { "a.ts": text }), ["a.ts"]);
  assert.equal(errors, "");
  assert.equal(output, `${expected}\n`);
}

test("console.log shows values as Bun does", (t) =>
  says(
    t,
    `class A { x = [1, "two"]; get y() { return 1; } method() {} }
    const circle: any = { a: 1 }; circle.self = circle;
    console.log({ a: 1, "b-c": { d: { e: { f: 1 } } }, g: [], h: {}, i: () => {} }, "text", 5n);
    console.log(new A(), [new A()], circle);
    console.log([[1, 2], { a: 1 }, "it's"], [1, , 3], new Map([["k", { v: 1 }]]), new Set([1]));
    console.log(Array.from({ length: 103 }, (_, i) => i % 10));
    console.log([1, { a: 1 }], class B extends A {}, async function named() {}, [undefined, null, -0]);
    console.log(new Uint8Array(2), new ArrayBuffer(1), new Date(0), /a/g, Symbol("s"), Promise.resolve(), new Promise(() => {}));
    console.log("%s has %d and %j, 100%", "it", 5.5, { a: 1 }, [1]);
    console.log(new Headers({ A: "b" }), new URLSearchParams("a=1&a=2"), Response.json({}, { status: 201 }));
    console.log(new Request("http://a/", { method: "POST", body: "xyz" }), new Blob(["x"], { type: "a/b" }), Bun.file("a.ts"));
    console.log(Object.create(null), { [Symbol.for("nodejs.util.inspect.custom")]: () => "its own" });
    console.log(Bun.inspect("text"), Bun.inspect({ b: 1, a: [{}] }, { compact: true }), Bun.inspect({ b: 1, a: 2 }, { sorted: true }));
    console.log(Bun.inspect({ a: { b: { c: 1 } } }, { depth: 1 }), Bun.inspect.custom === Symbol.for("nodejs.util.inspect.custom"));
    console.log(Bun.inspect.table([{ a: 1, b: "x" }, { a: { c: 2 } }, 5]));
    console.log(console.write("written", new Uint8Array([10])));`,
    [
      `{\n  a: 1,\n  "b-c": {\n    d: {\n      e: [Object ...],\n    },\n  },\n  g: [],\n  h: {},\n  i: [Function: i],\n} text 5n`,
      `A {\n  x: [ 1, "two" ],\n  y: [Getter],\n  method: [Function: method],\n} [`,
      `  A {\n    x: [ 1, "two" ],\n    y: [Getter],\n    method: [Function: method],\n  }\n] {\n  a: 1,\n  self: [Circular],\n}`,
      `[\n  [ 1, 2 ], {\n    a: 1,\n  }, "it's"\n] [ 1, empty item, 3 ] Map(1) {\n  "k": {\n    v: 1,\n  },\n} Set(1) {\n  1,\n}`,
      ...["[", ...[0, 1, 2].map((row) => `  ${Array.from({ length: 27 }, (_, i) => (row * 27 + i) % 10).join(", ")},`)],
      `  ${Array.from({ length: 19 }, (_, i) => (81 + i) % 10).join(", ")},\n  ... 3 more items\n]`,
      `[ 1, {\n    a: 1,\n  } ] [class B extends A] [AsyncFunction: named] [ undefined, null, -0 ]`,
      `Uint8Array(2) [ 0, 0 ] ArrayBuffer(1) [ 0 ] 1970-01-01T00:00:00.000Z /a/g Symbol(s) Promise { <resolved> } Promise { <pending> }`,
      `it has 5 and {"a":1}, 100% [ 1 ]`,
      `Headers {\n  "a": "b",\n} URLSearchParams {\n  "a": [ "1", "2" ],\n} Response (2 bytes) {\n  ok: true,\n  url: "",\n  status: 201,\n  statusText: "",\n  headers: Headers {\n    "content-type": "application/json;charset=utf-8",\n  },\n  redirected: false,\n  bodyUsed: false,\n  Blob (2 bytes)\n}`,
      `Request (3 bytes) {\n  method: "POST",\n  url: "http://a/",\n  headers: Headers {\n    "content-type": "text/plain;charset=utf-8",\n  }\n  Blob (3 bytes)\n} Blob (1 bytes) {\n  type: "a/b"\n} FileRef ("a.ts") {\n  type: "text/javascript;charset=utf-8"\n}`,
      `[Object: null prototype] {} its own`,
      `"text" { b: 1, a: [ {} ] } {\n  a: 2,\n  b: 1,\n}`,
      `{\n  a: {\n    b: [Object ...],\n  },\n} true`,
      `┌───┬──────────┬───┬────────┐\n│   │ a        │ b │ Values │\n├───┼──────────┼───┼────────┤\n│ 0 │ 1        │ x │        │`,
      `│ 1 │ { c: 2 } │   │        │\n│ 2 │          │   │ 5      │\n└───┴──────────┴───┴────────┘\n`,
      `written\n8`,
    ].join("\n"),
  ));

test("hash: each kind, short and long, with a seed", (t) =>
  says(
    t,
    `const of = (name) => ["", "hello", "a".repeat(20), "a".repeat(100)].map((text) => Bun.hash[name](text)).join();
    for (const name of ["wyhash", "crc32", "adler32", "xxHash32", "xxHash64", "murmur32v2", "murmur32v3", "murmur64v2"])
      console.log(of(name));
    console.log(Bun.hash("hello"), Bun.hash("hello", 1234), Bun.hash(new Uint8Array([1, 2, 3])), Bun.hash.xxHash32("hello", 5n));
    for (const given of [undefined, null]) try { Bun.hash(given); } catch ({ code }) { console.log(code); }
    try { Bun.hash.cityHash64("a"); } catch ({ message }) { console.log(message); }`,
    HASHES,
  ));

test("peek looks at promises without waiting", (t) =>
  says(
    t,
    `import { peek } from "bun";
    const object = {}; const pending = new Promise(() => {}); const failed = Promise.reject(new Error("no"));
    console.log(peek(Promise.resolve(object)) === object, peek(pending) === pending, peek(failed).message, peek(7));
    console.log([undefined, null, NaN, -0, 5n, "text", Symbol.iterator, true].every((value) => Object.is(peek(Promise.resolve(value)), value)));
    console.log(peek.status(Promise.resolve()), peek.status(pending), peek.status(failed), peek.status(5));`,
    "true true no 7\ntrue\nfulfilled pending rejected fulfilled",
  ));

test("password: argon2 and bcrypt", (t) =>
  says(
    t,
    `const { hash, hashSync, verify, verifySync } = Bun.password;
    const small = [{ algorithm: "bcrypt", cost: 4 }, ...["argon2id", "argon2d", "argon2i"].map((algorithm) => ({ algorithm, memoryCost: 16, timeCost: 1 }))];
    for (const algorithm of small) for (const password of ["pw", "é".repeat(50)]) {
      const hashes = [await hash(password, algorithm), hashSync(password, algorithm)];
      console.log(hashes[0].slice(0, 7), hashes[0] !== hashes[1], await verify(password, hashes[1]), verifySync(password, hashes[0]),
        await verify(password + "x", hashes[0]), verifySync(password.slice(1), hashes[1]));
    }
    console.log((await hash("x")).replace(/[^$]{43}/g, "…"), await verify("", "x"), await verify("x", ""));
    console.log(await verify("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
      verifySync("password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"));
    const refused = [() => hash(""), () => hash(), () => hash("x", "md5"), () => hash("x", { algorithm: "bcrypt", cost: 3 }),
      () => hash("x", { algorithm: "argon2i", memoryCost: 1 }), () => verify("x"), () => verifySync("x", "none")];
    for (const call of refused) try { call(); } catch ({ code, message }) { console.log(code, message); }
    await verify("x", "none").catch(({ code }) => console.log(code));`,
    [
      ...["$2b$04$", "$argon2", "$argon2", "$argon2"].flatMap((head) =>
        Array(2).fill(`${head} true true true false false`),
      ),
      "$argon2id$v=19$m=65536,t=2,p=1$…$… false false",
      "true true",
      "ERR_INVALID_ARG_TYPE password must not be empty",
      "ERR_INVALID_ARG_TYPE password must be a string, ArrayBuffer or ArrayBufferView",
      'ERR_INVALID_ARG_TYPE unknown algorithm md5, expected one of: "bcrypt", "argon2id", "argon2d", "argon2i"',
      "ERR_INVALID_ARG_TYPE Rounds must be an integer between 4 and 31",
      "ERR_INVALID_ARG_TYPE Memory cost must be at least 8",
      "ERR_INVALID_ARG_TYPE hash must be a string, ArrayBuffer or ArrayBufferView",
      'PASSWORD_UNSUPPORTED_ALGORITHM Password verification failed with error "UnsupportedAlgorithm"',
      "PASSWORD_UNSUPPORTED_ALGORITHM",
    ].join("\n"),
  ));

test("password: hashes that cost too much or too little, and algorithms by name", (t) =>
  says(
    t,
    `const { hash, hashSync, verify, verifySync } = Bun.password;
    const of = (cost) => "$2b$" + cost + "$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe";
    const bcrypt = hashSync("x", { algorithm: "bcrypt", cost: 4 });
    const argon = hashSync("x", { algorithm: "argon2d", memoryCost: 8, timeCost: 1 });
    console.log((await hash("x", null)).slice(0, 9), verifySync("x", bcrypt, "bcrypt"), await verify("x", bcrypt, null),
      verifySync("x", argon, "argon2d"), await verify("x", argon, "bcrypt"));
    const told = ({ name, code }) => console.log(name, code);
    for (const cost of ["00", "03", "32", "99"]) await verify("x", of(cost)).catch(told);
    for (const call of [() => verifySync("x", of("99")), () => verifySync("x", bcrypt, "argon2id"), () => verifySync("x", "none", "bcrypt"),
      () => verify("x", bcrypt, "md5"), () => verify("x", bcrypt, {}), () => hash("x", {}), () => hash("x", { cost: 5 })]) try { call(); } catch (error) { told(error); }`,
    [
      "$argon2id true true true false",
      ...Array(5).fill("Error PASSWORD_WEAK_PARAMETERS"),
      ...Array(2).fill("Error PASSWORD_INVALID_ENCODING"),
      ...Array(4).fill("TypeError ERR_INVALID_ARG_TYPE"),
    ].join("\n"),
  ));

test("CSRF, ArrayBufferSink, stringWidth", (t) =>
  says(
    t,
    `import { CSRF, ArrayBufferSink, stringWidth } from "bun";
    const token = CSRF.generate("s");
    const altered = (token[0] === "A" ? "B" : "A") + token.slice(1);
    console.log(CSRF.verify(token, { secret: "s" }), CSRF.verify(token, { secret: "x" }), CSRF.verify(altered, { secret: "s" }), CSRF.verify("zz"), CSRF.verify(CSRF.generate()));
    console.log(CSRF.verify(CSRF.generate("s", { encoding: "hex", algorithm: "sha512" }), { secret: "s", encoding: "hex", algorithm: "sha512" }));
    for (const encoding of ["base64", "base64url", "hex"]) {
      const token = CSRF.generate("s", { encoding });
      console.log([token, token + "!", token + "zz", " " + token, token.slice(0, 9) + "\\n" + token.slice(9)]
        .map((token) => CSRF.verify(token, { secret: "s", encoding })).join());
    }
    const old = CSRF.generate("s", { expiresIn: 1 }); await Bun.sleep(5); console.log(CSRF.verify(old, { secret: "s" }), CSRF.verify(token, { secret: "s", maxAge: 1 }));
    for (const call of [() => CSRF.generate(""), () => CSRF.verify(""), () => CSRF.verify(), () => CSRF.generate("s", { encoding: "x" }),
      () => CSRF.generate("s", { algorithm: "x" }), () => CSRF.generate("s", { algorithm: "blake2b256" }), () => CSRF.generate("s", { expiresIn: -1 })]) try { call(); } catch ({ code }) { console.log(code); }
    const sink = new ArrayBufferSink(); sink.write("é"); console.log(sink.write(new Uint8Array([1])), sink.flush(), sink.end().byteLength, sink.end().byteLength);
    sink.start({ stream: true, asUint8Array: true }); sink.write("ab"); console.log(String(sink.flush()), sink.write(new ArrayBuffer(2)), String(sink.end()));
    console.log(["hello", "世界", "\\u001b[31mred\\u001b[0m", "👨‍👩‍👧", "e\\u0301", "👍🏽", "🇩🇪", "\\t\\n", "", "ｱ", "Ａ", "⚠️", "❤", "1️⃣", "한글", "\\u200b"].map((text) => stringWidth(text)).join());
    console.log(stringWidth("\\u001b[31mred\\u001b[0m", { countAnsiEscapeCodes: true }));`,
    [
      "true false false false true", "true",
      ...Array(3).fill("true,false,false,false,false"), "false false",
      ...Array(6).fill("ERR_INVALID_ARG_TYPE"), "ERR_OUT_OF_RANGE",
      "1 0 3 0", "97,98 2 0,0", "5,4,3,2,1,2,2,0,0,1,2,2,1,1,4,0", "10",
    ].join("\n"),
  ));
