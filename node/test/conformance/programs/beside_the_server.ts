// What Bun has beside its server, over libraries that every platform has.
import { call, fact, outcome, outcomeOf } from "./say";

const hex = (bytes: any) => [bytes.constructor.name, Buffer.from(bytes).toString("hex")];
const told = (name: string, action: () => unknown) => fact(name, outcome(action));
const toldLater = async (name: string, action: () => unknown) =>
  fact(name, await outcomeOf(action));

const text = "hello hello hello";
told("deflateSync", () => hex(Bun.deflateSync(text)));
told("inflateSync", () => hex(Bun.inflateSync(Bun.deflateSync(text))));
told("gzipSync", () => hex(Bun.gunzipSync(Bun.gzipSync(Buffer.from(text), { level: 9 }))));
told("gzipSync: ArrayBuffer", () => hex(Bun.gunzipSync(Bun.gzipSync(new Uint8Array([1]).buffer))));
told("gzipSync: a number", () => Bun.gzipSync(3 as any));
told("gunzipSync: nonsense", () => Bun.gunzipSync("nonsense"));
told("zstd", () => hex(Bun.zstdDecompressSync(Bun.zstdCompressSync(text, { level: 3 }))));
await toldLater("zstd later", async () =>
  hex(await Bun.zstdDecompress(await Bun.zstdCompress(text))),
);

told("CryptoHasher", () => {
  const hasher = new Bun.CryptoHasher("sha256");
  const chained = hasher.update("a") === hasher;
  const copy = hasher.copy().update(new Uint8Array(2)).digest("hex");
  const kind = hasher.digest().constructor.name;
  return [chained, copy, kind, hasher.algorithm, hasher.byteLength, String(hasher)];
});
told("CryptoHasher: begins anew", () => {
  const hasher = new Bun.CryptoHasher("sha1").update("a");
  return [hasher.digest("hex"), hasher.update("b").digest("hex")];
});
told("CryptoHasher: with a key", () =>
  new Bun.CryptoHasher("sha256", "key").update("a").digest("base64"),
);
told("CryptoHasher: with a key, again", () => {
  const hasher = new Bun.CryptoHasher("sha256", "key");
  hasher.digest();
  return hasher.update("a");
});
told("CryptoHasher.hash", () => Bun.CryptoHasher.hash("md5", "a", "hex"));
told("CryptoHasher.hash: bytes", () =>
  hex(Bun.CryptoHasher.hash("sha1", new Uint8Array(1).buffer)),
);
told("CryptoHasher: unknown", () => new Bun.CryptoHasher("none" as any));
told("CryptoHasher: encoding", () =>
  new Bun.CryptoHasher("sha1").update("61", "hex").digest("hex"),
);
told("CryptoHasher: a number", () => new Bun.CryptoHasher("sha1").update(3 as any));
told("CryptoHasher: a small array", () => new Bun.CryptoHasher("sha1").digest(new Uint8Array(3)));
for (const name of [
  "sha512-224",
  "sha512-256",
  "sha3-256",
  "shake128",
  "ripemd160",
  "blake2b512",
] as const)
  told(name, () => Bun.CryptoHasher.hash(name, "a", "hex"));
for (const name of ["MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA512_256"] as const) {
  told(name, () => [
    Bun[name].byteLength,
    Bun[name].hash("a", "hex"),
    hex(new Bun[name]().update("a").digest()),
  ]);
}
told("SHA1: twice", () => {
  const hasher = new Bun.SHA1();
  hasher.digest();
  return hasher.digest();
});
told("sha", () => Bun.sha("a", "hex"));

