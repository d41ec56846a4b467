/**
 * bcrypt (N. Provos, D. Mazières: A Future-Adaptable Password Scheme, 1999), which Node's OpenSSL
 * does not have.
 */

const ROUNDS = 16;
const SUBKEYS = ROUNDS + 2;
const BOXES = 4 * 256;
const DIGITS = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const TEXT = Buffer.from("OrpheanBeholderScryDoubt");
const LONGEST_KEY = 72;

/** Blowfish begins with the digits of pi behind the point, 32 bits a word. */
let beginning = null;

function digitsOfPi() {
  const count = SUBKEYS + BOXES;
  const spare = 64n;
  const one = 1n << (BigInt(32 * count) + spare);
  const arctangentOfOneIn = (x) => {
    const square = x * x;
    let term = one / x;
    let sum = term;
    for (let divisor = 3n, sign = -1n; term > 0n; divisor += 2n, sign = -sign) {
      term /= square;
      sum += (sign * term) / divisor;
    }
    return sum;
  };
  // Machin's formula.
  const pi = 4n * (4n * arctangentOfOneIn(5n) - arctangentOfOneIn(239n));
  const hex = ((pi - 3n * one) >> spare).toString(16).padStart(8 * count, "0");
  return Uint32Array.from({ length: count }, (_, i) => parseInt(hex.slice(8 * i, 8 * i + 8), 16));
}

/** The subkeys and boxes of Blowfish, as words. */
class State {
  constructor() {
    beginning ??= digitsOfPi();
    this.keys = Int32Array.from(beginning.subarray(0, SUBKEYS));
    this.boxes = Int32Array.from(beginning.subarray(SUBKEYS));
  }

  /** Encrypts two words where they are. */
  encrypt(words, at) {
    const { keys, boxes } = this;
    let left = words[at] ^ keys[0];
    let right = words[at + 1];
    for (let i = 1; i <= ROUNDS; i += 2) {
      right ^= mix(boxes, left) ^ keys[i];
      left ^= mix(boxes, right) ^ keys[i + 1];
    }
    words[at] = right ^ keys[ROUNDS + 1];
    words[at + 1] = left;
  }

  /** `key` and `salt` as words, gone through again and again; the salt may be null. */
  expand(key, salt) {
    const { keys, boxes } = this;
    for (let i = 0; i < SUBKEYS; i++) keys[i] ^= key[i % key.length];
    const block = new Int32Array(2);
    let from = 0;
    for (const words of [keys, boxes]) {
      for (let i = 0; i < words.length; i += 2) {
        if (salt !== null) {
          block[0] ^= salt[from];
          block[1] ^= salt[from + 1];
          from = (from + 2) % salt.length;
        }
        this.encrypt(block, 0);
        words[i] = block[0];
        words[i + 1] = block[1];
      }
    }
  }
}

function mix(boxes, word) {
  const sum = (boxes[word >>> 24] + boxes[256 | ((word >>> 16) & 0xff)]) | 0;
  return ((sum ^ boxes[512 | ((word >>> 8) & 0xff)]) + boxes[768 | (word & 0xff)]) | 0;
}

/** The bytes again and again, as eighteen words. */
function wordsOf(bytes, count = SUBKEYS) {
  const byte = (i) => bytes[i % bytes.length];
  return Int32Array.from(
    { length: count },
    (_, i) =>
      (byte(4 * i) << 24) | (byte(4 * i + 1) << 16) | (byte(4 * i + 2) << 8) | byte(4 * i + 3),
  );
}

/**
 * Does the work in steps: `next` until it is done gives the 23 bytes of the hash, and others may
 * have their turn between.
 */
export function* steps(password, salt, cost) {
  const key = wordsOf(Buffer.concat([password, Buffer.alloc(1)]).subarray(0, LONGEST_KEY));
  const state = new State();
  state.expand(key, wordsOf(salt, 4));
  const salted = wordsOf(salt);
  for (let i = 0; i < 2 ** cost; i++) {
    state.expand(key, null);
    state.expand(salted, null);
    yield;
  }
  const words = wordsOf(TEXT, TEXT.length / 4);
  for (let i = 0; i < 64; i++) {
    for (let at = 0; at < words.length; at += 2) state.encrypt(words, at);
  }
  const hash = Buffer.alloc(TEXT.length);
  words.forEach((word, i) => hash.writeInt32BE(word, 4 * i));
  return hash.subarray(0, -1);
}

/** Base64 with digits and an order of its own. */
export function encode(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const three = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const digits = Math.min(3, bytes.length - at) + 1;
    for (let i = 0; i < digits; i++) text += DIGITS[(three >>> (18 - 6 * i)) & 63];
  }
  return text;
}

/** @param {string} text of bcrypt's digits only */
export function decode(text) {
  const bytes = [];
  let [bits, held] = [0, 0];
  for (const digit of text) {
    held = ((held << 6) | DIGITS.indexOf(digit)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >>> bits) & 0xff);
  }
  return Buffer.from(bytes);
}
