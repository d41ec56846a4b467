/**
 * Reads the head of a request that the engine has accepted: the request line and the field lines as
 * they were sent, each with its CRLF. The engine has checked the syntax (RFC 9112 sections 3 and
 * 5), so nothing is checked here.
 */

/** Name (lower case), value, name, value … in the order in which they were sent. */
export function fieldsOfHead(head) {
  const list = [];
  let start = head.indexOf("\r\n") + 2;
  for (;;) {
    const end = head.indexOf("\r\n", start);
    if (end <= start) return list;
    const colon = head.indexOf(":", start);
    list.push(head.slice(start, colon).toLowerCase(), withoutSpace(head, colon + 1, end));
    start = end + 2;
  }
}

/**
 * The text between two places without the spaces and tabs at its ends. By hand: a pattern for them
 * would begin anew at each space within, of which a client may send very many.
 */
export function withoutSpace(text, from, to) {
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isSpace(code) {
  return code === 0x20 || code === 0x09;
}

export function methodOfHead(head) {
  return head.startsWith("GET ") ? "GET" : head.slice(0, head.indexOf(" "));
}

/** What few targets have, and all that may not be in their normal form: quickly looked for. */
const UNUSUAL = /[.%"'<>\\^`{}]/;
/** What no URL in its normal form has: dot segments, characters that are to be escaped. */
const NOT_NORMAL = /\/(?:\.|%2[eE])|["'<>\\^`{}]/;
const PLAIN_HOST = /^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*(?::[1-9]\d*)?$/;

/** The Host that was seen last, and how it stands in a URL: clients tend to send the same one. */
let lastHost = "";
let lastOrigin = "";
let lastSecure = false;

/**
 * The absolute URL in its normal form, as `new URL` would write it; as it was sent if it is none.
 * `authority` (host and port) stands in for a Host that is missing or empty; `secure`: it came by
 * TLS.
 */
export function urlOfHead(head, authority, secure) {
  const start = head.indexOf(" ") + 1;
  const target = head.slice(start, head.indexOf(" ", start));
  if (target[0] !== "/" && target !== "*") return normal(target);
  const url = originOf(hostOfHead(head) || authority, secure) + (target === "*" ? "/" : target);
  return UNUSUAL.test(target) && NOT_NORMAL.test(target) ? normal(url) : url;
}

function normal(text) {
  return URL.canParse(text) ? new URL(text).href : text;
}

function originOf(host, secure) {
  if (host === lastHost && secure === lastSecure) return lastOrigin;
  const plain = PLAIN_HOST.test(host) && !host.endsWith(secure ? ":443" : ":80");
  const url = `${secure ? "https" : "http"}://${host}/`;
  lastOrigin = plain ? url.slice(0, -1) : normal(url).replace(/\/$/, "");
  lastHost = host;
  lastSecure = secure;
  return lastOrigin;
}

/** Most clients send Host first and write it so. */
function hostOfHead(head) {
  const start = head.indexOf("\r\n") + 2;
  if (head.startsWith("Host: ", start)) {
    return withoutSpace(head, start + 6, head.indexOf("\r\n", start));
  }
  const list = fieldsOfHead(head);
  for (let i = 0; i < list.length; i += 2) if (list[i] === "host") return list[i + 1];
  return "";
}

/** Whether the head announces a body (RFC 9112 section 6.3). */
export function announcesBody(head) {
  const list = fieldsOfHead(head);
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === "transfer-encoding") return true;
    if (list[i] === "content-length" && !/^0+$/.test(list[i + 1])) return true;
  }
  return false;
}
