/** Bun.hash(): hashes that are quick and keep no secret. */
import { crc32 as zlibCrc32 } from "node:zlib";

import { wrongType } from "../lib/wrong.js";

const MASK = (1n << 64n) - 1n;

/** The bytes that are hashed. */
function bytesOf(data) {
  if (typeof data === "string") return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return Buffer.from(data);
  if (data === undefined || data === null || data instanceof Blob) {
    throw wrongType("data must be a string, ArrayBuffer or ArrayBufferView");
  }
  return Buffer.from(String(data));
}

const seed64 = (seed) => BigInt.asUintN(64, BigInt(seed ?? 0));
const seed32 = (seed) => Number(BigInt.asUintN(32, BigInt(seed ?? 0)));

// -- wyhash, in its final version

const SECRETS = [
  0xa0761d6478bd642fn, 0xe7037ed1a0b428dbn, 0x8ebc6af09c88c6e3n, 0x589965cc75374cc3n,
];

function folded(a, b) {
  const product = a * b;
  return (product >> 64n) ^ (product & MASK);
}

function wyhash(data, given) {
  const bytes = bytesOf(data);
  const { length } = bytes;
  const seed = seed64(given);
  const begun = seed ^ folded(seed ^ SECRETS[0], SECRETS[1]);
  const [a, b, state] = length <= 16 ? short(bytes, begun) : long(bytes, begun);
  const product = (a ^ SECRETS[1]) * (b ^ state);
  return folded(
    (product & MASK) ^ SECRETS[0] ^ BigInt(length),
    (product >> 64n) ^ SECRETS[1],
  );
}

/** Two words that hold all of up to sixteen bytes, and the state. */
function short(bytes, state) {
  const { length } = bytes;
  if (length === 0) return [0n, 0n, state];
  if (length < 4) {
    const all = (bytes[0] << 16) | (bytes[length >> 1] << 8) | bytes[length - 1];
    return [BigInt(all), 0n, state];
  }
  const word = (at) => BigInt(bytes.readUInt32LE(at));
  const quarter = (length >> 3) << 2;
  const end = length - 4;
  return [(word(0) << 32n) | word(quarter), (word(end) << 32n) | word(end - quarter), state];
}

/** The last two words, and the state after what is before them. */
function long(bytes, begun) {
  const { length } = bytes;
  const word = (at) => bytes.readBigUInt64LE(at);
  const states = [begun, begun, begun];
  let at = 0;
  for (; at + 48 < length; at += 48) {
    for (let i = 0; i < 3; i++) {
      const place = at + 16 * i;
      states[i] = folded(word(place) ^ SECRETS[i + 1], word(place + 8) ^ states[i]);
    }
  }
  let state = at > 0 ? states[0] ^ states[1] ^ states[2] : begun;
  for (; at + 16 < length; at += 16) {
    state = folded(word(at) ^ SECRETS[1], word(at + 8) ^ state);
  }
  return [word(length - 16), word(length - 8), state];
}

// -- Sums

function crc32(data, seed) {
  return zlibCrc32(bytesOf(data), seed32(seed));
}

function adler32(data) {
  let [low, high] = [1, 0];
  for (const byte of bytesOf(data)) {
    low = (low + byte) % 65521;
    high = (high + low) % 65521;
  }
  return ((high << 16) | low) >>> 0;
}

// -- xxHash

const rotated = (value, by) => ((value << by) | (value >>> (32 - by))) >>> 0;
const times = (a, b) => Math.imul(a, b) >>> 0;
const [A, B, C, D, E] = [2654435761, 2246822519, 3266489917, 668265263, 374761393];

