/**
 * The option `tls`: checks kinds and reads files; what certificates and keys hold, the addon
 * checks. Every sentence names option, value and mend.
 */
import { shown } from "./shown.js";
import { wrongType } from "./wrong.js";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const fs = process.getBuiltinModule("node:fs");

/** Versions of TLS by their names, and by their numbers on the wire, as Bun takes them. */
const VERSIONS = new Map([
  ["TLSv1", 0x0301],
  ["TLSv1.1", 0x0302],
  ["TLSv1.2", 0x0303],
  ["TLSv1.3", 0x0304],
]);
const CONTENTS = "give PEM text as a string, bytes or a file, or an array of these";
const KEY_CONTENTS = "give 80 random bytes or a file that holds them, or an array of these";

/**
 * Null if nothing is to be served by TLS: there is no option, or it is empty, as in Bun.
 * @returns {{ entries: import("./native.js").TlsEntry[], find: Function | null } | null}
 */
export function tlsOf(value) {
  if (value === undefined || value === null || value === false) return null;
  if (typeof value !== "object") {
    const mend = "give an object with key and cert, or an array of such objects";
    throw wrongType(`Option tls is ${shown(value)}: ${mend} (TLSOptions must be an object)`);
  }
  const several = Array.isArray(value);
  const given = several ? value : [value];
  const entries = given.map((entry, i) => entryOf(entry, several ? `tls[${i}]` : "tls"));
  const find = given.find((entry) => entry.SNICallback)?.SNICallback ?? null;
  if (find === null && entries.every((entry) => Object.keys(entry).length === 1)) return null;
  return { entries, find };
}

/** Keys for session tickets; not as strings, because they are random bytes. */
export function ticketKeysOf(value) {
  const keys = Array.isArray(value) ? value : [value];
  if (keys.some((key) => typeof key === "string" || key?.pem !== undefined)) {
    // What it holds is a secret.
    throw new TypeError("Option ticketKeys is no bytes: " + KEY_CONTENTS);
  }
  return pemsOf(value, "ticketKeys", KEY_CONTENTS);
}

/** What a program's SNICallback has given, for `native.readCertificate`. */
export function certificateOf(value) {
  if (value === null || typeof value !== "object") {
    refuse("SNICallback's result", value, "give an object with key and cert, or null");
  }
  const option = "SNICallback's result";
  return withoutNothing({
    option,
    key: pemsOf(value.key, `${option}.key`),
    cert: pemsOf(value.cert, `${option}.cert`),
    passphrase: textOf(value.passphrase, `${option}.passphrase`),
  });
}

function entryOf(value, option) {
  if (value === null || typeof value !== "object") {
    refuse(option, value, "give an object with key and cert");
  }
  const at = (name) => `${option}.${name}`;
  const text = (name) => textOf(value[name], at(name));
  const flag = (name) => flagOf(value[name], at(name));
  checkProtocols(value.ALPNProtocols, at("ALPNProtocols"));
  checkSource(value.SNICallback, at("SNICallback"));
  const entry = withoutNothing({
    option,
    key: pemsOf(value.key, at("key")),
    cert: pemsOf(value.cert, at("cert")),
    ca: pemsOf(value.ca, at("ca")),
    crl: pemsOf(value.crl, at("crl")),
    passphrase: text("passphrase"),
    serverName: text("serverName") ?? text("servername"),
    requestCert: flag("requestCert"),
    rejectUnauthorized: flag("rejectUnauthorized"),
    lowMemoryMode: flag("lowMemoryMode"),
    ciphers: text("ciphers"),
    secureOptions: bitsOf(value.secureOptions, at("secureOptions")),
    minVersion: versionOf(value.minVersion, at("minVersion")),
    maxVersion: versionOf(value.maxVersion, at("maxVersion")),
    dhParams: dhParamsOf(value.dhParamsFile, at("dhParamsFile")),
  });
  // Bun's default is Mozilla's list, and Node has that.
  if (entry.requestCert && entry.ca === undefined) {
    // Loading this module takes longer than starting a server.
    const { rootCertificates } = process.getBuiltinModule("node:tls");
    entry.roots = [{ text: rootCertificates.join("\n"), option: at("ca") }];
  }
  return entry;
}

