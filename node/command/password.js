/** Bun.password: hashes of passwords, by argon2 or bcrypt. */
import crypto from "node:crypto";
import { setImmediate } from "node:timers/promises";

import { wrongType } from "../lib/wrong.js";
import { decode, encode, steps } from "./bcrypt.js";

const ARGON = ["argon2id", "argon2d", "argon2i"];
const NAMES = ["bcrypt", ...ARGON];
const BCRYPT = /^\$2[abxy]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;
const ARGON_HASH =
  /^\$(argon2(?:id|d|i))\$v=19\$m=(\d+),t=(\d+)(?:,p=(\d+))\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
/** Milliseconds of work until others have their turn. */
const TURN = 8;
/** Of the cost of bcrypt. Each step doubles the work, so what is beyond would never end. */
const LEAST_COST = 4;
const MOST_COST = 31;
/** bcrypt looks at no more. */
const LONGEST = 72;

function bytesOf(value, name) {
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return Buffer.from(value);
  if (value === undefined || value === null) {
    throw wrongType(`${name} must be a string, ArrayBuffer or ArrayBufferView`);
  }
  return Buffer.from(String(value));
}

function whole(value, usual, least, most, sentence) {
  if (value === undefined) return usual;
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw wrongType(sentence);
}

/** @param {string} algorithm one that we know, or this throws */
function known(algorithm) {
  if (NAMES.includes(algorithm)) return algorithm;
  const names = NAMES.map((one) => JSON.stringify(one)).join(", ");
  throw wrongType(`unknown algorithm ${String(algorithm)}, expected one of: ${names}`);
}

/** What is asked for, with the usual settings. */
function settingsOf(algorithm) {
  const asked = algorithm ?? "argon2id";
  const given = typeof asked === "object" ? asked : { algorithm: asked };
  const { algorithm: name, cost, memoryCost, timeCost } = given;
  if (known(name) === "bcrypt") {
    const sentence = `Rounds must be an integer between ${LEAST_COST} and ${MOST_COST}`;
    return { name, cost: whole(cost, 10, LEAST_COST, MOST_COST, sentence) };
  }
  const memory = whole(memoryCost, 65536, 8, 2 ** 32 - 1, "Memory cost must be at least 8");
  const passes = whole(timeCost, 2, 1, 2 ** 32 - 1, "Time cost must be greater than 0");
  return { name, memory, passes, lanes: 1 };
}

function hashedPassword(password) {
  const bytes = bytesOf(password, "password");
  if (bytes.length === 0) throw wrongType("password must not be empty");
  return bytes;
}

// -- argon2 (RFC 9106)

function argonOptions({ memory, passes, lanes }, message, nonce, tagLength) {
  if (crypto.argon2 === undefined) {
    throw new Error("Bun.password with argon2 needs Node 24.7 or later; bcrypt needs no other Node");
  }
  return { message, nonce, memory, passes, parallelism: lanes, tagLength };
}

function argonText({ name, memory, passes, lanes }, nonce, tag) {
  const bare = (bytes) => bytes.toString("base64").replace(/=+$/, "");
  return `$${name}$v=19$m=${memory},t=${passes},p=${lanes}$${bare(nonce)}$${bare(tag)}`;
}

function argon(settings, options) {
  return new Promise((resolve, reject) => {
    crypto.argon2(settings.name, options, (error, tag) => (error ? reject(error) : resolve(tag)));
  });
}

// -- bcrypt

/** As in Bun, of what would be cut off the hash is taken. */
function bcryptKey(password) {
  if (password.length <= LONGEST) return password;
  return crypto.createHash("sha512").update(password).digest();
}

