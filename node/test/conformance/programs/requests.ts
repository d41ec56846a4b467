// What a handler sees of a request.
import { call, outcome, outcomeOf, ready } from "./say";

const entriesOf = (form: FormData) =>
  Promise.all(
    [...form].map(async ([name, value]: [string, any]) =>
      typeof value === "string"
        ? [name, value]
        : [name, value.name, value.type.replace(/;charset=utf-8$/, ""), await value.text()],
    ),
  );

const readers: Record<string, (req: Request) => unknown> = {
  text: (req) => req.text(),
  json: (req) => req.json(),
  bytes: async (req) => [...(await req.bytes())],
  arrayBuffer: async (req) => [...new Uint8Array(await req.arrayBuffer())],
  blob: async (req) => {
    const blob = await req.blob();
    return [blob.size, await blob.text(), blob.type];
  },
  formData: async (req) => entriesOf((await req.formData()) as any),
  stream: async (req) => {
    let length = 0;
    for await (const chunk of req.body as any) length += chunk.length;
    return length;
  },
  nothing: () => "not read",
  "no body": (req) => req.body === null,
};

async function read(req: Request): Promise<Response> {
  try {
    return Response.json({
      read: await readers[decodeURIComponent(new URL(req.url).pathname.slice(1))](req),
    });
  } catch (error: any) {
    return Response.json({ rejected: true, message: typeof error?.message }, { status: 400 });
  }
}

const facts: Record<string, (req: any, server: any) => any> = {
  head: (req) => [
    req.method,
    new URL(req.url).host.replace(/:\d+$/, ""),
    new URL(req.url).pathname,
    new URL(req.url).search,
  ],
  headers: (req) => [...req.headers].filter(([name]: [string]) => name !== "host"),
  "headers get": (req) =>
    ["X-One", "x-one", "X-TWO", "cookie", "accept", "missing"].map((name) => req.headers.get(name)),
  "headers more": (req) => [
    req.headers.has("x-one"),
    req.headers.has("nope"),
    [...req.headers.keys()].sort(),
  ],
  "headers changed": (req) => {
    req.headers.set("x-one", "changed");
    req.headers.append("x-new", "1");
    req.headers.delete("x-two");
    return ["x-one", "x-new", "x-two"].map((name) => req.headers.get(name));
  },
  classes: (req) => [
    req instanceof Request,
    req.headers instanceof Headers,
    req.signal instanceof AbortSignal,
    Object.prototype.toString.call(req),
    req.constructor === Request,
  ],
  defaults: (req) => [
    req.mode,
    req.credentials,
    req.cache,
    req.redirect,
    req.referrerPolicy,
    req.integrity,
    req.keepalive,
  ],
  used: async (req) => {
    const before = req.bodyUsed;
    await req.text();
    return [before, req.bodyUsed];
  },
  "used when reading": (req) => {
    const text = req.text();
    return text.then((body: string) => [body, req.bodyUsed]);
  },
  twice: async (req) => {
    await req.text();
    return req.text().then(
      () => "read twice",
      () => "rejected",
    );
  },
  cloned: async (req) => {
    const copy = req.clone();
    return [
      await copy.text(),
      await req.text(),
      copy.method,
      copy.url === req.url,
      copy.headers.get("x-one"),
    ];
  },
  "clone after reading": async (req) => {
    await req.text();
    try {
      req.clone();
      return "cloned";
    } catch (error: any) {
      return error.name;
    }
  },
  "new Request": async (req) => {
    const copy = new Request(req);
    return [copy.method, await copy.text(), req.bodyUsed, copy.headers.get("x-one")];
  },
  "new Request with URL": async (req) => {
    const copy = new Request("http://other/path", req);
    return [copy.method, copy.url, copy.headers.get("x-one"), await copy.text()];
  },
  params: (req) => [req.params === undefined],
  expando: (req) => {
    req.mine = 1;
    return req.mine;
  },
  "aborted yet": (req) => req.signal.aborted,
};

const kept: Request[] = [];

async function tell(req: Request, server: any): Promise<Response> {
  const path = decodeURIComponent(new URL(req.url).pathname.slice(1));
  return Response.json(await facts[path](req, server));
}

async function waiting(req: Request): Promise<Response> {
  call("waiting");
  await new Promise<void>((resolve) => req.signal.addEventListener("abort", () => resolve()));
  call("aborted", [req.signal.aborted, req.signal.reason?.name]);
  return new Response("too late");
}

ready({
  read: Bun.serve({ port: 0, development: false, fetch: read }),
  echo: Bun.serve({
    port: 0,
    development: false,
    fetch: (req) => new Response(`${req.method} ${req.url.replace(/:\d{4,5}/, ":PORT")}`),
  }),
  limited: Bun.serve({ port: 0, development: false, maxRequestBodySize: 10, fetch: read }),
  tell: Bun.serve({ port: 0, development: false, fetch: tell }),
  wait: Bun.serve({ port: 0, development: false, fetch: waiting }),
  "cut body": Bun.serve({
    port: 0,
    development: false,
    async fetch(req) {
      call("waiting");
      call(
        "body",
        await req.text().then(
          () => "read",
          (error: any) => ["rejected", typeof error.message],
        ),
      );
      return new Response("too late");
    },
  }),
  kept: Bun.serve({
    port: 0,
    development: false,
    async fetch(req) {
      if (kept.length === 0) return (kept.push(req), new Response("first"));
      const [first] = kept;
      return Response.json({
        method: outcome(() => first.method),
        url: outcome(() => new URL(first.url).pathname),
        field: outcome(() => first.headers.get("x-one")),
        body: await outcomeOf(() => first.text().then(() => "read")),
        aborted: outcome(() => first.signal.aborted),
      });
    },
  }),
  proxy: Bun.serve({
    port: 0,
    development: false,
    fetch: (req) => {
      const { searchParams } = new URL(req.url);
      return fetch(new Request(`http://127.0.0.1:${searchParams.get("to")}/proxied`, req));
    },
  }),
});
