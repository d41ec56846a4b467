/** The rest of the list in betterments.js: syntax, routes, options, members of the server. */
import { ABSENT } from "./betterments.js";

const refused = { throws: "TypeError" };
const FULL = {
  "content-length": "(the body's)",
  "content-type": "text/plain;charset=utf-8",
  date: "(a date)",
};

/** Bun answers, and Bao refuses. */
const refusal = (name, status, body) => ({
  cases: [`protocol: ${name}`],
  changes: [
    ["status", 200, status],
    ["reason", "OK", ABSENT],
    ["fields", FULL, ABSENT],
    ["body", body, ABSENT],
    ["date", ABSENT, "(a date)"],
  ],
});
/** Bun refuses, and Bao answers. */
const answer = (name, status) => ({
  cases: [`protocol: ${name}`],
  changes: [
    ["status", status, 200],
    ["reason", ABSENT, "OK"],
    ["fields", ABSENT, FULL],
    ["body", ABSENT, "GET / "],
  ],
});
const otherStatus = (name, bun, bao) => ({
  cases: [`protocol: ${name}`],
  changes: [["status", bun, bao]],
});

const syntax = [
  {
    what: "Two Host fields",
    bun: "are taken",
    bao: "are a 400",
    why: "RFC 9112, section 3.2",
    ...refusal("two Hosts", 400, "GET / "),
  },
  {
    what: "CONNECT",
    bun: "reaches the handler",
    bao: "is a 501",
    why: "there is no tunnel to be had",
    ...refusal("CONNECT", 501, "CONNECT 1 "),
  },
  {
    what: "TRACE with a body",
    bun: "reaches the handler",
    bao: "is a 400",
    why: "RFC 9110, section 9.3.8",
    ...refusal("TRACE with a body", 400, "TRACE / "),
  },
  {
    what: "Chunk extensions that are not of the grammar",
    bun: "are taken",
    bao: "are a 400",
    why: "RFC 9112, section 7.1.1; somebody else may see another end of the chunk",
    ...refusal("chunk extension without a name", 400, "POST / x"),
  },
  {
    what: "Expect with something else than 100-continue",
    bun: "is ignored",
    bao: "is a 417",
    why: "RFC 9110, section 10.1.1",
    ...refusal("something else expected", 417, "POST / "),
  },
  {
    what: "HTTP/1.2 and later minor versions",
    bun: "are a 505",
    bao: "are answered as HTTP/1.1",
    why: "RFC 9110, section 2.5",
    ...answer("HTTP/1.2", 505),
  },
  {
    what: "Empty lines before a request",
    bun: "are a 400",
    bao: "are passed over",
    why: "RFC 9112, section 2.2",
    ...answer("empty lines first", 400),
  },
  {
    what: "The status of what is refused",
    bun: "is more often 400 or 505",
    bao: "is 400 for bad syntax, 413, 414, 501 or 505 for what each of them says",
    why: "RFC 9110, section 15.5",
    ...otherStatus("HTTP/0.9", 505, 400),
  },
  { what: "The status of what is refused", ...otherStatus("lines that end with LF", 505, 400) },
  { what: "The status of what is refused", ...otherStatus("preface of HTTP/2", 400, 505) },
  { what: "The status of what is refused", ...otherStatus("URL too long", 431, 414) },
  { what: "The status of what is refused", ...otherStatus("Content-Length huge", 400, 413) },
  { what: "The status of what is refused", ...otherStatus("unknown coding", 400, 501) },
];

const star = (name, bun, bao) => ({
  what: "Parameters of a route that ends in `*`",
  cases: [`routing: ${name}`],
  changes: [["body", bun, bao]],
});
const methodNotAllowed = (allow, ...cases) => ({
  what: "A method that a route does not list, without `fetch`",
  cases: cases.map((name) => `routing: ${name} without fetch`),
  changes: [
    ["status", 404, 405],
    ["reason", "Not Found", "Method Not Allowed"],
    ["fields.allow", ABSENT, allow],
  ],
});

