const PREFIX = "reply: ";

/** Where a handler returned no Response, each shows a page of its own. */
function explained(reply) {
  return { ...reply, body: reply.body === "" ? "" : "(a page)" };
}

/** The boundary is random; the rest of a form is not. */
function withoutBoundary(reply) {
  const boundary = /boundary="?([^";]+)/.exec(reply.fields["content-type"])[1];
  const text = JSON.stringify(reply).replaceAll(boundary, "BOUNDARY");
  const known = JSON.parse(text.replace(/\\"BOUNDARY\\"/, "BOUNDARY"));
  return { ...known, body: known.body.split("\r\n") };
}

export default async function (script) {
  const servers = await script.start();
  const names = Object.keys(servers).filter((name) => name.startsWith(PREFIX));
  for (const name of names.map((name) => name.slice(PREFIX.length))) {
    await script.ask(name, `/${encodeURIComponent(name)}`);
  }
  for (const name of [
    "string",
    "json",
    "Uint8Array",
    "Blob with type",
    "no body",
    "redirect",
    "status 204",
    "status 304",
    "fields",
    "Content-Length too large",
    "promise later",
    "fetch",
  ]) {
    const path = `/${encodeURIComponent(name)}`;
    await script.ask(`HEAD: ${name}`, path, { method: "HEAD" });
  }
  await script.case("FormData", async () => withoutBoundary(await script.reply("/form")));
  await script.ask("a Response for the first request", "/shared");
  await script.ask("a Response for the second request", "/shared");
  for (const name of ["nothing", "null", "nothing later", "number", "number later"]) {
    const path = `/${encodeURIComponent(name)}`;
    await script.case(`developed: ${name}`, async () =>
      explained(await script.reply(path, { server: "developed" })),
    );
  }
  await script.case("HTTP/1.0", () => script.reply("/string", { version: "1.0" }));
  await script.case("HTTP/1.0 keep-alive", () =>
    script.reply("/string", { version: "1.0", fields: ["Connection: keep-alive"] }),
  );
  await script.case("HTTP/1.1 close", () =>
    script.reply("/string", { fields: ["Connection: close"] }),
  );
  await script.case("two requests on one connection", async () => {
    const connection = script.connect();
    connection.send("GET /string HTTP/1.1\r\nHost: a\r\n\r\nGET /json HTTP/1.1\r\nHost: a\r\n\r\n");
    const replies = [await connection.reply(), await connection.reply()];
    connection.cut();
    return replies;
  });
}
