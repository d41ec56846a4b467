/**
 * Where Bao departs from Bun on purpose: what, what Bun does, what Bao does, and why, for each in
 * which cases and what it changes there. docs/differences.md tells users.
 *
 * `cases` are names ("program: case") or a condition on name and record. `changes` are lists of a
 * path into the record, Bun's value there, and Bao's. An entry that is not needed fails the test.
 */

/** There is no such member. */
export const ABSENT = undefined;

/** Bun refuses these. */
const BETTER_ANSWERED = ["protocol: HTTP/1.2", "protocol: empty lines first"];
const answered = (body) => ({
  status: 200,
  reason: "OK",
  fields: {
    "content-length": "(the body's)",
    "content-type": "text/plain;charset=utf-8",
    date: "(a date)",
  },
  body,
});
const isReply = (record) => typeof record?.status === "number" && record.fields !== undefined;
/** Bao says in a line of text why it refuses a request. */
const explains = (body) => [
  ["body", "", body],
  ["fields.content-length", ABSENT, "(the body's)"],
  ["fields.content-type", ABSENT, "text/plain;charset=utf-8"],
];

const chunkedReply = {
  status: 200,
  reason: "OK",
  fields: { date: "(a date)", "transfer-encoding": "chunked" },
  body: "abcd",
};

