const BY_ITSELF = [
  "unref",
  "unref, ref, stop",
  "stop",
  "stop by force",
  "unref after a request",
  "throw after serve",
];

export default async function (script) {
  const start = (way) => script.start({ env: { WAY: way } });
  for (const way of BY_ITSELF) {
    await script.case(way, async () => {
      await start(way);
      return script.program.ended;
    });
  }
  for (const path of ["/uncaught", "/exit", "/stop"]) {
    await script.case(`in a handler: ${path}`, async () => {
      await start("nothing");
      const connection = script.connect();
      connection.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      return script.program.ended;
    });
  }
  await script.case("a signal that is handled", async () => {
    await start("signal that is handled");
    script.program.signal("SIGTERM");
    await script.program.heard("stopped");
    return script.program.ended;
  });
  await script.case("a signal that is not", async () => {
    await start("nothing");
    script.program.signal("SIGTERM");
    return script.program.ended;
  });
}