const routes = [
  {
    ...star("/users/7/", '["wildcard",{"id":"7"}]', '["wildcard",{"id":"7","*":""}]'),
    bun: "do not tell the rest of the path",
    bao: 'have it, decoded, as `req.params["*"]`',
    why: "it is what such routes want to know",
  },
  star("/users/7/else", '["wildcard",{"id":"7"}]', '["wildcard",{"id":"7","*":"else"}]'),
  star("/users/a/b/c/d", '["wildcard",{"id":"a"}]', '["wildcard",{"id":"a","*":"b/c/d"}]'),
  star("/files/", '["files",{}]', '["files",{"*":""}]'),
  star("/files/a", '["files",{}]', '["files",{"*":"a"}]'),
  star("/files/a/b?c", '["files",{}]', '["files",{"*":"a/b"}]'),
  star("/files/%2F", '["files",{}]', '["files",{"*":"/"}]'),
  {
    what: "A parameter with `%` and no two digits behind it",
    bun: "has U+FFFD for all of it",
    bao: "has it as it was sent",
    why: "the URL standard's percent-decoding",
    cases: ["routing: /users/%zz"],
    changes: [["body", '{"id":"\xef\xbf\xbd"}', '{"id":"%zz"}']],
  },
  {
    what: "A parameter with `%` and no two digits behind it",
    cases: ["routing: /users/%"],
    changes: [["body", '{"id":"\xef\xbf\xbd"}', '{"id":"%"}']],
  },
  {
    ...methodNotAllowed("GET, HEAD", "POST /get", "DELETE /both"),
    bun: "is a 404",
    bao: "is a 405 with Allow",
    why: "RFC 9110, section 15.5.6",
  },
  methodNotAllowed("POST", "GET /post", "HEAD /post"),
  methodNotAllowed("GET, POST, HEAD", "PUT /prepared"),
  {
    what: "ETag of a prepared Response",
    bun: "is on errors, too",
    bao: "is on replies with status 200",
    why: "nobody asks again for an error by its tag",
    cases: ["routing: prepared /404"],
    changes: [["fields.etag", "(a strong hash)", ABSENT]],
  },
  {
    what: "`static` beside `routes`",
    bun: "is ignored",
    bao: "is served, too; `routes` wins",
    why: "an option should not vanish silently",
    cases: ["routing: both static and routes: in static"],
    changes: [
      ["body", "fetch GET /s", "only static"],
      ["fields.etag", ABSENT, "(a strong hash)"],
    ],
  },
  {
    what: "Routes that cannot work as they read",
    bun:
      "are taken: an empty pattern, a parameter without name or with an ending, `*` that is not " +
      "a segment of its own and the last, spaces and question marks, two patterns for the same " +
      "paths, a wrong value for a method, a Response with a stream",
    bao: "are a TypeError that says what to write",
    why: "they would never match, or match something else",
    cases: [
      "empty pattern",
      "wrong value for a method",
      "parameter without name",
      "wildcard not at the end",
      "parameter with an ending",
      "wildcard behind text",
      "space",
      "question mark",
      "two patterns that say the same",
      "a Response with a stream",
    ].map((name) => `routing: refused: ${name}`),
    changes: [["", "accepted", refused]],
  },
  {
    what: "Wrong options",
    cases: [
      "routing: refused: same parameter twice",
      "routing: refused: parameter that begins with a digit",
    ],
    changes: [["throws", "TODOError", "TypeError"]],
  },
];

