/** Where Bao departs from Bun with files; see betterments.js. */
const ABSENT = undefined;
const MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT";
const TYPE = "text/plain;charset=utf-8";

const named = (...names) => names.map((name) => `files: ${name}`);

/** The program's own, or not of a file. */
const OTHERS = named(
  "reply: slice, own range",
  "reply: bytes",
  "reply: text",
  "reply: status 201",
  "reply: status 204",
  "reply: status 404",
  "POST /route/method",
  "POST /dir/ten.txt",
  "/dir/.hidden",
  "/route/missing",
  "/route/missing-response",
  "/route/folder",
);

/** Whether it is a reply with a file, or with a part of it, whose status is 200 but for that. */
const isOfFile = (name, record) =>
  name.startsWith("files: ") &&
  [200, 206, 304].includes(record?.status) &&
  record.fields !== undefined &&
  !OTHERS.includes(name);

const SLICES = named(
  "reply: slice of all",
  "reply: slice, own fields",
  "/route/slice",
  "HEAD /slice",
);

const partial = [
  ["status", 200, 206],
  ["reason", "OK", "Partial Content"],
  ["fields.content-range", ABSENT, "bytes 2-4/10"],
];

export const files = [
  {
    what: "ETag of a file",
    bun: "is there if the program gives one",
    bao: "is there always, and conditions are held to it",
    why: "a time is too coarse: two versions may be of one second",
    cases: (name, record) => isOfFile(name, record) && record.fields.etag === ABSENT,
    changes: [["fields.etag", ABSENT, "(a strong hash)"]],
  },
  {
    what: "Files in handlers",
    bun:
      "have no Last-Modified, no Accept-Ranges, and are sent whatever the request's conditions say",
    bao: "are sent as those on routes",
    why: "a download that was cut can go on; nothing is sent twice",
    cases: (name, record) => isOfFile(name, record) && record.fields["last-modified"] === ABSENT,
    changes: [["fields.last-modified", ABSENT, MODIFIED]],
  },
  {
    what: "Files in handlers",
    cases: (name, record) =>
      isOfFile(name, record) &&
      record.status === 200 &&
      record.fields["accept-ranges"] === ABSENT &&
      ![...SLICES, ...named("not since /whole")].includes(name),
    changes: [["fields.accept-ranges", ABSENT, "bytes"]],
  },
  {
    what: "Files in handlers",
    cases: named("part of that time /whole"),
    changes: [...partial, ["body", "0123456789", "234"]],
  },
  {
    what: "Files in handlers",
    cases: named("not since /whole"),
    changes: [
      ["status", 200, 304],
      ["reason", "OK", "Not Modified"],
      ["fields.content-length", "(the body's)", ABSENT],
      ["fields.content-type", TYPE, ABSENT],
      ["body", "0123456789", ""],
    ],
  },
  {
    what: "Content-Range of a slice",
    bun: "does not tell how long the file is",
    bao: "tells it",
    why: "players seek by it",
    cases: named("reply: slice", "reply: type of the slice", "part /slice"),
    changes: [["fields.content-range", "bytes 2-4/*", "bytes 2-4/10"]],
  },
  {
    what: "Content-Range of a slice",
    cases: named("reply: slice from", "reply: slice beyond"),
    changes: [["fields.content-range", "bytes 6-9/*", "bytes 6-9/10"]],
  },
  {
    what: "Content-Range of a slice",
    cases: named("reply: slice of a slice"),
    changes: [["fields.content-range", "bytes 3-4/*", "bytes 3-4/10"]],
  },
  {
    what: "A slice on a route, or with fields of the program's",
    bun: "is a 200, as if it were all",
    bao: "is a 206 with Content-Range",
    why: "RFC 9110, section 15.3.7; caches would take a part for the whole",
    cases: named("reply: slice, own fields", "/route/slice", "HEAD /slice"),
    changes: partial,
  },
  {
    what: "A file with a Content-Type of the program's",
    bun: "gets a Content-Disposition that has no type",
    bao: "gets none",
    why: "RFC 6266, section 4.1; the program can give one",
    cases: named("reply: own type"),
    changes: [["fields.content-disposition", 'filename="ten.txt"', ABSENT]],
  },
  {
    what: "Last-Modified of a file",
    bun: "is on errors, too, on routes",
    bao: "is on replies with status 200 and 206",
    why: "nobody asks again for an error by its time",
    cases: named("/route/404", "not since /route/404"),
    changes: [["fields.last-modified", MODIFIED, ABSENT]],
  },
  {
    what: "416",
    bun: "has Content-Type and Last-Modified of what is not sent",
    bao: "has what the refusal needs",
    why: "RFC 9110, section 15.5.17",
    cases: named("part beyond /route"),
    changes: [
      ["fields.content-type", TYPE, ABSENT],
      ["fields.last-modified", MODIFIED, ABSENT],
    ],
  },
  {
    what: "416",
    cases: named("part beyond /dir/ten.txt"),
    changes: [
      ["fields.content-type", TYPE, ABSENT],
      ["fields.etag", 'W/"a-2ebc98a1"', ABSENT],
      ["fields.last-modified", MODIFIED, ABSENT],
    ],
  },
  {
    what: "304",
    cases: named("not since /route", "not since /dir/ten.txt"),
    changes: [["fields.content-type", TYPE, ABSENT]],
  },
  {
    what: "ETag of a file",
    cases: named(...["", "HEAD ", "part ", "not since "].map((name) => `${name}/dir/ten.txt`)),
    changes: [["fields.etag", 'W/"a-2ebc98a1"', "(a weak hash)"]],
  },
  {
    what: "ETag of a file",
    cases: named("/dir/with/", "/dir/with/index.html"),
    changes: [["fields.etag", 'W/"3-2ebc98a1"', "(a weak hash)"]],
  },
  {
    what: "Files of a folder whose name begins with a dot",
    bun: "are sent",
    bao: "are a 404, unless the program asks for them",
    why: ".git and .env are secrets",
    cases: named("/dir/.hidden"),
    changes: [
      ["status", 200, 404],
      ["reason", "OK", "Not Found"],
      ["fields.accept-ranges", "bytes", ABSENT],
      ["fields.content-type", "application/octet-stream", ABSENT],
      ["fields.etag", 'W/"6-2ebc98a1"', ABSENT],
      ["fields.last-modified", MODIFIED, ABSENT],
      ["body", "hidden", ""],
    ],
  },
  {
    what: "Methods other than GET and HEAD",
    bun: "are answered with the file of a folder, too",
    bao: "go on to `fetch`",
    why: "a form that was sent has not been taken by this",
    cases: named("POST /dir/ten.txt"),
    changes: [
      ["fields.accept-ranges", "bytes", ABSENT],
      ["fields.etag", 'W/"a-2ebc98a1"', ABSENT],
      ["fields.last-modified", MODIFIED, ABSENT],
      ["body", "0123456789", "fetch dir/ten.txt"],
    ],
  },
  {
    what: "Replies to HEAD",
    cases: named("HEAD /whole", "HEAD /slice"),
    changes: [["fields.content-type", ABSENT, TYPE]],
  },
  {
    what: "A handler that returns something else than a Response",
    cases: named("reply: no Response"),
    changes: [
      ["status", 204, 500],
      ["reason", "No Content", "Internal Server Error"],
      ["fields.content-length", ABSENT, "(the body's)"],
    ],
  },
];
