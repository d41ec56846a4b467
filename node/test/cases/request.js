/** Cases of Request; see compare.js. */

const METHODS = ["get", "Get", "post", "delete", "options", "put", "head", "PATCH"];

export const cases = [
  ...["http://a", "http://a/b#frag", "HTTP://EXAMPLE.com:80/%41?q= x"].map((url) => [
    `request: ${url}`,
    ({ Request }) => {
      const { method, body, bodyUsed } = new Request(url);
      return [new Request(url).url, method, body, bodyUsed];
    },
    {},
  ]),
  ["request: a URL object", ({ Request }) => new Request(new URL("http://a/?b")).url],
  ...["/x", "foo", "", undefined, 5].map((url) => [
    `request: ${JSON.stringify(url)} is no URL`,
    ({ Request }) => new Request(url),
    {
      bun: url === "/x" || url === "foo" ? "!TypeError" : "!Error",
    },
  ]),
  ["request: nothing", ({ Request }) => new Request(), { bun: "!Error" }],
  [
    "request: a user in the URL",
    ({ Request }) => new Request("http://u:p@a/").url,
    {
      ours: "http://u:p@a/",
      node: "!TypeError",
      why: "as Bun; a server may be asked so",
    },
  ],
  ...METHODS.map((method) => [
    `request: method ${method}`,
    ({ Request }) => new Request("http://a", { method }).method,
  ]),
  [
    "request: method patch",
    ({ Request }) => new Request("http://a", { method: "patch" }).method,
    {
      ours: "PATCH",
      node: "patch",
      why: "as Bun; a method in lower case is never meant",
    },
  ],
  [
    "request: a method of one's own",
    ({ Request }) => new Request("http://a", { method: "BREW" }).method,
    { bun: "GET" },
  ],
  ...["CONNECT", "TRACE"].map((method) => [
    `request: method ${method}`,
    ({ Request }) => new Request("http://a", { method }).method,
    {
      ours: method,
      node: "!TypeError",
      why: "as Bun; servers are asked so",
    },
  ]),
  ...["a b", ""].map((method) => [
    `request: method ${JSON.stringify(method)}`,
    ({ Request }) => new Request("http://a", { method }),
    { bun: {} },
  ]),
  ...["GET", "HEAD"].map((method) => [
    `request: ${method} with a body`,
    ({ Request }) => new Request("http://a", { method, body: "x" }),
    { bun: {} },
  ]),
  ["request: GET with body null", ({ Request }) => new Request("http://a", { body: null }).body],
  [
    "request: body and fields",
    async ({ Request }) => {
      const request = new Request("http://a", {
        method: "POST",
        body: "x",
        headers: { A: "b", "content-type": "q/q" },
      });
      return [[...request.headers], await request.text(), request.bodyUsed];
    },
  ],
  [
    "request: the type of its body",
    ({ Request }) =>
      new Request("http://a", { method: "POST", body: "x" }).headers.get("content-type"),
    {
      ours: "text/plain;charset=utf-8",
      node: "text/plain;charset=UTF-8",
      bun: null,
      why: "as with Response",
    },
  ],
  [
    "request: of a Request",
    async ({ Request }) => {
      const first = new Request("http://a", { method: "POST", body: "x", headers: { q: "1" } });
      const second = new Request(first);
      return [second.method, second.url, second.headers.get("q"), await second.text()];
    },
  ],
  [
    "request: of a Request takes its body",
    ({ Request }) => {
      const first = new Request("http://a", { method: "POST", body: "x" });
      return [new Request(first).bodyUsed, first.bodyUsed];
    },
    { bun: [false, false] },
  ],
  [
    "request: of a Request with other fields",
    ({ Request }) => {
      const first = new Request("http://a", { method: "POST", headers: { q: "1" } });
      const second = new Request(first, { headers: { z: "2" }, method: "PUT" });
      return [second.method, [...second.headers]];
    },
  ],
  [
    "request: of a used Request",
    async ({ Request }) => {
      const first = new Request("http://a", { method: "POST", body: "x" });
      await first.text();
      return new Request(first);
    },
    { bun: {} },
  ],
  [
    "request: of a used Request with another body",
    async ({ Request }) => {
      const first = new Request("http://a", { method: "POST", body: "x" });
      await first.text();
      return new Request(first, { body: "y" }).text();
    },
  ],
  [
    "request: a Request as second argument",
    ({ Request }) => {
      const request = new Request(
        "http://b/",
        new Request("http://a", { method: "POST", headers: { q: "1" } }),
      );
      return [request.url, request.method, [...request.headers]];
    },
  ],
  [
    "request: the usual values",
    ({ Request }) => {
      const { destination, mode, cache, redirect, integrity } = new Request("http://a");
      return { destination, mode, cache, redirect, integrity };
    },
  ],
  [
    "request: settings",
    ({ Request }) => {
      const request = new Request("http://a", {
        redirect: "manual",
        cache: "no-store",
        mode: "same-origin",
      });
      const { redirect, cache, mode } = new Request(request);
      return [redirect, cache, mode];
    },
  ],
  ...["mode", "cache", "redirect"].map((name) => [
    `request: a bad ${name}`,
    ({ Request }) => new Request("http://a", { [name]: "bad" }),
  ]),
  [
    "request: a signal of its own",
    ({ Request }) => {
      const request = new Request("http://a");
      return [
        request.signal === request.signal,
        request.signal instanceof AbortSignal,
        request.signal.aborted,
      ];
    },
  ],
  [
    "request: a given signal",
    ({ Request }) => {
      const controller = new AbortController();
      const request = new Request("http://a", { signal: controller.signal });
      const copies = [request.clone(), new Request(request)];
      controller.abort(new Error("why"));
      return [request, ...copies].map(({ signal }) => [signal.aborted, String(signal.reason)]);
    },
  ],
  [
    "request: something that is no signal",
    ({ Request }) => new Request("http://a", { signal: {} }),
  ],
  [
    "request: signal null",
    ({ Request }) => new Request("http://a", { signal: null }).signal.aborted,
  ],
  [
    "request: clone",
    async ({ Request }) => {
      const request = new Request("http://a/", { method: "POST", body: "x", headers: { q: "1" } });
      const copy = request.clone();
      copy.headers.set("q", "2");
      return [
        copy.url,
        copy.method,
        request.headers.get("q"),
        await request.text(),
        copy.bodyUsed,
        await copy.text(),
      ];
    },
  ],
  [
    "request: clone of a used one",
    async ({ Request }) => {
      const request = new Request("http://a", { method: "POST", body: "x" });
      await request.text();
      return request.clone();
    },
  ],
];
