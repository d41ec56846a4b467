/** Cases of Headers; see compare.js. */
import { attempt } from "./compare.js";

const NAMES = [
  "a",
  "A-B",
  "!#$%&'*+-.^_`|~09",
  "",
  " ",
  "a b",
  "a:",
  "é",
  "(",
  "a\n",
  undefined,
  null,
  5,
];
const VALUES = [
  "v",
  " v ",
  "\tv\r\n",
  "",
  "é",
  "\x01",
  "\x7f",
  "a\nb",
  "a\rb",
  "a\0b",
  "ā",
  undefined,
  null,
  5,
  [1, 2],
  { toString: () => "t" },
];

export const cases = [
  ...NAMES.map((name) => [
    `headers: name ${JSON.stringify(name)}`,
    ({ Headers }) => {
      const headers = new Headers();
      headers.set(name, "v");
      return [...headers];
    },
  ]),
  ...VALUES.map((value) => [
    `headers: value ${JSON.stringify(value)}`,
    ({ Headers }) => {
      const headers = new Headers();
      headers.append("a", value);
      return [...headers];
    },
  ]),
  ["headers: a symbol is no value", ({ Headers }) => new Headers().set("a", Symbol("s"))],
  ["headers: made of nothing", ({ Headers }) => [[...new Headers()], [...new Headers(undefined)]]],
  ["headers: made of null", ({ Headers }) => new Headers(null)],
  ["headers: made of a string", ({ Headers }) => new Headers("a")],
  ["headers: made of a number", ({ Headers }) => new Headers(1)],
  [
    "headers: made of pairs",
    ({ Headers }) => [...new Headers([["b", "1"], new Set(["A", "2"]), ["B", 3]])],
  ],
  ["headers: made of a Map", ({ Headers }) => [...new Headers(new Map([["a", "b"]]))]],
  [
    "headers: made of Headers",
    ({ Headers }) => [
      ...new Headers(
        new Headers([
          ["set-cookie", "1"],
          ["set-cookie", "2"],
        ]),
      ),
    ],
  ],
  [
    "headers: made of an object",
    ({ Headers }) => [...new Headers({ b: "1", A: 2, a: "3", c: undefined, d: ["x", "y"] })],
  ],
  [
    "headers: inherited fields do not count",
    ({ Headers }) => [...new Headers(Object.create({ a: "1" }))],
  ],
  ["headers: an entry of one", ({ Headers }) => new Headers([["a"]])],
  ["headers: an entry of three", ({ Headers }) => new Headers([["a", "b", "c"]])],
  ["headers: an entry that is a string", ({ Headers }) => new Headers(["ab"])],
  ["headers: a bad name among the fields", ({ Headers }) => new Headers({ "a b": "1" })],
  [
    "headers: sorted, lower case, joined; Set-Cookie apart",
    ({ Headers }) => {
      const fields = [
        ["b", "1"],
        ["A", "2"],
        ["Set-Cookie", "x=1"],
        ["set-cookie", "y=2"],
        ["c", "3"],
        ["B", "4"],
      ];
      const headers = new Headers(fields);
      return [
        [...headers],
        [...headers.keys()],
        [...headers.values()],
        [...headers.entries()],
        headers.get("b"),
        headers.get("set-cookie"),
        headers.getSetCookie(),
      ];
    },
  ],
  [
    "headers: cookies are joined with a semicolon",
    ({ Headers }) =>
      new Headers([
        ["cookie", "a=1"],
        ["cookie", "b=2"],
      ]).get("cookie"),
  ],
  [
    "headers: get, has",
    ({ Headers }) => {
      const headers = new Headers({ A: "" });
      return [
        headers.get("a"),
        headers.get("x"),
        headers.has("A"),
        headers.has("x"),
        headers.getSetCookie(),
      ];
    },
  ],
  ["headers: get needs a name", ({ Headers }) => new Headers().get()],
  ["headers: get of a bad name", ({ Headers }) => new Headers().get("a b")],
  ["headers: has of a bad name", ({ Headers }) => new Headers().has("")],
  ["headers: delete of a bad name", ({ Headers }) => new Headers().delete("")],
  ["headers: set needs a value", ({ Headers }) => new Headers().set("a")],
  ["headers: append needs a value", ({ Headers }) => new Headers().append("a")],
  [
    "headers: set replaces all of a name",
    ({ Headers }) => {
      const headers = new Headers([
        ["a", "1"],
        ["b", "2"],
        ["A", "3"],
        ["set-cookie", "1"],
        ["Set-Cookie", "2"],
      ]);
      headers.set("a", "9");
      headers.set("SET-COOKIE", "8");
      return [...headers];
    },
  ],
  [
    "headers: delete takes all of a name",
    ({ Headers }) => {
      const headers = new Headers([
        ["a", "1"],
        ["b", "2"],
        ["A", "3"],
      ]);
      return [headers.delete("A") === undefined, [...headers]];
    },
  ],
  [
    "headers: forEach",
    ({ Headers }) => {
      const seen = [];
      const headers = new Headers({ b: "1", a: "2" });
      headers.forEach(
        function (value, name, all) {
          seen.push([name, value, all === headers, this.x]);
        },
        { x: 1 },
      );
      return seen;
    },
  ],
  ["headers: forEach needs a function", ({ Headers }) => new Headers().forEach(1)],
  [
    "headers: changes while iterating are seen",
    ({ Headers }) => {
      const headers = new Headers({ a: "1", c: "2" });
      const seen = [];
      for (const [name] of headers) {
        seen.push(name);
        if (name === "a") headers.set("b", "x");
        if (name === "b") headers.delete("a");
      }
      return seen;
    },
  ],
  [
    "headers: nothing of its own to enumerate",
    ({ Headers }) =>
      Object.entries({ ...new Headers({ a: "b" }) }).filter(([name]) => name[0] !== "_"),
  ],
  [
    "headers: toJSON",
    ({ Headers }) =>
      JSON.stringify(
        new Headers([
          ["set-cookie", "1"],
          ["set-cookie", "2"],
          ["A", "b"],
        ]),
      ),
    {
      ours: '{"a":"b","set-cookie":["1","2"]}',
      node: "{}",
      bun: '{"set-cookie":["1","2"],"a":"b"}',
      why: "as Bun, sorted",
    },
  ],
  [
    "headers: count",
    ({ Headers }) => new Headers({ a: "b" }).count ?? null,
    { ours: 1, node: null, why: "as Bun" },
  ],
  [
    "headers: getAll",
    ({ Headers }) => new Headers([["set-cookie", "1"]]).getAll("set-cookie"),
    {
      ours: ["1"],
      node: "!TypeError",
      why: "as Bun",
    },
  ],
  [
    "headers: names of classes",
    ({ Headers, Request, Response }) =>
      [new Headers(), new Request("http://a"), new Response()].map(String),
  ],
  [
    "classes need new",
    ({ Headers, Request, Response }) => [
      attempt(() => Headers()),
      attempt(() => Request("http://a")),
      attempt(() => Response()),
    ],
  ],
];