function bcryptNow(password, salt, cost) {
  const work = steps(bcryptKey(password), salt, cost);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

async function bcryptLater(password, salt, cost) {
  const work = steps(bcryptKey(password), salt, cost);
  for (;;) {
    const end = performance.now() + TURN;
    do {
      const { done, value } = work.next();
      if (done) return value;
    } while (performance.now() < end);
    await setImmediate();
  }
}

function bcryptText(cost, salt, hash) {
  return `$2b$${String(cost).padStart(2, "0")}$${encode(salt)}${encode(hash)}`;
}

// -- Both

/** What is wrong with the arguments is thrown at once, as under Bun. */
function hash(password, algorithm) {
  return hashLater(hashedPassword(password), settingsOf(algorithm));
}

async function hashLater(bytes, settings) {
  if (settings.name === "bcrypt") {
    const salt = crypto.randomBytes(16);
    return bcryptText(settings.cost, salt, await bcryptLater(bytes, salt, settings.cost));
  }
  const nonce = crypto.randomBytes(32);
  return argonText(settings, nonce, await argon(settings, argonOptions(settings, bytes, nonce, 32)));
}

function hashSync(password, algorithm) {
  const bytes = hashedPassword(password);
  const settings = settingsOf(algorithm);
  if (settings.name === "bcrypt") {
    const salt = crypto.randomBytes(16);
    return bcryptText(settings.cost, salt, bcryptNow(bytes, salt, settings.cost));
  }
  const nonce = crypto.randomBytes(32);
  const options = argonOptions(settings, bytes, nonce, 32);
  return argonText(settings, nonce, crypto.argon2Sync(settings.name, options));
}

/** What a hash says of itself; null if the answer is no. */
function readHash(bytes, hash, algorithm) {
  if (bytes.length === 0 || hash === "") return null;
  const bcrypt = BCRYPT.exec(hash);
  if (bcrypt && (algorithm ?? "bcrypt") === "bcrypt") return readBcrypt(bytes, bcrypt);
  const found = ARGON_HASH.exec(hash);
  // As in Bun, to which every argon2 is good for all.
  if (found && algorithm === "bcrypt") return null;
  if (found === null) {
    throw algorithm === undefined
      ? failed("UnsupportedAlgorithm", "UNSUPPORTED_ALGORITHM")
      : failed("InvalidEncoding", "INVALID_ENCODING");
  }
  return readArgon(bytes, found);
}

function readBcrypt(bytes, [, digits, salt, expected]) {
  const cost = Number(digits);
  if (cost < LEAST_COST || cost > MOST_COST) throw failed("WeakParameters", "WEAK_PARAMETERS");
  return { bytes, cost, salt: decode(salt), expected: decode(expected) };
}

function readArgon(bytes, [, name, memory, passes, lanes, salt, tag]) {
  const settings = {
    name,
    memory: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
  };
  const expected = Buffer.from(tag, "base64");
  const nonce = Buffer.from(salt, "base64");
  const options = argonOptions(settings, bytes, nonce, expected.length);
  return { settings, options, expected };
}

function failed(why, code) {
  const message = `Password verification failed with error "${why}"`;
  return Object.assign(new Error(message), { code: `PASSWORD_${code}` });
}

/** What both kinds of verify are given. */
function verified(password, text, algorithm) {
  const given = [bytesOf(password, "password"), bytesOf(text, "hash").toString()];
  if (algorithm === undefined || algorithm === null) return given;
  if (typeof algorithm !== "string") throw wrongType("algorithm must be a string");
  return [...given, known(algorithm)];
}

function verify(password, text, algorithm) {
  return verifyLater(...verified(password, text, algorithm));
}

async function verifyLater(...given) {
  const read = readHash(...given);
  if (read === null) return false;
  const { settings, options, bytes, salt, cost, expected } = read;
  const found = settings ? await argon(settings, options) : await bcryptLater(bytes, salt, cost);
  return crypto.timingSafeEqual(found, expected);
}

function verifySync(password, text, algorithm) {
  const read = readHash(...verified(password, text, algorithm));
  if (read === null) return false;
  const { settings, options, bytes, salt, cost, expected } = read;
  const found = settings
    ? crypto.argon2Sync(settings.name, options)
    : bcryptNow(bytes, salt, cost);
  return crypto.timingSafeEqual(found, expected);
}

export const password = { hash, hashSync, verify, verifySync };
