export default async function (script) {
  await script.start();
  await script.ask("this and arguments of a route", "/this", { server: "context" });
  await script.ask("this and arguments of fetch", "/", { server: "context" });
  await script.ask("requestIP", "/", { server: "peer" });
  await script.ask("timeout", "/", { server: "timeout" });

  await script.case("reload", async () => {
    const bodies = [];
    const connection = script.connect("reloaded");
    for (const path of [
      "/prepared",
      "/gone",
      "/",
      "/reload",
      "/prepared",
      "/gone",
      "/new",
      "/",
      "/throw",
    ]) {
      connection.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      bodies.push([path, (await connection.reply()).body]);
    }
    connection.cut();
    return bodies;
  });
  await script.case("reload of fetch only", async () => {
    const bodies = [];
    for (const path of ["/prepared", "/", "/only-fetch", "/", "/prepared"]) {
      bodies.push([path, (await script.reply(path, { server: "reloadedOnly" })).body]);
    }
    return bodies;
  });

  await script.case("closeIdleConnections", async () => {
    const idle = script.connect("idle");
    idle.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    await idle.reply("HEAD");
    const reply = await script.reply("/", { server: "idle" });
    if (reply.body === "none") return "there is no such member";
    return [reply.body, (await idle.closed()) === ""];
  });
  await script.case("a handler that stops its server", async () => {
    const idle = script.connect("stopping");
    const connection = script.connect("stopping");
    connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const reply = await connection.reply();
    await script.program.heard("stopped");
    return [reply, await connection.closed(), await idle.closed()];
  });
}
