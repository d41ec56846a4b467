/** Cases of Response; see compare.js. */
import { attempt } from "./compare.js";

const STATUSES = [
  0,
  100,
  101,
  102,
  199,
  200,
  204,
  205,
  299.9,
  304,
  599,
  600,
  1000,
  "201",
  "abc",
  null,
  NaN,
  -1,
  65736,
];
const BODILESS = [101, 204, 205, 304];

const read = async (response) => {
  const type = response.headers.get("content-type");
  return [await response.text(), type, response.bodyUsed];
};
const form = () => {
  const made = new FormData();
  made.set("a", "b\nc");
  made.set('f"', new File(["x"], 'n".txt', { type: "text/x" }));
  return made;
};
const pairsOfForm = async (data) =>
  Promise.all(
    [...data].map(async ([name, value]) =>
      typeof value === "string"
        ? [name, value]
        : [name, value.name, value.type, await value.text()],
    ),
  );
const bytesOfText = async function* () {
  yield new Uint8Array([104]);
  yield new Uint8Array([105]);
};

export const cases = [
  ...STATUSES.map((status) => [
    `response: status ${String(status)}`,
    ({ Response }) => new Response(null, { status }).status,
    {
      101: { ours: 101, node: "!RangeError", why: "as Bun, for programs that answer upgrades" },
      65736: {
        ours: "!RangeError",
        node: 200,
        why: "as Bun: a number that wraps around is a mistake",
      },
    }[String(status)],
  ]),
  ...BODILESS.map((status) => [
    `response: a body with status ${status}`,
    async ({ Response }) => [new Response("x", { status }).status],
    {
      ours: [status],
      node: status === 101 ? "!RangeError" : "!TypeError",
      why: 'as Bun: the body is left out; programs write new Response("", { status: 204 })',
    },
  ]),
  [
    "response: what a body with status 204 becomes",
    async ({ Response }) => read(new Response("x", { status: 204 })),
    {
      ours: ["", null, false],
      node: "!TypeError",
      bun: ["x", null, true],
      why: "it is never sent",
    },
  ],
  [
    "response: status texts",
    ({ Response }) =>
      ["OK", "é", "", undefined, 12, "a\tb"].map(
        (statusText) => new Response(null, { statusText }).statusText,
      ),
  ],
  [
    "response: a line break in a status text",
    ({ Response }) => new Response(null, { statusText: "a\nb" }).statusText,
    {
      bun: "a\nb",
    },
  ],
  [
    "response: a wide character in a status text",
    ({ Response }) => new Response(null, { statusText: "ā" }).statusText,
    {
      bun: "ā",
    },
  ],
  [
    "response: the usual values",
    ({ Response }) => {
      const { status, ok, type, url, redirected, statusText, body, bodyUsed } = new Response();
      return { status, ok, type, url, redirected, statusText, body, bodyUsed };
    },
  ],
  [
    "response: ok",
    ({ Response }) => [200, 204, 299, 300, 404].map((status) => new Response(null, { status }).ok),
  ],
  [
    "response: second arguments",
    ({ Response }) =>
      [null, undefined, {}, [], () => {}].map((init) => new Response("x", init).status),
  ],
  ["response: a number as second argument", ({ Response }) => new Response("x", 404)],
  ["response: a string as second argument", ({ Response }) => new Response("x", "y")],
  [
    "response: another Response as second argument",
    ({ Response }) => {
      const copy = new Response(
        "y",
        new Response("x", { status: 404, statusText: "No", headers: { a: "b" } }),
      );
      return [copy.status, copy.statusText, copy.headers.get("a")];
    },
  ],
  [
    "response: headers are copied",
    ({ Response, Headers }) => {
      const headers = new Headers({ a: "b" });
      const response = new Response(null, { headers });
      headers.set("a", "c");
      response.headers.set("d", "e");
      return [response.headers.get("a"), headers.get("d"), response.headers === response.headers];
    },
  ],
  [
    "response: a type of one's own",
    async ({ Response }) => read(new Response("x", { headers: { "Content-TYPE": "text/x" } })),
  ],
  [
    "response: a deleted type",
    ({ Response }) => {
      const response = new Response("x");
      response.headers.delete("content-type");
      return response.headers.has("content-type");
    },
  ],
  ["response: headers null", ({ Response }) => new Response("x", { headers: null }).status],
  ...Object.entries({
    "a string": "é",
    "a number": 12,
    true: true,
    "an object": {},
    "an array": [1],
    "a big integer": 10n,
    "an object with toString": { toString: () => "ts" },
  }).map(([name, body]) => [
    `response: ${name} as body`,
    async ({ Response }) => read(new Response(body)),
    {
      ours: [String(body), "text/plain;charset=utf-8", true],
      node: [String(body), "text/plain;charset=UTF-8", true],
      bun: [String(body), null, true],
      why: "the type as it is sent, which is as Bun sends it; Bun's headers do not tell it",
    },
  ]),
  ["response: a symbol as body", ({ Response }) => new Response(Symbol("s"))],
  ...[
    ["nothing", undefined],
    ["null", null],
  ].map(([name, body]) => [
    `response: ${name} as body`,
    async ({ Response }) => [new Response(body).body, ...(await read(new Response(body)))],
  ]),
  [
    "response: an empty string as body",
    async ({ Response }) => {
      const response = new Response("");
      return [response.body === null, await response.text(), response.bodyUsed];
    },
  ],
  [
    "response: bytes as body",
    async ({ Response }) => {
      const bytes = new Uint8Array([65, 66, 67]);
      const bodies = [
        bytes,
        bytes.buffer,
        bytes.subarray(1),
        new DataView(bytes.buffer, 2),
        new Uint16Array([0x4444]),
      ];
      return Promise.all(bodies.map((body) => read(new Response(body))));
    },
  ],
  [
    "response: bytes are copied",
    async ({ Response }) => {
      const bytes = new Uint8Array([65]);
      const response = new Response(bytes);
      bytes[0] = 66;
      return response.text();
    },
  ],
  [
    "response: a Blob as body",
    async ({ Response }) => [
      await read(new Response(new Blob(["x"], { type: "a/b" }))),
      await read(new Response(new Blob(["y"]))),
    ],
  ],
  [
    "response: URLSearchParams as body",
    async ({ Response }) => read(new Response(new URLSearchParams({ a: "b c" }))),
  ],
  [
    "response: FormData as body",
    async ({ Response }) => {
      const response = new Response(form());
      const [type, boundary] = response.headers.get("content-type").split("; boundary=");
      return [type, (await response.text()).replaceAll(boundary, "B")];
    },
  ],
  [
    "response: FormData there and back",
    async ({ Response }) => pairsOfForm(await new Response(form()).formData()),
    {
      bun: [
        ["a", "b\r\nc"],
        ["f%22", "n%22.txt", "text/plain;charset=utf-8", "x"],
      ],
    },
  ],
  [
    "response: URLSearchParams there and back",
    async ({ Response }) =>
      pairsOfForm(await new Response(new URLSearchParams("a=1&b=%20+&a=2")).formData()),
  ],
  ["response: formData of text", ({ Response }) => new Response("x").formData()],
  [
    "response: formData of a broken form",
    ({ Response }) =>
      new Response("x", {
        headers: { "content-type": "multipart/form-data; boundary=b" },
      }).formData(),
  ],
  [
    "response: a stream as body",
    async ({ Response }) => read(new Response(new Blob(["x"]).stream())),
  ],
  [
    "response: an async generator as body",
    async ({ Response }) => read(new Response(bytesOfText())),
  ],
  [
    "response: an async generator function as body",
    async ({ Response }) => await new Response(bytesOfText).text(),
    {
      ours: "hi",
      node: bytesOfText.toString(),
      why: "as Bun",
    },
  ],
  [
    "response: a stream that was read from",
    async ({ Response }) => {
      const stream = new Blob(["x"]).stream();
      await stream.getReader().read();
      return new Response(stream);
    },
  ],
  [
    "response: a locked stream",
    ({ Response }) => {
      const stream = new Blob(["x"]).stream();
      stream.getReader();
      return new Response(stream);
    },
  ],
  [
    "response: readers",
    async ({ Response }) => [
      [...(await new Response("é").bytes())],
      (await new Response("é").arrayBuffer()).byteLength,
      await new Response('{"a":[1]}').json(),
      (await new Response(null).bytes()).length,
      (await new Response(new Uint8Array(3).subarray(1)).arrayBuffer()).byteLength,
      (await new Response("x").bytes()).constructor === Uint8Array,
      (await new Response(Buffer.from("x")).bytes()).constructor === Uint8Array,
    ],
  ],
  [
    "response: blob of text",
    async ({ Response }) => {
      const blob = await new Response("x", {
        headers: { "content-type": "Text/HTML; Charset=UTF-8" },
      }).blob();
      return [blob instanceof Blob, blob.size, blob.type];
    },
    {
      ours: [true, 1, "text/html; charset=utf-8"],
      node: [true, 1, "text/html;charset=utf-8"],
      bun: [true, 1, "Text/HTML; Charset=UTF-8"],
      why: "the field's value in lower case, as Blob does it",
    },
  ],
  [
    "response: blob of nothing",
    async ({ Response }) => {
      const blob = await new Response(null).blob();
      return [blob.size, blob.type];
    },
  ],
  [
    "response: a byte order mark",
    async ({ Response }) => [
      (await new Response(new Uint8Array([0xef, 0xbb, 0xbf, 65])).text()).length,
      await new Response(new Uint8Array([0xef, 0xbb, 0xbf, 49])).json(),
    ],
  ],
  [
    "response: bad UTF-8",
    async ({ Response }) => new Response(new Uint8Array([0xff, 65, 0xc3])).text(),
  ],
  [
    "response: a lone surrogate",
    async ({ Response }) => new Response("\ud800x").text(),
    { bun: "\ud800x" },
  ],
  ...["{", "", "undefined"].map((text) => [
    `response: json of ${JSON.stringify(text)}`,
    ({ Response }) => new Response(text).json(),
  ]),
  ["response: json of nothing", ({ Response }) => new Response(null).json()],
  [
    "response: a body is used at once",
    async ({ Response }) => {
      const response = new Response("x");
      const reading = response.text();
      const used = response.bodyUsed;
      await reading;
      return [used, response.bodyUsed];
    },
  ],
  ...["text", "json", "bytes", "arrayBuffer", "blob"].map((method) => [
    `response: ${method} of a used body`,
    async ({ Response }) => {
      const response = new Response("1");
      await response.text();
      return response[method]();
    },
  ]),
  [
    "response: readers never throw, they reject",
    async ({ Response }) => {
      const response = new Response("1");
      await response.text();
      const reading = response.text();
      return reading instanceof Promise && reading.catch((error) => error.name);
    },
  ],
  [
    "response: no body is never used",
    async ({ Response }) => {
      const response = new Response();
      return [await response.text(), response.bodyUsed, await response.text()];
    },
  ],
  [
    "response: body is a stream",
    async ({ Response }) => {
      const response = new Response("xyz");
      const before = [
        response.body instanceof ReadableStream,
        response.body === response.body,
        response.bodyUsed,
      ];
      const { value, done } = await response.body.getReader().read();
      return [before, new TextDecoder().decode(value), done, response.bodyUsed];
    },
  ],
  [
    "response: text after body was looked at",
    async ({ Response }) => {
      const response = new Response("xyz");
      return [response.body.locked, await response.text(), response.bodyUsed];
    },
  ],
  [
    "response: text while body is locked",
    async ({ Response }) => {
      const response = new Response("xyz");
      response.body.getReader();
      return response.text();
    },
  ],
  [
    "response: body of a used one is locked or read",
    async ({ Response }) => {
      const response = new Response("xyz");
      await response.text();
      return [
        response.body === null,
        response.bodyUsed,
        attempt(() => new Response(response.body)),
      ];
    },
  ],
  [
    "response: the body of one is the body of another",
    async ({ Response }) => new Response(new Response("xyz").body, { status: 201 }).text(),
  ],
  [
    "response: clone",
    async ({ Response }) => {
      const response = new Response("x", { status: 404, statusText: "No", headers: { a: "b" } });
      const copy = response.clone();
      copy.headers.set("a", "c");
      const { status, statusText, ok } = copy;
      return [
        status,
        statusText,
        ok,
        response.headers.get("a"),
        await response.text(),
        copy.bodyUsed,
        await copy.text(),
      ];
    },
  ],
  [
    "response: clone of bytes",
    async ({ Response }) => {
      const response = new Response(new Uint8Array([65]));
      const copy = response.clone();
      (await response.bytes())[0] = 66;
      return copy.text();
    },
  ],
  [
    "response: clone of a stream",
    async ({ Response }) => {
      const response = new Response(new Blob(["xy"]).stream());
      const copy = response.clone();
      return [await response.text(), await copy.text()];
    },
  ],
  [
    "response: clone of a used one",
    async ({ Response }) => {
      const response = new Response("x");
      await response.text();
      return response.clone();
    },
  ],
];