/** What goes out. */
const replies = [
  {
    what: "Replies to HEAD",
    bun: "leave out Date and, mostly, Content-Type",
    bao: "have the fields that GET would have",
    why: "RFC 9110, section 9.3.2",
    cases: (name, record) =>
      /HEAD/.test(name) && isReply(record) && !record.fields.date && record.status !== 304,
    changes: [["fields.date", ABSENT, "(a date)"]],
  },
  {
    what: "Replies to HEAD",
    cases: [
      "replies: HEAD: string",
      "replies: HEAD: fields",
      "replies: HEAD: Content-Length too large",
      "replies: HEAD: promise later",
      "requests: method: HEAD",
      "routing: HEAD /get",
      "routing: HEAD /post",
      "routing: HEAD /all",
      "routing: HEAD /any",
      "routing: HEAD /get without fetch",
    ],
    changes: [["fields.content-type", ABSENT, "text/plain;charset=utf-8"]],
  },
  {
    what: "Replies to HEAD",
    cases: ["replies: HEAD: Blob with type"],
    changes: [["fields.content-type", ABSENT, "text/html"]],
  },
  {
    what: "Date",
    bun: "is missing on 304 and on what is refused",
    bao: "is on every reply",
    why: "RFC 9110, section 6.6.1",
    cases: (name, record) =>
      isReply(record) && !record.fields.date && [304, 413].includes(record.status),
    changes: [["fields.date", ABSENT, "(a date)"]],
  },
  {
    what: "Date",
    cases: (name, record) =>
      name.startsWith("protocol: ") &&
      record?.status >= 400 &&
      !record.date &&
      !BETTER_ANSWERED.includes(name),
    changes: [["date", ABSENT, "(a date)"]],
  },
  {
    what: "304",
    bun: "has the Content-Type of what is not sent",
    bao: "has no Content-Type",
    why: "RFC 9110, section 15.4.5",
    cases: (name, record) =>
      /^routing: (If-|HEAD with|own)/.test(name) && record.status === 304,
    changes: [["fields.content-type", "text/plain;charset=utf-8", ABSENT]],
  },
  {
    what: "A failure in production",
    bun: "is a 500 with the text “Something went wrong!”",
    bao: "is an empty 500",
    why: "nothing is told, and clients may show a page of their own",
    cases: (name, record) => record?.body === "Something went wrong!",
    changes: [
      ["body", "Something went wrong!", ""],
      ["fields.content-type", "text/plain", ABSENT],
    ],
  },
  {
    what: "A failure in production",
    cases: ["errors: HEAD of what throws"],
    changes: [
      ["fields.content-length", "21", "0"],
      ["fields.content-type", "text/plain", ABSENT],
    ],
  },
  {
    what: "A handler that returns something else than a Response",
    bun: "sends 204, like one that returns nothing",
    bao: "sends 500 and prints what was returned",
    why: "it is a mistake, and should be found",
    cases: ["replies: number", "replies: text", "replies: plain object", "replies: number later"],
    changes: [
      ["status", 204, 500],
      ["reason", "No Content", "Internal Server Error"],
      ["fields.content-length", ABSENT, "(the body's)"],
    ],
  },
  {
    what: "A handler that returns nothing, in development",
    bun: "sends a text that explains it, with status 200 and two Content-Lengths",
    bao: "sends a page that explains it, with status 500",
    why: "it is no success",
    cases: (name) => name.startsWith("replies: developed: "),
    changes: [
      ["status", 200, 500],
      ["reason", "OK", "Internal Server Error"],
      ["fields.content-length", ["57", "57"], "(the body's)"],
      ["fields.content-type", "text/plain;charset=utf-8", "text/html;charset=utf-8"],
      ["body", "", "(a page)"],
    ],
  },
  {
    what: "An object with `then`",
    bun: "is no promise, and 204 is sent",
    bao: "is awaited, as `await` does",
    why: "promises of libraries are promises",
    cases: ["replies: thenable"],
    changes: [
      ["status", 204, 200],
      ["reason", "No Content", "OK"],
      ["fields.content-length", ABSENT, "(the body's)"],
      ["fields.content-type", ABSENT, "text/plain;charset=utf-8"],
      ["body", "", "thenable"],
    ],
  },
  {
    what: "Bytes",
    bun: "are sent as application/octet-stream",
    bao: "have no type that the program does not give them",
    why: "the Fetch standard; a guessed type makes browsers download what they could show",
    cases: [
      "replies: Uint8Array",
      "replies: part of a buffer",
      "replies: ArrayBuffer",
      "replies: DataView",
      "replies: Uint16Array",
      "replies: Buffer",
    ],
    changes: [["fields.content-type", "application/octet-stream", ABSENT]],
  },
  {
    what: "The type of a Blob",
    bun: "gets `;charset=utf-8` if it is text; one without type is text/plain",
    bao: "is what the program said; one without type has none",
    why: "the File API standard",
    cases: ["replies: Blob with type", "routing: prepared /blob", "routing: prepared HEAD /blob"],
    changes: [["fields.content-type", "text/html;charset=utf-8", "text/html"]],
  },
  {
    what: "The type of a Blob",
    cases: ["replies: Blob"],
    changes: [["fields.content-type", "text/plain;charset=utf-8", ABSENT]],
  },
  {
    what: "The type of a Blob",
    cases: ["replies: FormData"],
    changes: [["body.6", "Content-Type: text/css;charset=utf-8", "Content-Type: text/css"]],
  },
  {
    what: "The type of a Blob",
    cases: ["requests: body: blob"],
    changes: [
      ["body", '{"read":[3,"<p>","text/plain;charset=utf-8"]}', '{"read":[3,"<p>","text/html"]}'],
    ],
  },
  {
    what: "The type of a Blob",
    cases: ["requests: body: blob without type"],
    changes: [["body", '{"read":[3,"<p>","text/plain;charset=utf-8"]}', '{"read":[3,"<p>",""]}']],
  },
  {
    what: "Text that is empty",
    bun: "has no type",
    bao: "is text/plain like all text",
    why: "the Fetch standard",
    cases: ["replies: string empty", "routing: prepared /empty"],
    changes: [["fields.content-type", ABSENT, "text/plain;charset=utf-8"]],
  },
  {
    what: "Content-Type deleted from a Response",
    bun: "is sent all the same",
    bao: "is not sent",
    why: "the program says so",
    cases: ["replies: field deleted later"],
    changes: [["fields.content-type", "text/plain;charset=utf-8", ABSENT]],
  },
  {
    what: "`new Response(response.body, response)`",
    bun: "forgets that it was text",
    bao: "keeps the type",
    why: "the Fetch standard",
    cases: ["replies: copied"],
    changes: [["fields.content-type", "application/octet-stream", "text/plain;charset=utf-8"]],
  },
  {
    what: "Several fields of one name",
    bun: "are joined into one line",
    bao: "are sent as they were given",
    why: "both mean the same (RFC 9110, section 5.3)",
    cases: ["replies: fields as list"],
    changes: [["fields.x-a", "1, 2", ["1", "2"]]],
  },
  {
    what: "Response.redirect to what is not ASCII",
    bun: "sends bytes that no client can read for sure",
    bao: "escapes it as a URL does",
    why: "RFC 9110, section 10.2.2",
    cases: ["replies: redirect not ASCII"],
    changes: [["fields.location", "/gr\xfc\xdfe", "/gr%C3%BC%C3%9Fe"]],
  },
  {
    what: "The reason of a status that has none",
    bun: "is “HM”, or “I'm a Teapot”",
    bao: "is empty",
    why: "RFC 9112, section 4; nobody reads it",
    cases: ["replies: json with status", "replies: status 418"],
    changes: [["reason", "I'm a Teapot", ""]],
  },
  {
    what: "The reason of a status that has none",
    cases: ["replies: status 299", "replies: status 599"],
    changes: [["reason", "HM", ""]],
  },
  {
    what: "Content-Length of a stream",
    bun: "is ignored",
    bao: "is sent, and a stream that has more or fewer bytes ends in a reset",
    why: "clients show how much is to come, and must not take a part for the whole",
    cases: ["streams: a declared length"],
    changes: [
      ["fields.content-length", ABSENT, "(the body's)"],
      ["fields.transfer-encoding", "chunked", ABSENT],
    ],
  },
  {
    what: "Content-Length of a stream",
    cases: [
      "streams: a declared length that is too small",
      "streams: a declared length that is too large",
    ],
    changes: [["", chunkedReply, null]],
  },
  {
    what: "A stream that comes late, but all at once",
    bun: "has a Content-Length",
    bao: "is chunked",
    why: "the head does not wait for what may be long in coming",
    cases: ["streams: all at once, but later"],
    changes: [
      ["fields.content-length", "(the body's)", ABSENT],
      ["fields.transfer-encoding", ABSENT, "chunked"],
    ],
  },
];

