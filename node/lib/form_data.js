/**
 * FormData as a body: written as multipart/form-data, read from that and from
 * application/x-www-form-urlencoded.
 */
import { Blob } from "node:buffer";
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

/** Reads a form from the bytes of a body with this content type. */
export async function readFormData(type, bytes) {
  const essence = type.split(";", 1)[0].trim().toLowerCase();
  if (essence === "application/x-www-form-urlencoded") {
    return formOfPairs(new TextDecoder().decode(bytes));
  }
  if (essence !== "multipart/form-data") {
    throw new TypeError(
      "formData() needs a body of type multipart/form-data or " +
        `application/x-www-form-urlencoded, not ${JSON.stringify(type)}`,
    );
  }
  const PlatformResponse = await platformResponse();
  return new PlatformResponse(bytes, { headers: { "content-type": type } }).formData();
}

function formOfPairs(text) {
  const form = new FormData();
  for (const [name, value] of new URLSearchParams(text)) form.append(name, value);
  return form;
}
