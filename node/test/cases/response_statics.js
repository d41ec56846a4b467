/** Cases of Response.json, error and redirect; see compare.js. */

const REDIRECTS = [200, 300, 301, 302, 303, 304, 305, 307, 308, 400, "301"];

export const cases = [
  [
    "response: json",
    async ({ Response }) => {
      const response = Response.json({ a: [1, null] }, { status: 201, headers: { b: "c" } });
      return [response.status, response.headers.get("b"), await response.text()];
    },
  ],
  [
    "response: the type of json",
    ({ Response }) => Response.json(1).headers.get("content-type"),
    {
      ours: "application/json;charset=utf-8",
      node: "application/json",
      why: "as Bun",
    },
  ],
  [
    "response: json with a type of its own",
    ({ Response }) =>
      Response.json(1, { headers: { "content-type": "a/b" } }).headers.get("content-type"),
  ],
  ...[
    ["undefined", undefined],
    ["a symbol", Symbol("s")],
    ["a function", () => 1],
    ["a big integer", 1n],
  ].map(([name, value]) => [`response: json of ${name}`, ({ Response }) => Response.json(value)]),
  [
    "response: json of a circle",
    ({ Response }) => {
      const circle = {};
      circle.circle = circle;
      return Response.json(circle);
    },
  ],
  ["response: json of nothing", ({ Response }) => Response.json(), { bun: {} }],
  [
    "response: json with a status",
    ({ Response }) => Response.json(1, 404).status,
    {
      ours: 404,
      node: "!TypeError",
      why: "as Bun",
    },
  ],
  [
    "response: json with a status without body",
    ({ Response }) => Response.json(1, { status: 204 }).status,
    {
      ours: 204,
      node: "!TypeError",
      why: "as new Response",
    },
  ],
  [
    "response: error",
    ({ Response }) => {
      const { status, type, ok, statusText, body } = Response.error();
      return { status, type, ok, statusText, body };
    },
  ],
  [
    "response: fields of redirects can be changed",
    ({ Response }) => {
      const response = Response.redirect("http://a/");
      response.headers.append("set-cookie", "a=b");
      return response.headers.getSetCookie();
    },
    { ours: ["a=b"], node: "!TypeError", why: "as Bun: programs add cookies" },
  ],
  ...["http://a/b", "https://a.b/c d", "http://a"].map((url) => [
    `response: redirect to ${url}`,
    ({ Response }) => {
      const { status, headers, redirected, type, body } = Response.redirect(url);
      return [status, [...headers], redirected, type, body];
    },
    url === "http://a" ? { bun: [302, [["location", "http://a/"]], false, "default", null] } : {},
  ]),
  [
    "response: redirect to a URL object",
    ({ Response }) => Response.redirect(new URL("http://a/?b")).headers.get("location"),
  ],
  ...[
    ["/x", "/x"],
    ["relative?a", "relative?a"],
    ["//h/p", "//h/p"],
    ["#a", "#a"],
    ["é ü", "%C3%A9%20%C3%BC", "é ü"],
  ].map(([url, ours, bun = ours]) => [
    `response: redirect to ${url}`,
    ({ Response }) => Response.redirect(url).headers.get("location"),
    {
      ours,
      node: "!TypeError",
      bun,
      why: "relative targets as in Bun; Node has nothing that they are relative to",
    },
  ]),
  [
    "response: redirect to a bad absolute URL",
    ({ Response }) => Response.redirect("http://["),
    { bun: {} },
  ],
  ["response: redirect to two lines", ({ Response }) => Response.redirect("/a\r\nb: c")],
  ["response: redirect to nowhere", ({ Response }) => Response.redirect(), { bun: {} }],
  ...REDIRECTS.map((status) => [
    `response: redirect with ${JSON.stringify(status)}`,
    ({ Response }) => Response.redirect("http://a/", status).status,
    status === "301" ? { bun: 302 } : {},
  ]),
  [
    "response: redirect with an object",
    ({ Response }) => {
      const response = Response.redirect("/q", {
        status: 307,
        headers: { location: "/other", a: "b" },
      });
      return [response.status, [...response.headers]];
    },
    {
      ours: [
        307,
        [
          ["a", "b"],
          ["location", "/q"],
        ],
      ],
      node: "!TypeError",
      bun: [
        307,
        [
          ["a", "b"],
          ["location", "/q"],
        ],
      ],
      why: "as Bun",
    },
  ],
  [
    "response: redirect with an object without status",
    ({ Response }) => Response.redirect("http://a/", {}).status,
    {
      ours: 302,
      node: "!RangeError",
      bun: 200,
      why: "302 is what is meant",
    },
  ],
  [
    "response: redirect with an object and a wrong status",
    ({ Response }) => Response.redirect("http://a/", { status: 200 }).status,
    {
      bun: 200,
    },
  ],
];
