// The Server object: every member, and what stop, reload and timeouts do.
import { call, fact, outcome, outcomeOf, ready } from "./say";

const ok = () => new Response("ok");
const masked = (text: any) => String(text).replace(/:\d{4,5}/, ":PORT");

{
  const server = Bun.serve({ port: 0, id: "mine", development: false, fetch: ok });
  fact("port", typeof server.port);
  fact("hostname", server.hostname);
  fact("url", [server.url instanceof URL, masked(server.url.href), server.url === server.url]);
  fact("protocol", server.protocol);
  fact("id", server.id);
  fact("development off", server.development);
  fact("pendingRequests of an idle server", server.pendingRequests);
  fact("pendingWebSockets", server.pendingWebSockets);
  fact("subscriberCount", server.subscriberCount("nothing"));
  fact(
    "address",
    outcome(() => {
      const { address, family, port } = server.address as any;
      return [address, family, port === server.port];
    }),
  );
  fact(
    "members are functions",
    [
      "stop",
      "reload",
      "fetch",
      "upgrade",
      "publish",
      "subscriberCount",
      "requestIP",
      "timeout",
      "ref",
      "unref",
      "closeIdleConnections",
    ].map((name) => [name, typeof (server as any)[name]]),
  );
  fact(
    "members cannot be set",
    outcome(() => {
      const { port } = server;
      try {
        (server as any).port = 1;
      } catch {}
      return server.port === port;
    }),
  );
  fact("ref and unref return", [server.unref() === server, server.ref() === server].map(String));
  fact("Symbol.dispose", typeof (server as any)[Symbol.dispose]);
  fact("as text", String(server));
  await server.stop(true);
  fact("port after stop", typeof server.port);
  fact("stop twice", await outcomeOf(async () => (await server.stop()) ?? "resolved"));
  fact("stop resolves to", await outcomeOf(async () => typeof (await server.stop(true))));
  fact(
    "reload after stop",
    outcome(() => typeof server.reload({ fetch: ok })),
  );
}

{
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: ok });
  fact("hostname: given", [server.hostname, masked(server.url.href)]);
  fact("development on", server.development);
  fact("id by itself", typeof server.id);
  await server.stop(true);
}
for (const hostname of ["0.0.0.0", "localhost", "::1", "::", "127.0.0.2"]) {
  fact(
    `hostname: ${hostname}`,
    await outcomeOf(async () => {
      const server = Bun.serve({ port: 0, hostname, fetch: ok });
      const { hostname: said, url, address } = server as any;
      await server.stop(true);
      return [said, masked(url.href), address.address, address.family];
    }),
  );
}

{
  const server = Bun.serve({
    port: 0,
    routes: {
      "/route/:id": (req) => new Response(`route ${req.params.id}`),
      "/prepared": new Response("prepared"),
    },
    async fetch(req, given) {
      const { pathname } = new URL(req.url);
      if (pathname === "/throw") throw new Error("inside");
      const body = await req.text();
      return Response.json(
        [req.method, masked(req.url), body, req.headers.get("x-a"), given?.requestIP(req) ?? null],
        { status: 202, headers: { "X-Reply": "1" } },
      );
    },
    error: () => new Response("mended", { status: 503 }),
  });
  const told = async (answer: any) => {
    const response = await answer;
    return [
      response instanceof Response,
      response.status,
      response.headers.get("x-reply"),
      await response.text(),
    ];
  };
  fact("fetch: path", await outcomeOf(() => told(server.fetch("/path?a=b"))));
  fact("fetch: URL as text", await outcomeOf(() => told(server.fetch("http://example.com/x"))));
  fact(
    "fetch: Request",
    await outcomeOf(() =>
      told(
        server.fetch(
          new Request("http://example.com/x", {
            method: "POST",
            body: "body",
            headers: { "X-A": "1" },
          }),
        ),
      ),
    ),
  );
  fact(
    "fetch: route",
    await outcomeOf(async () =>
      (await server.fetch(new Request(new URL("/route/7", server.url)))).text(),
    ),
  );
  fact(
    "fetch: prepared",
    await outcomeOf(async () => (await server.fetch(new URL("/prepared", server.url).href)).text()),
  );
  fact("fetch: throws", await outcomeOf(async () => (await server.fetch("/throw")).status));
  fact("fetch: number", await outcomeOf(async () => (await server.fetch(1 as any)).status));
  fact(
    "fetch is a promise or a Response",
    await (async () => {
      const answer: any = server.fetch("/");
      await answer;
      return answer instanceof Promise || answer instanceof Response;
    })(),
  );
  fact(
    "requestIP of a Request of the program",
    outcome(() => server.requestIP(new Request("http://a/"))),
  );
  await server.stop(true);
}