const options = [
  {
    what: "Wrong options",
    bun: "are taken as if they were not there, or are errors of several kinds",
    bao: "are a TypeError that names option, value and mend",
    why: "what a program asks for should happen, or fail at once",
    cases: [
      "both unix and port",
      "unix is a number",
      "idleTimeout negative",
      "maxRequestBodySize negative",
      "maxRequestBodySize text",
      "reusePort text",
      "development text",
      "id a number",
    ].map((name) => `listening: option: ${name}`),
    changes: [["", "accepted", refused]],
  },
  {
    what: "Wrong options",
    cases: ["listening: option: hostname a number"],
    changes: [
      ["throws", "Error", "TypeError"],
      ["code", "EADDRNOTAVAIL", ABSENT],
    ],
  },
  {
    what: "Codes of errors",
    bun: "is EINVAL for a name that nobody knows, EADDRINUSE for a file in the way of a socket",
    bao: "is ENOTFOUND, ENOTSOCK",
    why: "they say what is wrong",
    cases: ["listening: option: hostname unknown"],
    changes: [["code", "EINVAL", "ENOTFOUND"]],
  },
  {
    what: "Codes of errors",
    cases: ["listening: unix: a file that is no socket"],
    changes: [["code", "EADDRINUSE", "ENOTSOCK"]],
  },
  {
    what: "Neither `fetch` nor routes",
    bun: "is an error",
    bao: "answers 404",
    why: "a server may get its handlers by `reload`",
    cases: ["listening: option: fetch is null", "listening: option: neither fetch nor routes"],
    changes: [["", refused, "accepted"]],
  },
  {
    what: "idleTimeout",
    bun: "is a whole number up to 255",
    bao: "is any number of seconds, and exact to one",
    why: "long polls are long",
    cases: ["listening: option: idleTimeout 256", "listening: option: idleTimeout a fraction"],
    changes: [["", refused, "accepted"]],
  },
  {
    what: "--port",
    bun: "is overruled by $BUN_PORT",
    bao: "goes before the environment",
    why: "what is typed for this one run is meant",
    cases: ["port: --port goes before BUN_PORT, PORT, NODE_PORT"],
    changes: [["", "BUN_PORT", "--port"]],
  },
  {
    what: "A unix socket's request with an empty Host",
    bun: "has an URL that `new URL` refuses",
    bao: "has http://localhost/",
    why: "as on other sockets",
    cases: ["listening: unix socket without Host"],
    changes: [
      ["status", 500, 200],
      ["reason", "Internal Server Error", "OK"],
      ["fields.content-type", "text/plain", "application/json;charset=utf-8"],
      ["body", "Something went wrong!", '["/a",null,true,true]'],
    ],
  },
];

const members = [
  {
    what: "server.requestIP",
    bun: "writes an IPv4 client as ::ffff:127.0.0.1",
    bao: "writes it as 127.0.0.1",
    why: "it is compared with lists of addresses",
    cases: ["members: requestIP"],
    changes: [
      [
        "body",
        '["::ffff:127.0.0.1","IPv6","number","[object Object]"]',
        '["127.0.0.1","IPv4","number","[object Object]"]',
      ],
    ],
  },
  {
    what: "server.fetch",
    bun:
      "calls `fetch` alone, without the server, with http://0.0.0.0:0 as host of a path; what it " +
      "throws is the caller's",
    bao: "does what a request from outside would: routes, the server as second argument, `error`",
    why: "it is there to ask the server",
    cases: ["members: fetch: path"],
    changes: [
      [
        "3",
        '["GET","http://0.0.0.0:0/path?a=b","",null,null]',
        '["GET","http://localhost:PORT/path?a=b","",null,null]',
      ],
    ],
  },
  {
    what: "server.fetch",
    cases: ["members: fetch: route"],
    changes: [["", '["GET","http://localhost:PORT/route/7","",null,null]', "route 7"]],
  },
  {
    what: "server.fetch",
    cases: ["members: fetch: prepared"],
    changes: [["", '["GET","http://localhost:PORT/prepared","",null,null]', "prepared"]],
  },
  {
    what: "server.fetch",
    cases: ["members: fetch: throws"],
    changes: [["", { throws: "Error" }, 503]],
  },
];

const processes = [
  {
    what: "killed, of a process that was sent a signal",
    bun: "is false until it is over",
    bao: "is true at once",
    why: "Bun's manual says so",
    cases: ["spawn: kill: at once"],
    changes: [["", false, true]],
  },
];

export { members, options, processes, routes, syntax };
