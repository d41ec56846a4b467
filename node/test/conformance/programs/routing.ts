// Which route answers, and with what.
import { fact, outcome, ready } from "./say";

const params = (req: any) => Response.json(req.params);
const says = (text: string) => () => new Response(text);
const fetch = (req: Request) => new Response(`fetch ${req.method} ${new URL(req.url).pathname}`);

const order = {
  "/": says("root"),
  "/exact": says("exact"),
  "/exact/:param": params,
  "/exact/fixed": says("fixed before parameter"),
  "/users/:id": params,
  "/users/:id/posts/:post": params,
  "/users/:id/*": (req: any) => Response.json(["wildcard", req.params]),
  "/files/*": (req: any) => Response.json(["files", req.params ?? null]),
  "/trailing/": says("with its slash"),
  "/CASE": says("upper"),
  "/many/:a/:b/:c/:d/:e": params,
  "/p%20q": says("written encoded"),
  "/off": false as any,
  "/method/off": { GET: says("get"), POST: false as any },
};

const methods = {
  "/get": { GET: says("get") },
  "/post": { POST: says("post") },
  "/both": { GET: says("get"), HEAD: () => new Response(null, { headers: { "X-Head": "own" } }) },
  "/all": {
    GET: says("get"),
    POST: says("post"),
    PUT: says("put"),
    DELETE: says("delete"),
    PATCH: says("patch"),
    HEAD: says("head"),
    OPTIONS: says("options"),
  },
  "/any": (req: Request) => new Response(`any ${req.method}`),
  "/prepared": { GET: new Response("prepared get"), POST: says("posted") },
  "/prepared/any": new Response("prepared any"),
};

const upstream = Bun.serve({ port: 0, fetch: () => Response.json({ from: "elsewhere" }) });
const fetched = await (await globalThis.fetch(upstream.url)).blob();
await upstream.stop(true);

const prepared = {
  "/text": new Response("Hello World"),
  "/empty": new Response(""),
  "/none": new Response(null),
  "/204": new Response(null, { status: 204 }),
  "/404": new Response("nothing", { status: 404 }),
  "/json": Response.json({ version: "1.0.0" }),
  "/redirect": Response.redirect("/new-link", 301),
  "/bytes": new Response(new Uint8Array([1, 2, 255]), {
    headers: { "Content-Type": "image/x-icon" },
  }),
  "/buffer": new Response(new Uint8Array([65, 66]).buffer),
  "/blob": new Response(new Blob(["<p>"], { type: "text/html" })),
  "/fetched": new Response(fetched),
  "/form": new Response(new URLSearchParams({ a: "b" })),
  "/fields": new Response("x", { headers: { "X-Custom-Header": "Bun!" } }),
  "/cookies": new Response("x", {
    headers: [
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ],
  }),
  "/etag": new Response("tagged", { headers: { ETag: '"mine"' } }),
  "/etag/weak": new Response("tagged", { headers: { ETag: 'W/"mine"' } }),
  "/dated": new Response("dated", {
    headers: { "Last-Modified": "Tue, 15 Nov 1994 08:12:31 GMT" },
  }),
};

const optional = { "/kept": says("kept"), "/left-out": undefined } as any;
const multipart = new FormData();
multipart.append("a", "b");
const shared = new Response("shared");

const refused: Record<string, unknown> = {
  "no slash": { hello: says("x") },
  "empty pattern": { "": says("x") },
  number: { "/x": 1 },
  text: { "/x": "text" },
  null: { "/x": null },
  undefined: { "/x": undefined },
  true: { "/x": true },
  "empty object": { "/x": {} },
  "unknown method": { "/x": { BREW: says("x") } },
  "method in lower case": { "/x": { get: says("x") } },
  "wrong value for a method": { "/x": { GET: 1 } },
  "same parameter twice": { "/:a/:a": says("x") },
  "parameter without name": { "/:": says("x") },
  "wildcard not at the end": { "/*/x": says("x") },
  "parameter that begins with a digit": { "/:1": says("x") },
  "parameter with an ending": { "/:file.ext": says("x") },
  "parameter behind text": { "/v:version": says("x") },
  "parameter with a hyphen": { "/:a-b": says("x") },
  "wildcard behind text": { "/x*": says("x") },
  "wildcard alone": { "*": says("x") },
  "not ASCII": { "/ö": says("x") },
  space: { "/a b": says("x") },
  "question mark": { "/a?b": says("x") },
  "two patterns that say the same": { "/:a": says("x"), "/:b": says("x") },
  list: [],
  "routes as text": "text",
  "a Response that was used": await (async () => {
    const response = new Response("used");
    await response.text();
    return { "/x": response };
  })(),
  "a Response with a stream": {
    "/x": new Response(
      new ReadableStream({
        start(c) {
          c.close();
        },
      }),
    ),
  },
  "Response.error()": { "/x": Response.error() },
};
for (const [name, routes] of Object.entries(refused)) {
  fact(
    `refused: ${name}`,
    outcome(() => {
      Bun.serve({ port: 0, routes: routes as any, fetch }).stop(true);
      return "accepted";
    }),
  );
}

const withBlobs = Bun.serve({ port: 0, development: false, static: prepared, fetch } as any);
const withForm = Bun.serve({ port: 0, static: { "/x": new Response(multipart) }, fetch } as any);
// What has to be read first is not prepared from the first moment on.
const tagged = async (url: URL) => (await globalThis.fetch(url)).headers.has("etag");
while (!(await tagged(new URL("/blob", withBlobs.url)))) {}
while (!(await tagged(new URL("/fetched", withBlobs.url)))) {}
while (!(await tagged(new URL("/x", withForm.url)))) {}

ready({
  main: Bun.serve({ port: 0, development: false, routes: order, fetch }),
  bare: Bun.serve({ port: 0, development: false, routes: { "/only": says("only") } }),
  star: Bun.serve({ port: 0, development: false, routes: { "/a": says("a"), "/*": says("star") } }),
  methods: Bun.serve({ port: 0, development: false, routes: methods as any, fetch }),
  methodsOnly: Bun.serve({ port: 0, development: false, routes: methods as any }),
  prepared: withBlobs,
  multipart: withForm,
  optional: Bun.serve({ port: 0, routes: optional, fetch }),
  both: Bun.serve({
    port: 0,
    static: { "/x": new Response("static"), "/s": new Response("only static") },
    routes: { "/x": new Response("routes") },
    fetch,
  } as any),
  shared: Bun.serve({
    port: 0,
    routes: { "/a": shared, "/b": shared, "/c/:d": shared, "/e/*": shared },
  }),
});