{
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let aborted: unknown = "not yet";
  const server = Bun.serve({
    port: 0,
    async fetch(req, server) {
      if (req.url.endsWith("/count")) return new Response(String(server.pendingRequests));
      req.signal.addEventListener("abort", () => (aborted = req.signal.reason?.name));
      await held;
      return new Response("at last");
    },
  });
  fact("pendingRequests inside", await (await fetch(new URL("/count", server.url))).text());
  const waiting = fetch(new URL("/wait", server.url)).then(
    (r) => r.text(),
    () => "cut",
  );
  while (server.pendingRequests < 1) await new Promise((resolve) => setImmediate(resolve));
  fact("pendingRequests", server.pendingRequests);
  const stopped = server.stop();
  fact("stop is a promise", stopped instanceof Promise);
  fact(
    "no new connections while it stops",
    await fetch(new URL("/new", server.url)).then(
      () => "answered",
      () => "refused",
    ),
  );
  let done = false;
  stopped.then(() => (done = true));
  await new Promise((resolve) => setImmediate(resolve));
  fact("stop waits for requests", done);
  release();
  fact("a request under way at stop", await waiting);
  await stopped;
  fact("pendingRequests after stop", server.pendingRequests);
  fact("signal of a request that was answered", aborted);
}

{
  const held = new Promise<void>(() => {});
  let aborted: (name: unknown) => void;
  const abort = new Promise((resolve) => (aborted = resolve));
  const server = Bun.serve({
    port: 0,
    async fetch(req) {
      req.signal.addEventListener("abort", () => aborted(req.signal.reason?.name));
      await held;
      return new Response("never");
    },
  });
  const waiting = fetch(server.url).then(
    (r) => r.text(),
    () => "cut",
  );
  while (server.pendingRequests < 1) await new Promise((resolve) => setImmediate(resolve));
  await server.stop(true);
  fact("stop(true) cuts", await waiting);
  fact("stop(true) aborts", await abort);
}

{
  using server = Bun.serve({ port: 0, fetch: ok });
  fact("using", (await fetch(server.url)).status);
}

const stopping = Bun.serve({
  port: 0,
  async fetch(req, server) {
    call("stopping");
    const stopped = server.stop();
    await Bun.sleep(1);
    stopped.then(() => call("stopped"));
    return new Response("stopped myself");
  },
});

const reloaded = Bun.serve({
  port: 0,
  development: false,
  routes: { "/prepared": new Response("old prepared"), "/gone": new Response("old route") },
  async fetch(req, server) {
    const { pathname } = new URL(req.url);
    if (pathname !== "/reload") return new Response("old fetch");
    server.reload({
      routes: {
        "/prepared": new Response("new prepared"),
        "/new": () => new Response("new route"),
      },
      fetch(req) {
        if (req.url.endsWith("/throw")) throw new Error("thrown");
        return new Response("new fetch");
      },
      error: () => new Response("new error"),
    });
    await Bun.sleep(1);
    return new Response("from the old one");
  },
});
const reloadedOnly = Bun.serve({
  port: 0,
  development: false,
  routes: { "/prepared": new Response("old prepared") },
  fetch(req, server) {
    if (new URL(req.url).pathname === "/only fetch".replace(" ", "-")) {
      server.reload({ fetch: () => new Response("new fetch") } as any);
    }
    return new Response("old fetch");
  },
  error: () => new Response("old error"),
});
fact(
  "reload of nothing",
  outcome(() => typeof (reloadedOnly as any).reload()),
);
fact(
  "reload with a wrong fetch",
  outcome(() => typeof reloadedOnly.reload({ fetch: 1 } as any)),
);
fact(
  "reload returns the server",
  outcome(
    () =>
      reloadedOnly.reload({
        routes: { "/prepared": new Response("old prepared") },
        fetch: (req: Request, server: any) => {
          if (req.url.endsWith("/only-fetch"))
            server.reload({ fetch: () => new Response("new fetch") });
          return new Response("old fetch");
        },
      } as any) === reloadedOnly,
  ),
);

ready({
  stopping,
  reloaded,
  reloadedOnly,
  context: Bun.serve({
    port: 0,
    routes: {
      "/this": function (this: any, req, server) {
        return Response.json([this === server, arguments.length, server.port > 0]);
      },
    },
    fetch(this: any, req, server) {
      return Response.json([this === server, arguments.length, server.port > 0]);
    },
  }),
  peer: Bun.serve({
    port: 0,
    fetch(req, server) {
      const { address, family, port } = server.requestIP(req)!;
      return Response.json([address, family, typeof port, String(server.requestIP(req))]);
    },
  }),
  timeout: Bun.serve({
    port: 0,
    fetch(req, server) {
      return Response.json([
        outcome(() => typeof server.timeout(req, 60)),
        outcome(() => typeof server.timeout(req, 0)),
        typeof outcome(() => server.timeout(req, "x" as any)),
      ]);
    },
  }),
  idle: Bun.serve({
    port: 0,
    fetch: (req, server: any) =>
      new Response(
        typeof server.closeIdleConnections === "function"
          ? String(server.closeIdleConnections())
          : "none",
      ),
  }),
});
