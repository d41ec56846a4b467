/**
 * Bun.CSRF: tokens that show that a form came from the server's own page. A token is when it was
 * made, chance, how long it is good, and an HMAC of these.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

import { wrongType } from "../lib/wrong.js";

const ENCODINGS = ["base64", "base64url", "hex"];
const ALGORITHMS = ["blake2b512", "sha256", "sha384", "sha512", "sha512-256"];
const DAY = 24 * 60 * 60 * 1000;
/** The bytes before the HMAC. */
const HEAD = 32;

/** For tokens of this process only. */
let ownSecret = null;

function secretOf(given) {
  if (given === undefined) return (ownSecret ??= randomBytes(32));
  if (typeof given !== "string" || given === "") {
    throw wrongType("Secret must be a non-empty string");
  }
  return given;
}

function encodingOf(given = "base64url") {
  if (ENCODINGS.includes(given)) return given;
  throw wrongType("Invalid format: must be 'base64', 'base64url', or 'hex'");
}

function hmac(algorithm = "sha256", secret, head) {
  if (!ALGORITHMS.includes(algorithm)) throw wrongType("Algorithm not supported");
  return createHmac(algorithm, secret).update(head).digest();
}

/** Milliseconds. */
function timeOf(value, name, usual) {
  if (value === undefined) return usual;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  const range = `>= 0 && <= ${Number.MAX_SAFE_INTEGER}`;
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${value}`;
  throw Object.assign(new RangeError(message), { code: "ERR_OUT_OF_RANGE" });
}

/** A token; without a secret it is good in this process only. */
function generate(secret, { expiresIn, encoding, algorithm } = {}) {
  const key = secretOf(secret);
  const form = encodingOf(encoding);
  const head = Buffer.alloc(HEAD);
  head.writeBigUInt64BE(BigInt(Date.now()), 0);
  randomBytes(16).copy(head, 8);
  head.writeBigUInt64BE(BigInt(timeOf(expiresIn, "CSRFGenerateOptions.expiresIn", DAY)), 24);
  return Buffer.concat([head, hmac(algorithm, key, head)]).toString(form);
}

/** Whether a token was made with the secret, and is still good. */
function verify(token, { secret, encoding, algorithm, maxAge } = {}) {
  if (typeof token !== "string") throw wrongType("token must be a string");
  if (token === "") throw wrongType("Token must be a non-empty string");
  const key = secretOf(secret);
  const most = timeOf(maxAge, "CSRFVerifyOptions.maxAge", DAY);
  const form = encodingOf(encoding);
  const bytes = Buffer.from(token, form);
  // What stands between or behind is passed over, so one token would be good in many forms.
  if (bytes.toString(form) !== token) return false;
  const head = bytes.subarray(0, HEAD);
  if (head.length < HEAD) return false;
  const expected = hmac(algorithm, key, head);
  const found = bytes.subarray(HEAD);
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) return false;
  const age = Date.now() - Number(head.readBigUInt64BE(0));
  const expiresIn = Number(head.readBigUInt64BE(24));
  return age <= most && (expiresIn === 0 || age <= expiresIn);
}

export const CSRF = { generate, verify };
