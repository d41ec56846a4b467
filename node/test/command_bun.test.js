/** The global Bun and the module "bun". */
import assert from "node:assert/strict";
import test from "node:test";

import { programs, run } from "./programs.js";

async function says(t, text, expected, name = "a.ts") {
  const { output, errors } = await run(programs(t, { [name]: text }), [name]);
  assert.equal(errors, "");
  assert.equal(output, `${expected}\n`);
}

test("the module and the global are the same, by import and by require", async (t) => {
  await says(
    t,
    `import bun, { serve, sleep, env } from "bun"; import * as all from "bun";
    console.log(bun === Bun, serve === Bun.serve, all.sleep === sleep, env === process.env, globalThis.Bun === Bun);`,
    "true true true true true",
  );
  await says(
    t,
    `const { serve, default: bun } = require("bun"); console.log(serve === Bun.serve, bun === Bun);`,
    "true true",
    "a.cjs",
  );
});

test("a member that is not there throws its name when it is used", async (t) => {
  const refused = (name) => `caught: Bun.${name} is not part of bao yet`;
  const caught = (code) =>
    `try { ${code}; console.log("nothing was thrown"); } catch (error) { console.log("caught: " + error.message); }`;
  await says(t, caught("Bun.s3.file('x')"), refused("s3"));
  await says(t, `import { $ } from "bun"; ${caught("await $`ls`")}`, refused("$"));
  await says(t, `import { Transpiler } from "bun"; ${caught("new Transpiler()")}`, refused("Transpiler"));
  await says(t, `import { Glob } from "bun"; ${caught("new Glob('*').match('a')")}`, refused("Glob"));
  await says(t, `import { redis } from "bun"; ${caught("redis.get('a')")}`, refused("redis"));
  await says(
    t,
    caught("await import('bun:sqlite')"),
    `caught: The module "bun:sqlite" is not part of bao yet`,
  );
});

test("looking at Bun throws nothing", (t) =>
  says(
    t,
    `const seen = await Promise.resolve(Bun); import { file } from "bun";
    console.log("s3" in Bun, "serve" in Bun, Bun.nonsense, typeof Bun, String(Bun), seen === Bun, Object.keys(Bun).includes("env"),
      typeof file, JSON.stringify(Bun).length > 2, require("util").inspect(Bun).length > 2);`,
    "false true undefined object [object Bun] true true function true true",
  ));

test("versions", (t) =>
  says(
    t,
    `console.log(/^\\d+\\.\\d+\\.\\d+$/.test(Bun.version), /^bao-\\d/.test(Bun.revision), process.versions.bun);`,
    "true true undefined",
  ));

test("semver", (t) =>
  says(
    t,
    `import { semver } from "bun";
    const yes = [["1.2.3", "^1.2"], ["0.2.9", "^0.2.3"], ["1.2.9", "~1.2"], ["1.10.0", ">=1.9 <2 || 3.x"],
      ["1.4.5", "1.0.0 - 2"], ["1.2.3-beta.10", ">=1.2.3-beta.9"], ["2.0.0", "*"], ["1.2.0", "= v1.2"]];
    const no = [["2.0.0", "^1.2"], ["0.3.0", "^0.2.3"], ["0.0.4", "^0.0.3"], ["1.3.0", "~1.2"],
      ["1.2.3-beta.1", "*"], ["1.2.9", ">1.2"], ["1", "*"], ["1.2.3", "some words"]];
    console.log(yes.every((pair) => semver.satisfies(...pair)), no.some((pair) => semver.satisfies(...pair)),
      ["2.0.0", "1.0.0", "1.0.0-a", "1.0.0-2", "1.0.0-11", "1.0.0-a.1"].sort(semver.order).join());`,
    "true false 1.0.0-2,1.0.0-11,1.0.0-a,1.0.0-a.1,1.0.0,2.0.0",
  ));

test("sleep waits for a time or until a date, sleepSync stops the thread", (t) =>
  says(
    t,
    `const begin = Bun.nanoseconds(); let ticks = 0; setImmediate(() => ++ticks);
    Bun.sleepSync(5); const blocked = ticks === 0;
    await Bun.sleep(5); await Bun.sleep(new Date(Date.now() + 5)); await Bun.sleep(new Date(0));
    const passed = Bun.nanoseconds() - begin; let refused; try { Bun.sleepSync("x"); } catch (error) { refused = error.name; }
    console.log(blocked, ticks, passed > 13e6 && Number.isInteger(passed), refused);`,
    "true 1 true TypeError",
  ));

test("what is a few lines over Node", (t) =>
  says(
    t,
    `const stream = () => new Blob(['{"a":1}']).stream();
    console.log(Bun.escapeHTML("<a href='x'>&\\"</a>"), Bun.stripANSI("\\x1b[1mbold\\x1b[0m"), Bun.inspect({ a: 1 }),
      Bun.fileURLToPath("file:///a%20b"), String(Bun.pathToFileURL("/a b")), Bun.gc(true) > 0, Bun.allocUnsafe(3).length,
      Bun.which("sh").endsWith("/sh"), Bun.which("no such command"), Bun.resolveSync("./a", import.meta.dir) === import.meta.path,
      await Bun.readableStreamToText(stream()), (await Bun.readableStreamToJSON(stream())).a,
      (await Bun.readableStreamToBytes(stream())).length, (await Bun.readableStreamToArray(stream())).length, Bun.isMainThread);`,
    `&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;&lt;/a&gt; bold {\n  a: 1,\n} /a b file:///a%20b true 3 true null true {"a":1} 1 7 1 true`,
  ));

test("what is loaded later is the same by every way, and loads nothing before", (t) =>
  says(
    t,
    `import { CryptoHasher, gzipSync, SHA1 } from "bun";
    const before = process.moduleLoadList.includes("NativeModule zlib");
    class Own extends CryptoHasher {}
    console.log(before, CryptoHasher === Bun.CryptoHasher, gzipSync === Bun.gzipSync, gzipSync.name, SHA1.name,
      new CryptoHasher("md5") instanceof CryptoHasher, new Own("md5") instanceof Own,
      new Own("md5").update("a").digest("hex") === Bun.MD5.hash("a", "hex"), "CryptoHasher" in Bun);`,
    "false true true gzipSync SHA1 true true true true",
  ));

test("Request, Response and Headers are ours, and whatever Node makes is one of them", (t) =>
  says(
    t,
    `const server = Bun.serve({ port: 0, fetch: (req) => new Response(String(req instanceof Request)) });
    const reply = await fetch(new Request(server.url));
    console.log(await reply.text(), reply instanceof Response, reply.headers instanceof Headers,
      Response.redirect("/relative").headers.get("location")); server.stop();`,
    "true true true /relative",
  ));

test(`import … from "bao" gives the same server`, (t) =>
  says(
    t,
    `import { serve, Response as Own } from "bao"; const server = serve({ port: 0, fetch: () => new Own("bao") });
    console.log(await (await fetch(server.url)).text(), Own === Response); server.stop();`,
    "bao true",
  ));