/** Requests, connections, syntax. */
const requests = [
  {
    what: "Connection: close",
    bun: "is not said by the server",
    bao: "is on the last reply of a connection; HTTP/1.0 clients are told of keep-alive",
    why: "RFC 9112, section 9.6",
    cases: [
      "replies: HTTP/1.0",
      "replies: HTTP/1.1 close",
      "protocol: HTTP/1.0 without Host",
      "streams: HTTP/1.0: chunks that are there",
      "streams: HTTP/1.0: chunks that come",
      "streams: HTTP/1.0: direct: flushed",
    ],
    changes: [["fields.connection", ABSENT, "close"]],
  },
  {
    what: "Connection: close",
    cases: ["replies: HTTP/1.0 keep-alive"],
    changes: [["fields.connection", ABSENT, "keep-alive"]],
  },
  {
    what: "Connection: close",
    cases: ["members: a handler that stops its server"],
    changes: [["0.fields.connection", ABSENT, "close"]],
  },
  {
    what: "A body that is too large",
    bun: "is refused with an empty 413",
    bao: "is refused with a 413 that says so",
    why: "somebody will wonder",
    cases: ["requests: limit: over the limit", "requests: limit: over the limit, not read"],
    changes: [
      ["reason", "Request Entity Too Large", "Content Too Large"],
      ...explains("the body is larger than this server takes\n"),
    ],
  },
  {
    what: "A body that is too large",
    cases: ["requests: limit: chunked, over the limit"],
    changes: [
      ["reason", "Payload Too Large", "Content Too Large"],
      ...explains("the body is larger than this server takes\n"),
    ],
  },
  {
    what: "Methods that Bun does not know",
    bun: "end the connection",
    bao: "reach the handler as they are",
    why: "RFC 9110, section 9.1: any token may be a method",
    cases: ["requests: method: BREW"],
    changes: [["", null, answered("BREW http://conformance/")]],
  },
  {
    what: "Methods that Bun does not know",
    cases: ["requests: method: get"],
    changes: [["", null, answered("get http://conformance/")]],
  },
  {
    what: "A target with characters that no URL has",
    bun: "is taken: raw bytes above ASCII, a fragment",
    bao: "is a 400",
    why: "RFC 9112, section 3.2",
    cases: ["requests: target: not ASCII"],
    changes: badTarget("GET http://conformance/%C3%BC"),
  },
  {
    what: "A target with characters that no URL has",
    cases: ["routing: /exact#fragment"],
    changes: badTarget("fetch GET /exact"),
  },
  {
    what: "An absolute target",
    bun: "loses its host: `req.url` has that of the field Host",
    bao: "is the URL; https on a connection without TLS is a 421",
    why: "RFC 9112, section 3.2.2",
    cases: ["requests: target: absolute"],
    changes: [["body", "GET http://conformance/a?b", "GET http://other:81/a?b"]],
  },
  {
    what: "An absolute target",
    cases: ["requests: target: absolute https"],
    changes: [
      ["status", 200, 421],
      ["reason", "OK", "Misdirected Request"],
      ["fields.connection", ABSENT, "close"],
      [
        "body",
        "GET http://conformance/a",
        "an https URL was asked for on a connection without TLS\n",
      ],
    ],
  },
  {
    what: "An empty Host",
    bun: "makes `req.url` a path, which `new URL` refuses",
    bao: "stands for the server's own host",
    why: "`new URL(req.url)` is what handlers begin with",
    cases: ["requests: Host: "],
    changes: [["body", "GET /", "GET http://localhost:PORT/"]],
  },
  {
    what: "OPTIONS *",
    bun: "is a 400",
    bao: "reaches the handler, with / as its path",
    why: "RFC 9110, section 9.3.7",
    cases: ["routing: OPTIONS *"],
    changes: [
      ["status", 400, 200],
      ["reason", "Bad Request", "OK"],
      ["body", "", "fetch OPTIONS /"],
      ["fields.connection", "close", ABSENT],
      ["fields.content-length", ABSENT, "(the body's)"],
      ["fields.content-type", ABSENT, "text/plain;charset=utf-8"],
      ["fields.date", ABSENT, "(a date)"],
    ],
  },
  {
    what: "A Request that is kept after its reply",
    bun: "has lost its URL and fields",
    bao: "keeps them",
    why: "logs are written afterwards",
    cases: ["requests: a request that is kept"],
    changes: [
      ["url", { throws: "TypeError" }, "/kept"],
      ["field", null, "1"],
    ],
  },
  {
    what: "`fetch(new Request(url, req))`",
    bun: "sends the Host that the client sent",
    bao: "sends the Host of the URL",
    why: "the Fetch standard; the other server expects its own name",
    cases: ["requests: a request that is sent on"],
    changes: [["1", "POST http://conformance/proxied", "POST http://127.0.0.1:PORT/proxied"]],
  },
  {
    what: "`new Request(req)`",
    bun: "leaves `req.bodyUsed` false",
    bao: "makes it true, since the body has moved",
    why: "the Fetch standard",
    cases: ["requests: new Request"],
    changes: [["body", '["POST","the body",false,"1"]', '["POST","the body",true,"1"]']],
  },
  {
    what: "Members of Request that say nothing on a server",
    bun: "`credentials` is include, `keepalive` is missing",
    bao: "same-origin, false",
    why: "the Fetch standard",
    cases: ["requests: defaults"],
    changes: [
      [
        "body",
        '["cors","include","default","follow","","",null]',
        '["cors","same-origin","default","follow","","",false]',
      ],
    ],
  },
  {
    what: "`req.cookies`",
    bun: "is there on routes only",
    bao: "is there in `fetch`, too",
    why: "a handler may move from one to the other",
    cases: ["cookies: server in fetch"],
    changes: [["body", "null", '"1"']],
  },
  {
    what: "A second request behind one that is being answered",
    bun: "ends the connection",
    bao: "is answered in its turn",
    why: "RFC 9112, section 9.3.2",
    cases: ["protocol: behind a request that is being answered"],
    changes: [
      ["0", null, "GET /held "],
      ["1", null, "GET /behind "],
    ],
  },
  {
    what: "A client that has sent its end",
    bun: "gets no reply",
    bao: "gets its reply",
    why: "RFC 9112, section 9.6",
    cases: ["protocol: a client that has sent its end"],
    changes: [["", null, "GET /held "]],
  },
];

function badTarget(body) {
  return [
    ["status", 200, 400],
    ["reason", "OK", "Bad Request"],
    ["fields.connection", ABSENT, "close"],
    ["body", body, "the request target is not a URI followed by one space and the version\n"],
  ];
}

export { replies, requests };
