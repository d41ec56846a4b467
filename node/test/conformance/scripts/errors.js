const failures = [
  "throw",
  "throw later",
  "reject",
  "throw a class of its own",
  "throw text",
  "throw a number",
  "throw an object",
  "throw a Response",
  "throw TypeError",
  "throw with cause",
  "used Response",
  "stream that fails at once",
  "wrong status",
  "wrong field",
];
const handlers = [
  "handler throws",
  "handler rejects",
  "handler returns nothing",
  "handler returns nothing later",
  "handler returns text",
  "handler returns a status only",
  "handler returns 204",
  "handler returns a used Response",
  "page as in the manual",
  "handled later",
  "handled, developed",
  "this",
  "arguments",
];

/** Of a page only what matters: that it is one, and that it tells what happened. */
function shown(reply, words) {
  const { status, reason, fields } = reply;
  const page = /<html|<!doctype/i.test(reply.body);
  return {
    status,
    reason,
    type: fields["content-type"],
    page,
    tells: words.filter((word) => reply.body.includes(word)),
  };
}

export default async function (script) {
  await script.start();
  const path = (name) => `/${encodeURIComponent(name)}`;
  for (const name of failures) {
    await script.ask(`production: ${name}`, path(name), { server: "production" });
    await script.ask(`handled: ${name}`, path(name), { server: "handled" });
  }
  for (const name of handlers) {
    await script.ask(name, path("throw"), { server: name });
  }
  await script.ask("handler throws after a rejection", path("reject"), {
    server: "handler throws",
  });
  const pages = {
    throw: ["woops!", "errors.ts"],
    "throw later": ["woops later!", "errors.ts"],
    "throw text": ["just text"],
    "throw with cause": ["outer", "inner"],
  };
  for (const [name, words] of Object.entries(pages)) {
    await script.case(`page: ${name}`, async () =>
      shown(await script.reply(path(name), { server: "developed" }), words),
    );
  }
  for (const [method, target] of [
    ["GET", "/route"],
    ["GET", "/route/1"],
    ["GET", "/methods"],
    ["POST", "/methods"],
  ]) {
    await script.ask(`error of a route: ${method} ${target}`, target, {
      server: "error of a route",
      method,
    });
  }
  await script.ask("a route that throws without error", "/route", {
    server: "routes without error",
  });
  await script.ask("HEAD of what throws", path("throw"), { server: "production", method: "HEAD" });
  await script.case("the connection lives on", async () => {
    const connection = script.connect("production");
    connection.send("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n");
    const first = await connection.reply();
    connection.send("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n");
    const second = await connection.reply();
    connection.cut();
    return [first.status, second.status];
  });
  await script.case("the process lives on", async () => {
    await script.reply("/", { server: "timer" });
    return script.program.heard("after");
  });
  await script.case("a body that nobody read", async () => {
    const connection = script.connect("unread body");
    connection.send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody" +
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    const replies = [await connection.reply(), await connection.reply()];
    connection.cut();
    return replies.map((reply) => reply?.status);
  });
}
