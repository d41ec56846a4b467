// Everything that a handler may return, by path.
import { ready } from "./say";

const bytes = new Uint8Array([0, 1, 2, 127, 128, 255]);
const form = () => {
  const data = new FormData();
  data.append("name", "Grüße");
  data.append("file", new Blob(["content"], { type: "text/css" }), "a.css");
  return data;
};
const kept = new Response("kept");

const upstream = Bun.serve({
  port: 0,
  fetch(req) {
    const { pathname } = new URL(req.url);
    if (pathname === "/204") return new Response(null, { status: 204 });
    return new Response(`upstream ${pathname}`, {
      status: 203,
      headers: [
        ["X-Upstream", "yes"],
        ["Set-Cookie", "u=1"],
        ["Set-Cookie", "v=2"],
      ],
    });
  },
});

const replies: Record<string, () => any> = {
  string: () => new Response("Bun!"),
  "string not ASCII": () => new Response("grüße 👋"),
  "string empty": () => new Response(""),
  "string with a lone surrogate": () => new Response("a\ud800b"),
  "string long": () => new Response("x".repeat(20_000)),
  "no body": () => new Response(),
  "null body": () => new Response(null),
  "undefined body": () => new Response(undefined),
  "undefined body with status": () => new Response(undefined, { status: 201 }),
  "number body": () => new Response(42 as any),
  "boolean body": () => new Response(false as any),
  "object body": () => new Response({} as any),
  Uint8Array: () => new Response(bytes),
  "Uint8Array empty": () => new Response(new Uint8Array(0)),
  "part of a buffer": () => new Response(new Uint8Array(bytes.buffer, 2, 3)),
  ArrayBuffer: () => new Response(bytes.buffer),
  DataView: () => new Response(new DataView(bytes.buffer, 1, 2)),
  Uint16Array: () => new Response(new Uint16Array([0x4142, 0x4344])),
  Buffer: () => new Response(Buffer.from("buffer")),
  Blob: () => new Response(new Blob(["<p>"])),
  "Blob with type": () => new Response(new Blob(["<p>"], { type: "text/html" })),
  "Blob empty": () => new Response(new Blob([])),
  "Blob with type and a field": () =>
    new Response(new Blob(["{}"], { type: "text/html" }), {
      headers: { "Content-Type": "text/css" },
    }),
  URLSearchParams: () => new Response(new URLSearchParams({ a: "1 2", ü: "&" })),
  json: () => Response.json({ a: [1, "ü", null] }),
  "json with status": () => Response.json({}, { status: 418 }),
  "json with status as number": () => Response.json([], 201 as any),
  "json with type": () => Response.json(1, { headers: { "content-type": "application/ld+json" } }),
  "json of a string": () => Response.json("text"),
  "json of null": () => Response.json(null),
  "json of undefined": () => Response.json(undefined),
  redirect: () => Response.redirect("/elsewhere"),
  "redirect 301": () => Response.redirect("/elsewhere?a=b#c", 301),
  "redirect with options": () =>
    Response.redirect("https://example.com/x", { status: 308, headers: { "X-A": "b" } } as any),
  "redirect not ASCII": () => Response.redirect("/grüße"),
  "redirect absolute": () => Response.redirect("http://example.com"),
  "redirect wrong status": () => Response.redirect("/x", 200),
  error: () => Response.error(),
  "status 201": () => new Response("made", { status: 201 }),
  "status 204": () => new Response(null, { status: 204 }),
  "status 205": () => new Response(null, { status: 205 }),
  "status 304": () => new Response(null, { status: 304 }),
  "status 404": () => new Response("nothing", { status: 404 }),
  "status 418": () => new Response("short and stout", { status: 418 }),
  "status 299": () => new Response("no phrase", { status: 299 }),
  "status 500 of its own": () => new Response("ours", { status: 500 }),
  "status 599": () => new Response("last", { status: 599 }),
  "status 100": () => new Response("x", { status: 100 }),
  "status 600": () => new Response("x", { status: 600 }),
  "status 204 with body": () => new Response("body", { status: 204 }),
  "status 304 with body": () => new Response("body", { status: 304 }),
  "status as text": () => new Response("x", { status: "202" as any }),
  statusText: () => new Response("x", { status: 200, statusText: "Fine" }),
  "statusText of 404": () => new Response("x", { status: 404, statusText: "Lost" }),
  fields: () => new Response("x", { headers: { "X-A": "1", "x-b": "two words", "X-Empty": "" } }),
  "fields as list": () =>
    new Response("x", {
      headers: [
        ["X-A", "1"],
        ["X-A", "2"],
      ],
    }),
  "fields as Headers": () => new Response("x", { headers: new Headers({ "X-A": "1" }) }),
  "field of latin-1": () => new Response("x", { headers: { "X-A": "caf\xe9" } }),
  "several Set-Cookie": () =>
    new Response("x", {
      headers: [
        ["Set-Cookie", "a=1; Path=/"],
        ["Set-Cookie", "b=2"],
      ],
    }),
  "type of its own": () => new Response("<p>", { headers: { "Content-Type": "text/html" } }),
  "fields set later": () => {
    const response = new Response("<p>");
    response.headers.set("Content-Type", "text/html");
    response.headers.append("Set-Cookie", "late=1");
    return response;
  },
  "field deleted later": () => {
    const response = new Response("x");
    response.headers.delete("Content-Type");
    return response;
  },
  "Date of its own": () =>
    new Response("x", { headers: { Date: "Tue, 15 Nov 1994 08:12:31 GMT" } }),
  "Server of its own": () => new Response("x", { headers: { Server: "mine" } }),
  "Connection close": () => new Response("x", { headers: { Connection: "close" } }),
  "Content-Length right": () => new Response("four", { headers: { "Content-Length": "4" } }),
  "Content-Length too large": () => new Response("four", { headers: { "Content-Length": "7" } }),
  "Content-Length too small": () => new Response("four", { headers: { "Content-Length": "2" } }),
  "Transfer-Encoding of its own": () =>
    new Response("four", { headers: { "Transfer-Encoding": "chunked" } }),
  promise: () => Promise.resolve(new Response("promise")),
  "promise later": async () => {
    await Bun.sleep(1);
    return new Response("later", { headers: { "X-Late": "1" } });
  },
  thenable: () => ({ then: (resolve: any) => resolve(new Response("thenable")) }),
  "promise of a promise": async () => (async () => new Response("nested"))(),
  clone: () => new Response("cloned", { status: 202, headers: { "X-A": "1" } }).clone(),
  "original of a clone": () => {
    const response = new Response("original");
    response.clone();
    return response;
  },
  "clone of one that is kept": () => kept.clone(),
  "used before": async () => {
    const response = new Response("used");
    await response.text();
    return response;
  },
  "null body read before": async () => {
    const response = new Response(null);
    await response.text();
    return response;
  },
  copied: async () => {
    const response = new Response("original", { headers: { "X-A": "1" } });
    return new Response(response.body, response);
  },
  "copied with other fields": () => {
    const response = new Response("moved", { status: 202, headers: { "X-A": "1" } });
    return new Response("other", {
      ...response,
      headers: { ...response.headers.toJSON?.(), "X-B": "2" },
    });
  },
  subclass: () => new (class Mine extends Response {})("mine", { headers: { "X-Mine": "1" } }),
  fetch: () => fetch(new URL("/up", upstream.url)),
  "fetch 204": () => fetch(new URL("/204", upstream.url)),
  "fetch awaited": async () => {
    const response = await fetch(new URL("/awaited", upstream.url));
    return new Response(await response.text(), { status: response.status });
  },
  "fetch of the request": () => fetch(new Request(new URL("/request", upstream.url))),
  number: () => 42,
  text: () => "text",
  "plain object": () => ({ status: 200 }),
  Error: () => new Error("returned"),
  nothing: () => undefined,
  null: () => null,
  "nothing later": async () => {},
  "number later": async () => 1,
};

const byPath = (request: Request) =>
  replies[decodeURIComponent(new URL(request.url).pathname.slice(1))]();

ready({
  main: Bun.serve({
    port: 0,
    development: false,
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/form") return new Response(form());
      if (pathname === "/shared") return kept;
      return byPath(request);
    },
  }),
  developed: Bun.serve({ port: 0, development: true, fetch: byPath }),
  // The driver asks for every reply that there is.
  ...Object.fromEntries(Object.keys(replies).map((name) => [`reply: ${name}`, "" as string])),
});
