/** What programs for Bun write, and what the types must refuse. */
import Default, { serve, sleep, type BunRequest, type Serve, type Server } from "bun";

const server: Server = serve({
  port: 0,
  routes: {
    "/users/:id": (req) => new Response(req.params.id satisfies string),
    "/wait": async (req: BunRequest<"/wait">, own: Server) => {
      await sleep(1);
      own.timeout(req, 1);
      return Response.json({ path: req.url });
    },
  },
  fetch(req, own) {
    own satisfies Bun.Server;
    return new Response(req.headers.get("x") ?? undefined);
  },
});

export default { fetch: (req) => new Response(req.url) } satisfies Serve.Options<undefined>;
export const older = { fetch: (req) => new Response(req.url) } satisfies Serve;

Bun.serve({ fetch: () => new Response() }).stop() satisfies Promise<void>;
const file: Bun.BunFile = Bun.file("a.txt");
Bun.serve({ routes: { "/a": file, "/b": new Response(file.slice(0, 1)) } });
(await Bun.write(file, await Bun.stdin.text())) satisfies number;
Default.sleep(1) satisfies Promise<void>;
Bun.env.HOME satisfies string | undefined;
[import.meta.dir, import.meta.path, import.meta.file, Bun.main, Bun.version].map(
  (text) => text.length,
);
import.meta.main satisfies boolean;
server.port satisfies number | undefined;

// @ts-expect-error: a port is a number
serve({ port: true, fetch: () => new Response() });
// @ts-expect-error: a reply is a Response
serve({ fetch: () => 3 });
// @ts-expect-error: not there yet
Bun.s3;
// @ts-expect-error: a parameter that the route has not
serve({ routes: { "/a/:b": (req) => new Response(req.params.c) } });

const reply = await fetch("http://localhost/", {
  unix: "a.sock",
  tls: { rejectUnauthorized: false, ca: Bun.file("ca.pem") },
});
reply.status satisfies number;
console.write("x") satisfies number;
for await (const line of console) line satisfies string;
Bun.hash.crc32("x") satisfies number;
(await Bun.password.verify("x", await Bun.password.hash("x", { algorithm: "bcrypt", cost: 4 }))) satisfies boolean;
Bun.password.verifySync("x", "", "argon2id") satisfies boolean;
Bun.inspect.table([{ a: 1 }]) satisfies string;
Bun.peek.status(Promise.resolve()) satisfies string;

const child = Bun.spawn(["bun", "server.ts"], {
  stdin: "pipe",
  stderr: "inherit",
  env: { ...process.env, PORT: undefined },
  ipc: (message, subject) => void subject.send(message),
  onExit: (subject, code, signal) => console.log(subject.pid, code, signal),
});
child.stdin.write("text") satisfies number | Promise<number>;
child.stdout.text() satisfies Promise<string>;
child.stderr satisfies undefined;
child.kill("SIGTERM");
child.exited satisfies Promise<number>;
const buns = new Array<ReturnType<typeof Bun.spawn>>(2);
buns[0] = Bun.spawn({
  cmd: ["bun"],
  stdout: "inherit",
  stderr: "inherit",
  stdin: "inherit",
}) as any;
for (const bun of buns) bun.kill();
new Response(Bun.spawn(["echo"]).stdout);
Bun.spawnSync(["ls"]).stdout!.toString();
Bun.spawnSync({ cmd: ["ls"], timeout: 10 }).success satisfies boolean;
new Bun.CryptoHasher("sha256").update("a").digest("hex") satisfies string;
Bun.SHA256.hash("a") satisfies Uint8Array;
Bun.gunzipSync(Bun.gzipSync("text")).length satisfies number;
Bun.randomUUIDv7("buffer").length + Bun.randomUUIDv7().length;
Bun.deepEquals({ a: 1 }, { a: 1 }, true) satisfies boolean;
// @ts-expect-error: stdout is not piped
Bun.spawn(["ls"], { stdout: "inherit" }).stdout.text();
// @ts-expect-error: a command is a list
Bun.spawn("ls");
