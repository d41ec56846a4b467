/**
 * A client that sends exactly the bytes that it is told to, and tells what came back in a form that
 * can be compared: without the date, without ports, and with the fields by name.
 */
import { connect } from "node:net";

/** No reply of a test takes longer, however slow the machine is. */
const LONGEST = 20_000;

/** What is said of a Content-Length that is right. */
const OF_THE_BODY = "(the body's)";

export class Connection {
  #received = "";
  #socket;
  #closed = false;
  #wake = () => {};

  constructor(place) {
    this.#socket = connect(typeof place === "number" ? { port: place, host: "127.0.0.1" } : place);
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (text) => this.#hear(() => (this.#received += text)));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.#hear(() => (this.#closed = true)));
    this.#socket.setTimeout(LONGEST, () => this.#socket.destroy());
  }

  /** Bytes, as latin-1. */
  send(bytes) {
    this.#socket.write(bytes, "latin1");
  }

  /** Sends our end; what comes is still read. */
  end() {
    this.#socket.end();
  }

  /** By a reset, where there is such a thing. */
  cut() {
    if (this.#socket.remoteAddress) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** The next reply, or null if the connection ended before there was a whole one. */
  async reply(method = "GET") {
    for (;;) {
      const found = parse(this.#received, method, this.#closed);
      if (found) {
        this.#received = this.#received.slice(found.size);
        return found.reply;
      }
      if (this.#closed) return null;
      await this.#news();
    }
  }

  /** Waits for the connection's end; resolves to what came besides the replies that were read. */
  async closed() {
    while (!this.#closed) await this.#news();
    return this.#received;
  }

  #hear(note) {
    note();
    this.#wake();
  }

  #news() {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}

/** The first reply in `text`, of `size` characters; undefined if it is not all here. */
function parse(text, method, closed) {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [statusLine, ...lines] = text.slice(0, headEnd).split("\r\n");
  const [, status, reason] = /^HTTP\/1\.1 (\d{3}) ?(.*)$/.exec(statusLine) ?? [
    null,
    NaN,
    statusLine,
  ];
  const fields = fieldsOf(lines);
  const content = contentOf(text.slice(headEnd + 4), fields, {
    none: method === "HEAD" || status < 200 || status === "204" || status === "304",
    closed,
  });
  if (!content) return undefined;
  if (Number(fields["content-length"]) === content.body.length && method !== "HEAD") {
    fields["content-length"] = OF_THE_BODY;
  }
  const reply = { status: Number(status), reason, fields, body: content.body };
  return { reply, size: headEnd + 4 + content.size };
}

function fieldsOf(lines) {
  const fields = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = masked(name, line.slice(colon + 1).trim());
    fields[name] = name in fields ? [fields[name], value].flat() : value;
  }
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What differs from run to run is only told to be there. */
function masked(name, value) {
  if (name === "date") return Number.isNaN(Date.parse(value)) ? value : "(a date)";
  if (name === "etag") {
    const kind = value.startsWith("W/") ? "weak" : "strong";
    return value.replace(/^(W\/)?"[0-9a-f]{16}"$/, `(a ${kind} hash)`);
  }
  return value.replace(/:\d{4,5}\b/, ":PORT");
}

function contentOf(rest, fields, { none, closed }) {
  if (none) return { body: "", size: 0 };
  if (fields["transfer-encoding"] === "chunked") return unchunked(rest);
  const length = fields["content-length"];
  if (length === undefined) return closed ? { body: rest, size: rest.length } : undefined;
  if (rest.length < length) return undefined;
  return { body: rest.slice(0, length), size: Number(length) };
}

function unchunked(rest) {
  let body = "";
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = parseInt(rest.slice(at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (rest.length < next) return undefined;
    if (size === 0) return { body, size: next };
    body += rest.slice(lineEnd + 2, next - 2);
    at = next;
  }
}

/** The bytes of a request; `fields` are lines. The length of the body is added. */
export function request(path, { method = "GET", fields = [], body, version = "1.1" } = {}) {
  const lines = [`${method} ${path} HTTP/${version}`, ...fields];
  if (!fields.some((line) => /^host:/i.test(line))) lines.splice(1, 0, "Host: conformance");
  const framed = fields.some((line) => /^(content-length|transfer-encoding):/i.test(line));
  if (body !== undefined && !framed) lines.push(`Content-Length: ${body.length}`);
  return `${lines.join("\r\n")}\r\n\r\n${body ?? ""}`;
}
