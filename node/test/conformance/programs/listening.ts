// Where a server listens, options that are wrong, and limits that need no client.
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fact, outcome, outcomeOf, ready } from "./say";

const fetch = (req: Request, server: any) =>
  Response.json([
    new URL(req.url).pathname,
    server.requestIP(req),
    server.port === undefined,
    server.hostname === undefined,
  ]);
const folder = mkdtempSync(join(tmpdir(), "conformance-"));

function tried(options: any): unknown {
  return outcome(() => {
    Bun.serve({ ...options }).stop(true);
    return "accepted";
  });
}

const wrong: Record<string, any> = {
  "no options": undefined,
  null: null,
  text: "text",
  "fetch is text": { port: 0, fetch: "text" },
  "fetch is null": { port: 0, fetch: null },
  "neither fetch nor routes": { port: 0 },
  "error is text": { port: 0, fetch, error: "text" },
  "both unix and port": { port: 0, unix: join(folder, "both.sock"), fetch },
  "both unix and hostname": { hostname: "127.0.0.1", unix: join(folder, "both.sock"), fetch },
  "unix in a folder that is not there": { unix: join(folder, "nowhere/x.sock"), fetch },
  "unix too long": { unix: join(folder, "x".repeat(200)), fetch },
  "unix is a number": { unix: 1, fetch },
  "hostname unknown": { port: 0, hostname: "no.such.host.invalid", fetch },
  "hostname of another machine": { port: 0, hostname: "192.0.2.1", fetch },
  "hostname empty": { port: 0, hostname: "", fetch },
  "hostname a number": { port: 0, hostname: 1, fetch },
  "idleTimeout negative": { port: 0, idleTimeout: -1, fetch },
  "idleTimeout text": { port: 0, idleTimeout: "10", fetch },
  "idleTimeout 255": { port: 0, idleTimeout: 255, fetch },
  "idleTimeout 256": { port: 0, idleTimeout: 256, fetch },
  "idleTimeout a fraction": { port: 0, idleTimeout: 0.5, fetch },
  "maxRequestBodySize negative": { port: 0, maxRequestBodySize: -1, fetch },
  "maxRequestBodySize text": { port: 0, maxRequestBodySize: "1", fetch },
  "reusePort text": { port: 0, reusePort: "yes", fetch },
  "development text": { port: 0, development: "yes", fetch },
  "development as object": { port: 0, development: { hmr: false, console: false }, fetch },
  "id a number": { port: 0, id: 1, fetch },
  "unknown option": { port: 0, colour: "blue", fetch },
};
for (const [name, options] of Object.entries(wrong)) {
  fact(
    `option: ${name}`,
    name === "no options" || options === null || typeof options !== "object"
      ? outcome(() => (Bun as any).serve(options) && "accepted")
      : tried(options),
  );
}

{
  const first = Bun.serve({ port: 0, fetch });
  fact(
    "port in use",
    outcome(() => typeof Bun.serve({ port: first.port, fetch }).port),
  );
  await first.stop(true);
  fact(
    "port free again after stop",
    outcome(() => {
      const second = Bun.serve({ port: first.port ?? 0, fetch });
      second.stop(true);
      return "accepted";
    }),
  );
  const one = Bun.serve({ port: 0, reusePort: true, fetch });
  fact(
    "reusePort",
    outcome(() => {
      const two = Bun.serve({ port: one.port, reusePort: true, fetch });
      const same = two.port === one.port;
      two.stop(true);
      return same;
    }),
  );
  await one.stop(true);
}

{
  const path = join(folder, "live.sock");
  const live = Bun.serve({ unix: path, fetch });
  fact("unix: port, hostname", [live.port, live.hostname]);
  fact("unix: url", String(live.url).replace(path, "PATH"));
  fact(
    "unix: address",
    outcome(() => (live.address as any) === path || typeof live.address),
  );
  fact("unix: file is there", existsSync(path));
  await live.stop(true);
  fact("unix: file is gone after stop", !existsSync(path));

  const stale = join(folder, "stale.sock");
  const holder = createServer().listen(stale);
  await new Promise((resolve) => holder.once("listening", resolve));
  fact("unix: somebody else is listening", tried({ unix: stale, fetch }));
  await new Promise((resolve) => holder.close(resolve));
  const file = join(folder, "file");
  writeFileSync(file, "not a socket");
  fact("unix: a file that is no socket", tried({ unix: file, fetch }));
}

const unix = join(folder, "main.sock");
const abstract = `\0conformance-${process.pid}`;
Bun.serve({ unix, development: false, fetch });
Bun.serve({ unix: abstract, development: false, fetch });
const all = Bun.serve({ port: 0, fetch });
fact(
  "all interfaces: IPv6, too",
  await outcomeOf(
    () =>
      new Promise((resolve) => {
        const socket = connect({ port: all.port!, host: "::1" });
        socket
          .once("connect", () => resolve("connected"))
          .once("error", (error: any) => resolve(error.code));
        socket.once("connect", () => socket.destroy());
      }),
  ),
);

ready({ unix, abstract, all });
