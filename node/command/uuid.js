/** Bun.randomUUIDv7() and Bun.randomUUIDv5(), RFC 9562. */
import { createHash, randomFillSync, randomInt } from "node:crypto";

/** Of RFC 9562, section 6.6. */
const NAMESPACES = {
  dns: "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
  url: "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
  oid: "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
  x500: "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
};
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** What the last UUID of version 7 was made of, so that the next one sorts behind it. */
let last = { time: -1, counter: 0 };

/** Sorts by time; those of one millisecond in the order in which they were made. */
export function randomUUIDv7(encoding = "hex", timestamp = Date.now()) {
  const time = Math.trunc(Number(timestamp));
  checkEncoding(encoding);
  if (!(time >= 0 && time < 2 ** 48)) {
    throw Object.assign(new RangeError(`Bun.randomUUIDv7: ${String(timestamp)} is no time`), {
      code: "ERR_OUT_OF_RANGE",
    });
  }
  // Section 6.2, method 1: twelve bits are a counter that begins anew in each millisecond, low
  // enough that it has room.
  const counter = time === last.time ? (last.counter + 1) & 0xfff : randomInt(0x800);
  last = { time, counter };
  const bytes = randomFillSync(Buffer.allocUnsafeSlow(16), 8);
  bytes.writeUIntBE(time, 0, 6);
  bytes.writeUInt16BE(counter, 6);
  return written(bytes, 7, encoding);
}

/** The same for the same name. `namespace`: dns, url, oid, x500, or a UUID. */
export function randomUUIDv5(name, namespace, encoding = "hex") {
  checkEncoding(encoding);
  const hash = createHash("sha1").update(namespaceOf(namespace)).update(name).digest();
  return written(Buffer.from(hash.subarray(0, 16)), 5, encoding);
}

function namespaceOf(namespace) {
  if (ArrayBuffer.isView(namespace) && namespace.byteLength === 16) return namespace;
  const uuid = NAMESPACES[namespace] ?? String(namespace);
  if (UUID.test(uuid)) return Buffer.from(uuid.replaceAll("-", ""), "hex");
  throw Object.assign(new TypeError("Invalid UUID format for namespace"), {
    code: "ERR_INVALID_ARG_VALUE",
  });
}

function checkEncoding(encoding) {
  if (["hex", "base64", "base64url", "buffer"].includes(encoding)) return;
  throw Object.assign(new TypeError("Encoding must be one of base64, base64url, hex, or buffer"), {
    code: "ERR_UNKNOWN_ENCODING",
  });
}

function written(bytes, version, encoding) {
  bytes[6] = (bytes[6] & 0x0f) | (version << 4);
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  if (encoding === "buffer") return bytes;
  if (encoding !== "hex") return bytes.toString(encoding);
  const text = bytes.toString("hex");
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20)]
    .concat(text.slice(20))
    .join("-");
}
