/**
 * What Bun's FormData, URLSearchParams, Blob and WebSocket have beyond the platform's.
 */
import { Blob, Buffer } from "node:buffer";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/**
 * To look at these globals makes Node load its client (12 MB, 50 ms), so they are completed for
 * programs only that mention them.
 */
const OF_THE_CLIENT = /\b(?:WebSocket|[fF]ormData)\b/;
let isComplete = false;

/** Adds what is missing to the globals. */
export function install() {
  extend(Blob.prototype, blobMembers);
  extend(URLSearchParams.prototype, pairMembers);
}

/** To be told what a file of the program says before it runs. */
export function completeFor(text) {
  if (isComplete || !OF_THE_CLIENT.test(text)) return;
  isComplete = true;
  extend(FormData.prototype, pairMembers);
  FormData.from ??= formOf;
  const { webSocketOver } = require("./web_socket_client.js");
  Object.defineProperty(globalThis, "WebSocket", {
    value: webSocketOver(globalThis.WebSocket),
    writable: true,
    enumerable: false,
    configurable: true,
  });
}

function extend(object, members) {
  for (const name of Object.getOwnPropertyNames(members)) {
    if (name in object) continue;
    const member = Object.getOwnPropertyDescriptor(members, name);
    Object.defineProperty(object, name, { ...member, enumerable: false });
  }
}

const blobMembers = {
  async json() {
    return JSON.parse(await this.text());
  },

  async formData() {
    return new Response(this).formData();
  },
};

const pairMembers = {
  /** The values by name: a list where there are several. */
  toJSON() {
    const object = {};
    for (const name of new Set(this.keys())) {
      const values = this.getAll(name);
      // Defined, because the name may be __proto__.
      const value = values.length === 1 ? values[0] : values;
      const property = { value, enumerable: true, writable: true, configurable: true };
      Object.defineProperty(object, name, property);
    }
    return object;
  },

  get length() {
    return [...this.keys()].length;
  },
};

/** A form out of its text: multipart if its boundary is given, else as URLs have it. */
function formOf(content, boundary) {
  const text = typeof content === "string" ? content : Buffer.from(content).toString();
  if (boundary === undefined) {
    const form = new FormData();
    for (const [name, value] of new URLSearchParams(text)) form.append(name, value);
    return form;
  }
  throw new TypeError(
    "FormData.from() with a boundary is not part of bao yet: use new Response(…).formData()",
  );
}
