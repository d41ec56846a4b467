/** Bun.CryptoHasher and the classes for one kind of hash each, over Node's crypto. */
import { createHash, createHmac, getHashes } from "node:crypto";

import { wrongType } from "../lib/wrong.js";

/** Bytes of each hash that Bun knows. */
const LENGTHS = {
  blake2b256: 32,
  blake2b512: 64,
  blake2s256: 32,
  md4: 16,
  md5: 16,
  ripemd160: 20,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  "sha512-224": 28,
  "sha512-256": 32,
  "sha3-224": 28,
  "sha3-256": 32,
  "sha3-384": 48,
  "sha3-512": 64,
  shake128: 16,
  shake256: 32,
};
const OTHER_NAMES = { "sha-1": "sha1", "sha-224": "sha224", "sha-256": "sha256" };
Object.assign(OTHER_NAMES, { "sha-384": "sha384", "sha-512": "sha512", rmd160: "ripemd160" });
/** Results are written into an array of the program's only if the longest fits. */
const MOST_BYTES = 64;

function algorithmOf(name) {
  const lower = String(name).toLowerCase();
  const algorithm = OTHER_NAMES[lower] ?? lower;
  if (Object.hasOwn(LENGTHS, algorithm) && isKnown(algorithm)) return algorithm;
  throw wrongType(`Unsupported algorithm ${name}`);
}

function isKnown(algorithm) {
  return getHashes().some((name) => name.toLowerCase() === algorithm);
}

/** shake's length is anybody's choice, and Node wants to be told of it. */
function newHash(algorithm) {
  const isShake = algorithm.startsWith("shake");
  return createHash(algorithm, isShake ? { outputLength: LENGTHS[algorithm] } : undefined);
}

/** What may be hashed; a Blob only if its content is here. */
function inputOf(data) {
  if (typeof data === "string") return data;
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data);
  throw wrongType("input must be a string, ArrayBuffer or ArrayBufferView");
}

function update(hash, data, encoding) {
  hash.update(inputOf(data), typeof data === "string" ? encoding : undefined);
}

/** As text, into an array of the program's, or as `Class`. */
function result(hash, how, Class) {
  if (typeof how === "string") return hash.digest(how);
  const bytes = hash.digest();
  if (how === undefined || how === null) {
    return Class === Buffer ? bytes : new Uint8Array(bytes);
  }
  if (!ArrayBuffer.isView(how)) throw wrongType("the encoding must be a string or a TypedArray");
  if (how.byteLength < MOST_BYTES) {
    throw wrongType(`TypedArray must be at least ${MOST_BYTES} bytes`);
  }
  new Uint8Array(how.buffer, how.byteOffset, how.byteLength).set(bytes);
  return how;
}

export class CryptoHasher {
  #algorithm;
  /** Null once a keyed hash was told. */
  #hash;
  #isKeyed;

  /** @param {unknown} [key] makes it an HMAC */
  constructor(algorithm, key) {
    this.#algorithm = algorithmOf(algorithm);
    this.#isKeyed = key !== undefined && key !== null;
    this.#hash = this.#isKeyed
      ? createHmac(this.#algorithm, inputOf(key))
      : newHash(this.#algorithm);
  }

  static get algorithms() {
    return Object.keys(LENGTHS).filter(isKnown);
  }

  static hash(algorithm, data, how) {
    const hash = newHash(algorithmOf(algorithm));
    update(hash, data);
    return result(hash, how, Buffer);
  }

  get algorithm() {
    return this.#algorithm;
  }

  get byteLength() {
    return LENGTHS[this.#algorithm];
  }

  update(data, encoding) {
    update(this.#live(), data, encoding);
    return this;
  }

  /** The hash; begins anew, unless it has a key. */
  digest(how) {
    const hash = this.#live();
    this.#hash = this.#isKeyed ? null : newHash(this.#algorithm);
    return result(hash, how, Buffer);
  }

  copy() {
    const hash = this.#live();
    if (this.#isKeyed) throw new Error("an HMAC cannot be copied");
    const copy = new CryptoHasher(this.#algorithm);
    copy.#hash = hash.copy();
    return copy;
  }

  get [Symbol.toStringTag]() {
    return "CryptoHasher";
  }

  #live() {
    if (this.#hash !== null) return this.#hash;
    throw new Error("HMAC has been consumed and is no longer usable");
  }
}

/** A class for one kind of hash, `new Bun.SHA256()`. */
function hasher(name, algorithm) {
  const Class = class {
    #hash = newHash(algorithm);
    #isTold = false;

    static byteLength = LENGTHS[algorithm];
    byteLength = LENGTHS[algorithm];

    static hash(data, how) {
      return new Class().update(data).digest(how);
    }

    update(data) {
      this.#refuseTold("update");
      update(this.#hash, data);
      return this;
    }

    digest(how) {
      this.#refuseTold("digest");
      this.#isTold = true;
      return result(this.#hash, how, Uint8Array);
    }

    #refuseTold(what) {
      if (!this.#isTold) return;
      const message = `${name} hasher already digested, create a new instance to ${what}`;
      throw Object.assign(new Error(message), { code: "ERR_INVALID_STATE" });
    }
  };
  Object.defineProperty(Class, "name", { value: name });
  return Class;
}

export const MD5 = hasher("MD5", "md5");
export const SHA1 = hasher("SHA1", "sha1");
export const SHA224 = hasher("SHA224", "sha224");
export const SHA256 = hasher("SHA256", "sha256");
export const SHA384 = hasher("SHA384", "sha384");
export const SHA512 = hasher("SHA512", "sha512");
export const SHA512_256 = hasher("SHA512_256", "sha512-256");

export function sha(data, how) {
  return SHA512_256.hash(data, how);
}