const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
told("randomUUIDv7", () => [
  SHAPE.test(Bun.randomUUIDv7()),
  Bun.randomUUIDv7("hex", 1000).slice(0, 14),
  Bun.randomUUIDv7("buffer").constructor.name,
  Bun.randomUUIDv7("base64").length,
  Bun.randomUUIDv7("base64url").length,
]);
told("randomUUIDv7: order", () => {
  const made = Array.from({ length: 1000 }, () => Bun.randomUUIDv7());
  return made.join() === made.toSorted().join() && new Set(made).size === 1000;
});
told("randomUUIDv7: encoding", () => Bun.randomUUIDv7("none" as any));
told("randomUUIDv5", () => [
  Bun.randomUUIDv5("www.example.com", "dns"),
  Bun.randomUUIDv5("x", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
  hex(Bun.randomUUIDv5("x", "url", "buffer")),
]);
told("randomUUIDv5: namespace", () => Bun.randomUUIDv5("x", "none"));

class One {
  x = 1;
}
const symbol = Symbol();
const circle = () => Object.assign({} as any, { a: 1 });
const [first, second] = [circle(), circle()];
first.self = first;
second.self = second;
const pairs: Record<string, [unknown, unknown]> = {
  "equal numbers": [1, 1],
  NaN: [NaN, NaN],
  "zero and its negative": [0, -0],
  "equal members": [{ a: { b: [1] } }, { a: { b: [1] } }],
  "an undefined member": [{ a: 1 }, { a: 1, b: undefined }],
  "an undefined element at the end": [[1, undefined], [1]],
  "a hole": [
    [, 1],
    [undefined, 1],
  ],
  "another class": [new One(), { x: 1 }],
  "equal maps": [new Map([[1, { a: 1 }]]), new Map([[1, { a: 1 }]])],
  "maps of equal keys": [new Map([[{ k: 1 }, 1]]), new Map([[{ k: 1 }, 1]])],
  "maps of other keys": [new Map([["a", undefined]]), new Map([["b", undefined]])],
  "equal sets": [new Set([1, { a: 2 }]), new Set([{ a: 2 }, 1])],
  "other sets": [new Set([1]), new Set([2])],
  "equal dates": [new Date(1), new Date(1)],
  "other dates": [new Date(1), new Date(2)],
  "other flags": [/a/g, /a/i],
  "equal bytes": [new Uint8Array([1]), new Uint8Array([1])],
  "other arrays": [new Uint8Array([1]), new Uint16Array([1])],
  "equal errors": [new Error("a"), new Error("a")],
  "other errors": [new Error("a"), new Error("b")],
  symbols: [{ [symbol]: 1 }, { [symbol]: 1 }],
  "a symbol": [{ [symbol]: 1 }, {}],
  circles: [first, second],
  "null and undefined": [null, undefined],
  "an object and a list": [{}, []],
  functions: [() => 1, () => 1],
  "a list and what looks like it": [[1], { 0: 1, length: 1 }],
};
for (const [name, [one, other]] of Object.entries(pairs)) {
  told(`deepEquals: ${name}`, () => [Bun.deepEquals(one, other), Bun.deepEquals(one, other, true)]);
}
told("deepEquals: one value", () => (Bun.deepEquals as any)(1));
const matches: Record<string, [any, any]> = {
  more: [{ a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 }],
  less: [{ a: 1 }, {}],
  another: [{ a: 1 }, { a: 2 }],
  list: [{ a: [{ b: 1 }] }, { a: [{ b: 1, c: 2 }] }],
  "longer list": [[1], [1, 2]],
  "undefined and missing": [{ a: undefined }, {}],
};
for (const [name, [one, other]] of Object.entries(matches)) {
  told(`deepMatch: ${name}`, () => Bun.deepMatch(one, other));
}
told("deepMatch: numbers", () => Bun.deepMatch(1 as any, 1 as any));

told("concatArrayBuffers", () => [
  hex(Bun.concatArrayBuffers([new Uint8Array([1]), new Uint8Array([2]).buffer])),
  hex(Bun.concatArrayBuffers([new Uint8Array(5)], 3, true)),
]);
told("indexOfLine", () =>
  ["a\nb\n", "a"].map((line) => (Bun as any).indexOfLine(Buffer.from(line), 0)),
);
const PART = '--x\r\nContent-Disposition: form-data; name="n"\r\n\r\nv\r\n--x--\r\n';
const body = (content: string) => new Response(content).body!;
await toldLater("readableStreamTo…", async () => [
  await Bun.readableStreamToText(body("text")),
  await Bun.readableStreamToJSON(body("[1]")),
  hex(await Bun.readableStreamToBytes(body("a"))),
  hex(await Bun.readableStreamToArrayBuffer(body("a"))),
  (await Bun.readableStreamToBlob(body("abc"))).size,
  (await Bun.readableStreamToArray(body("abc"))).length,
  [...(await Bun.readableStreamToFormData(body("a=1&b=2")))],
  [...(await Bun.readableStreamToFormData(body(PART), "x"))],
]);
call("ready", {});