function xxHash32(data, given) {
  const bytes = bytesOf(data);
  const seed = seed32(given);
  let at = 0;
  let hash = (seed + E) >>> 0;
  if (bytes.length >= 16) {
    const lanes = [seed + A + B, seed + B, seed, seed - A].map((lane) => lane >>> 0);
    for (; at + 16 <= bytes.length; at += 16) {
      for (let lane = 0; lane < 4; lane++) {
        const word = bytes.readUInt32LE(at + 4 * lane);
        lanes[lane] = times(rotated((lanes[lane] + times(word, B)) >>> 0, 13), A);
      }
    }
    const [a, b, c, d] = lanes;
    hash = (rotated(a, 1) + rotated(b, 7) + rotated(c, 12) + rotated(d, 18)) >>> 0;
  }
  hash = (hash + bytes.length) >>> 0;
  for (; at + 4 <= bytes.length; at += 4) {
    hash = times(rotated((hash + times(bytes.readUInt32LE(at), C)) >>> 0, 17), D);
  }
  for (; at < bytes.length; at++) hash = times(rotated((hash + times(bytes[at], E)) >>> 0, 11), A);
  hash = times(hash ^ (hash >>> 15), B);
  hash = times(hash ^ (hash >>> 13), C);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const rotated64 = (value, by) => ((value << by) | (value >> (64n - by))) & MASK;
const times64 = (a, b) => (a * b) & MASK;
const [A64, B64, C64, D64, E64] = [
  0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n, 0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
];

const round64 = (lane, word) => times64(rotated64((lane + times64(word, B64)) & MASK, 31n), A64);

function xxHash64(data, given) {
  const bytes = bytesOf(data);
  const seed = seed64(given);
  let at = 0;
  let hash = (seed + E64) & MASK;
  if (bytes.length >= 32) {
    const lanes = [seed + A64 + B64, seed + B64, seed, seed - A64].map((it) => it & MASK);
    for (; at + 32 <= bytes.length; at += 32) {
      for (let lane = 0; lane < 4; lane++) {
        lanes[lane] = round64(lanes[lane], bytes.readBigUInt64LE(at + 8 * lane));
      }
    }
    const [a, b, c, d] = lanes;
    hash = rotated64(a, 1n) + rotated64(b, 7n) + rotated64(c, 12n) + rotated64(d, 18n);
    for (const lane of lanes) {
      hash = (times64(hash ^ round64(0n, lane), A64) + D64) & MASK;
    }
  }
  return finished64(bytes, at, (hash + BigInt(bytes.length)) & MASK);
}

function finished64(bytes, start, begun) {
  let [at, hash] = [start, begun];
  for (; at + 8 <= bytes.length; at += 8) {
    const word = round64(0n, bytes.readBigUInt64LE(at));
    hash = (times64(rotated64(hash ^ word, 27n), A64) + D64) & MASK;
  }
  if (at + 4 <= bytes.length) {
    const word = times64(BigInt(bytes.readUInt32LE(at)), A64);
    hash = (times64(rotated64(hash ^ word, 23n), B64) + C64) & MASK;
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash = times64(rotated64(hash ^ times64(BigInt(bytes[at]), E64), 11n), A64);
  }
  hash = times64(hash ^ (hash >> 33n), B64);
  hash = times64(hash ^ (hash >> 29n), C64);
  return hash ^ (hash >> 32n);
}

// -- MurmurHash

const M2 = 0x5bd1e995;

function murmur32v2(data, seed) {
  const bytes = bytesOf(data);
  let hash = (seed32(seed) ^ bytes.length) >>> 0;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    let word = times(bytes.readUInt32LE(at), M2);
    word = times(word ^ (word >>> 24), M2);
    hash = (times(hash, M2) ^ word) >>> 0;
  }
  const rest = bytes.length - at;
  if (rest > 0) hash = times(hash ^ bytes.readUIntLE(at, rest), M2);
  hash = times(hash ^ (hash >>> 13), M2);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function murmur32v3(data, seed) {
  const bytes = bytesOf(data);
  const scrambled = (word) => times(rotated(times(word, 0xcc9e2d51), 15), 0x1b873593);
  let hash = seed32(seed);
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    hash = rotated((hash ^ scrambled(bytes.readUInt32LE(at))) >>> 0, 13);
    hash = (times(hash, 5) + 0xe6546b64) >>> 0;
  }
  const rest = bytes.length - at;
  if (rest > 0) hash ^= scrambled(bytes.readUIntLE(at, rest));
  hash = (hash ^ bytes.length) >>> 0;
  hash = times(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = times(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const M64 = 0xc6a4a7935bd1e995n;

function murmur64v2(data, seed) {
  const bytes = bytesOf(data);
  let hash = seed64(seed) ^ times64(BigInt(bytes.length), M64);
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    let word = times64(bytes.readBigUInt64LE(at), M64);
    word = times64(word ^ (word >> 47n), M64);
    hash = times64(hash ^ word, M64);
  }
  let rest = 0n;
  for (let i = bytes.length - 1; i >= at; i--) rest = (rest << 8n) | BigInt(bytes[i]);
  if (at < bytes.length) hash = times64(hash ^ rest, M64);
  hash = times64(hash ^ (hash >> 47n), M64);
  return hash ^ (hash >> 47n);
}

const refused = (name) => () => {
  throw new Error(`Bun.hash.${name} is not part of bao yet`);
};

/** wyhash, a bigint. */
export function hash(data, seed) {
  return wyhash(data, seed);
}
Object.assign(hash, {
  wyhash,
  adler32,
  crc32,
  xxHash32,
  xxHash64,
  murmur32v2,
  murmur32v3,
  murmur64v2,
  cityHash32: refused("cityHash32"),
  cityHash64: refused("cityHash64"),
  xxHash3: refused("xxHash3"),
  rapidhash: refused("rapidhash"),
});
