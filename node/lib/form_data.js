/**
 * FormData as a body: written as multipart/form-data, read from that and from
 * application/x-www-form-urlencoded.
 */
import { Blob, Buffer } from "node:buffer";
import { platformResponse } from "./platform_classes.js";

/**
 * The multipart text of the form (RFC 7578; how names are escaped and lines end: HTML, "multipart
 * form data") and its type: a Blob, or a stream if there are files that are still to be read. The
 * boundary is in lower case because a Blob's type is.
 * @returns {{ body: Blob | ReadableStream, type: string }}
 */
export function bodyOfForm(form) {
  const boundary = "----bao-form-" + crypto.randomUUID();
  const parts = [];
  for (const [name, value] of form) {
    parts.push(`--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(name)}"`);
    if (typeof value === "string") {
      parts.push(`\r\n\r\n${withLineEnds(value)}\r\n`);
    } else {
      const type = value.type || "application/octet-stream";
      const fileName = value.name.replace(SPECIAL, percentEncoded);
      parts.push(`; filename="${fileName}"\r\nContent-Type: ${type}\r\n\r\n`, value, "\r\n");
    }
  }
  parts.push(`--${boundary}--\r\n`);
  const type = `multipart/form-data; boundary=${boundary}`;
  // Only a BunFile has that name.
  const isLazy = parts.some((part) => typeof part !== "string" && "_fd" in part);
  return { body: isLazy ? ReadableStream.from(contentOf(parts)) : new Blob(parts), type };
}

async function* contentOf(parts) {
  for (const part of parts) {
    if (typeof part === "string") yield new TextEncoder().encode(part);
    else yield* part.stream();
  }
}

const SPECIAL = /[\r\n"]/g;

function percentEncoded(character) {
  return "%" + character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
}

function escapeName(name) {
  return withLineEnds(name).replace(SPECIAL, percentEncoded);
}

function withLineEnds(text) {
  return text.replace(/\r\n|\r|\n/g, "\r\n");
}

/**
 * Many times what pages have. A hundred thousand parts fit into some megabytes, and would keep the
 * thread busy for seconds.
 */
const MOST_PARTS = 1000;

/** Reads a form from the bytes of a body with this content type. */
export async function readFormData(type, bytes, options) {
  const essence = type.split(";", 1)[0].trim().toLowerCase();
  const most = mostParts(options);
  if (essence === "application/x-www-form-urlencoded") {
    if (hasMore(bytes, "&", most)) throw tooManyParts(most);
    return formOfPairs(new TextDecoder().decode(bytes));
  }
  if (essence !== "multipart/form-data") {
    const types = "multipart/form-data or application/x-www-form-urlencoded";
    throw noForm(`${WRONG_TYPE}: it must be ${types}, not ${JSON.stringify(type)}`);
  }
  const boundary = /;\s*boundary=(?:"([^"]*)"|([^\s;"]*))/i.exec(type);
  // Beside those of the parts there is the last one.
  if (boundary && hasMore(bytes, `--${boundary[1] ?? boundary[2]}`, most + 1)) {
    throw tooManyParts(most);
  }
  if (!boundary) {
    throw noForm(`${WRONG_TYPE}: ${JSON.stringify(type)} has no boundary`);
  }
  const PlatformResponse = await platformResponse();
  const response = new PlatformResponse(bytes, { headers: { "content-type": type } });
  return response.formData().catch((cause) => {
    const last = `--${boundary[1] ?? boundary[2]}--`;
    const isWhole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(last);
    const fault = isWhole ? "a part is malformed" : "missing final boundary";
    throw noForm(`FormData parse error ${fault}`, cause);
  });
}

const WRONG_TYPE = "Can't decode form data from body because of incorrect MIME type/boundary";

/** As Bun's, with its code. */
function noForm(message, cause) {
  const error = new TypeError(message, cause && { cause });
  return Object.assign(error, { code: "ERR_FORMDATA_PARSE_ERROR" });
}

function mostParts(options) {
  const most = options?.maxParts ?? MOST_PARTS;
  if (most >= 0) return most;
  throw new TypeError(`formData(): maxParts is ${String(most)}: give a number that is not negative`);
}

function tooManyParts(most) {
  const mend = "formData({ maxParts }) allows more";
  return new RangeError(`A form has more than ${most} parts: ${mend}`);
}

/** Whether a text is there more than so many times. */
function hasMore(bytes, text, most) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let count = 0;
  for (let at = buffer.indexOf(text); at >= 0; at = buffer.indexOf(text, at + text.length)) {
    if (++count > most) return true;
  }
  return false;
}

function formOfPairs(text) {
  const form = new FormData();
  for (const [name, value] of new URLSearchParams(text)) form.append(name, value);
  return form;
}