function withoutNothing(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

function pemsOf(value, option, contents = CONTENTS) {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return [pemOf(value, option, contents)];
  const pems = value.map((one, i) => pemOf(one, `${option}[${i}]`, contents));
  return pems.length === 0 ? undefined : pems;
}

/** One text: a string, bytes, a file, or Node's { pem, passphrase }. */
function pemOf(value, option, contents) {
  if (typeof value === "string") return { text: value, option };
  const bytes = bytesOf(value);
  if (bytes !== null) return { text: bytes, option };
  if (value === null || typeof value !== "object") refuse(option, value, contents);
  if (value.pem !== undefined) {
    const passphrase = textOf(value.passphrase, `${option}.passphrase`);
    return withoutNothing({ ...pemOf(value.pem, option, contents), passphrase });
  }
  if (typeof value.arrayBuffer !== "function") refuse(option, value, contents);
  return { text: readFile(value, option), option };
}

function bytesOf(value) {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  const isBuffer = value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
  return isBuffer ? new Uint8Array(value).slice() : null;
}

/** A file as file() gives it, or any Blob that tells its path; serve() cannot wait for others. */
function readFile(file, option) {
  const place = file._path ?? (file._fd >= 0 ? file._fd : file.name);
  if (typeof place !== "string" && typeof place !== "number") {
    refuse(option, "a Blob in memory", "give its contents, await blob.bytes()");
  }
  const bytes = read(place, option);
  const begin = file._begin ?? 0;
  return begin === 0 && (file._end ?? Infinity) === Infinity
    ? bytes
    : bytes.subarray(begin, file._end);
}

function read(place, option) {
  try {
    return new Uint8Array(fs.readFileSync(place));
  } catch (cause) {
    const error = new TypeError(
      `Option ${option} is the file ${shown(place)}, which cannot be read (${cause.code}): give ` +
        "the path of a file that this process may read",
      { cause },
    );
    error.code = cause.code;
    throw error;
  }
}

function dhParamsOf(value, option) {
  const path = textOf(value, option);
  return path === undefined ? undefined : { text: read(path, option), option };
}

function textOf(value, option) {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") refuse(option, value, "give a string");
  return value;
}

function flagOf(value, option) {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") refuse(option, value, "give true or false");
  return value;
}

function bitsOf(value, option) {
  if (value === undefined || value === null || value === 0) return undefined;
  if (!Number.isSafeInteger(value) || value < 0) {
    refuse(option, value, "give a sum of the constants SSL_OP_… of node:crypto");
  }
  return value;
}

function versionOf(value, option) {
  if (value === undefined || value === null) return undefined;
  const number = typeof value === "string" ? VERSIONS.get(value) : value;
  if ([...VERSIONS.values()].includes(number)) return number;
  refuse(option, value, 'give "TLSv1.2" or "TLSv1.3"');
}

/** The list may be of all that a program knows; HTTP/1 is what is spoken. */
function checkProtocols(value, option) {
  if (value === undefined || value === null) return;
  const bytes = typeof value === "object" ? bytesOf(value) : null;
  let names = null;
  if (typeof value === "string") names = value.split(",").map((name) => name.trim());
  else if (Array.isArray(value)) names = value.map(String);
  else if (bytes !== null) names = namesIn(bytes);
  if (names === null) refuse(option, value, 'give a list like "http/1.1", or leave it out');
  if (names.includes("http/1.1")) return;
  refuse(option, names.join(","), 'this server speaks "http/1.1", leave it out or name that, too');
}

/** Names with their lengths before them (RFC 7301 section 3.1), or plain text. */
function namesIn(bytes) {
  const names = [];
  for (let at = 0; at < bytes.length; at += bytes[at] + 1) {
    names.push(Buffer.from(bytes.subarray(at + 1, at + 1 + bytes[at])).toString("latin1"));
  }
  return [...names, Buffer.from(bytes).toString("latin1")];
}

function checkSource(value, option) {
  if (value === undefined || value === null || typeof value === "function") return;
  refuse(option, value, "give a function that takes a server name, or leave it out");
}

function refuse(option, value, mend) {
  const given = value === "a Blob in memory" ? value : shown(value);
  throw new TypeError(`Option ${option} is ${given}: ${mend}`);
}
