const get = (path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (fields, body) => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`;

/** Bytes, and whether the connection is to be closed after the reply. */
const messages = {
  "no Host": "GET / HTTP/1.1\r\n\r\n",
  "two Hosts": "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
  "HTTP/1.0 without Host": "GET / HTTP/1.0\r\n\r\n",
  "HTTP/1.2": "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
  "HTTP/2.0": "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
  "HTTP/0.9": "GET /\r\n\r\n",
  "preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  nonsense: "nonsense\r\n\r\n",
  "empty lines first": `\r\n\r\n${get("/")}`,
  "lines that end with LF": "GET / HTTP/1.1\nHost: a\n\n",
  "space before the colon": "GET / HTTP/1.1\r\nHost: a\r\nX-A : b\r\n\r\n",
  "folded line": "GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n",
  "NUL in a value": "GET / HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n",
  "bare CR in a value": "GET / HTTP/1.1\r\nHost: a\r\nX-A: b\rc\r\n\r\n",
  "name that is no token": "GET / HTTP/1.1\r\nHost: a\r\nX(A): b\r\n\r\n",
  CONNECT: "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
  "TRACE with a body": "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
  "head too large": `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${"x".repeat(17_000)}\r\n\r\n`,
  "URL too long": `GET /${"x".repeat(17_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  "too many fields": `GET / HTTP/1.1\r\nHost: a\r\n${"A: b\r\n".repeat(210)}\r\n`,
  "Content-Length and chunked": post(
    "Content-Length: 3\r\nTransfer-Encoding: chunked",
    "0\r\n\r\n",
  ),
  "unequal Content-Lengths": post("Content-Length: 1\r\nContent-Length: 2", "ab"),
  "equal Content-Lengths": post("Content-Length: 2\r\nContent-Length: 2", "ab"),
  "Content-Length negative": post("Content-Length: -1", ""),
  "Content-Length no number": post("Content-Length: 1a", "a"),
  "Content-Length with a sign": post("Content-Length: +1", "a"),
  "Content-Length huge": post("Content-Length: 99999999999999999999", ""),
  "coding in upper case": post("Transfer-Encoding: Chunked", "0\r\n\r\n"),
  "unknown coding": post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"),
  "chunked twice": post("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"),
  "chunk extensions": post("Transfer-Encoding: chunked", "1;a=b\r\nx\r\n0\r\n\r\n"),
  "chunk extension without a name": post("Transfer-Encoding: chunked", "1;\r\nx\r\n0\r\n\r\n"),
  trailers: post("Transfer-Encoding: chunked", "1\r\nx\r\n0\r\nX-Trailer: a\r\n\r\n"),
  "chunk size no number": post("Transfer-Encoding: chunked", "x\r\n\r\n"),
  "chunk size negative": post("Transfer-Encoding: chunked", "-1\r\n\r\n"),
  "something else expected": post("Content-Length: 0\r\nExpect: else", ""),
};

export default async function (script) {
  await script.start();
  for (const [name, bytes] of Object.entries(messages)) {
    await script.case(name, async () => {
      const connection = script.connect();
      connection.send(bytes);
      const reply = await connection.reply();
      connection.cut();
      // Why a request was refused is told in words of one's own.
      return reply && reply.status >= 400
        ? { status: reply.status, date: reply.fields.date }
        : reply;
    });
  }
  await script.case("behind a request that is being answered", async () => {
    const connection = script.connect();
    connection.send(get("/held"));
    await script.program.heard("held");
    connection.send(get("/behind"));
    await script.reply("/open");
    const replies = [await connection.reply(), await connection.reply()];
    connection.cut();
    return replies.map((reply) => reply?.body);
  });
  await script.case("a client that has sent its end", async () => {
    const connection = script.connect();
    connection.send(get("/held"));
    await script.program.heard("held");
    connection.end();
    await script.reply("/open");
    return (await connection.reply())?.body;
  });
  await script.case("three requests at once", async () => {
    const connection = script.connect();
    connection.send(get("/1") + post("Content-Length: 4", "body") + get("/3"));
    const replies = [await connection.reply(), await connection.reply(), await connection.reply()];
    connection.cut();
    return replies.map((reply) => reply?.body);
  });
  await script.case("a request byte by byte", async () => {
    const connection = script.connect();
    for (const byte of post("Transfer-Encoding: chunked", "2\r\nab\r\n0\r\n\r\n"))
      connection.send(byte);
    const reply = await connection.reply();
    connection.cut();
    return reply;
  });

  const silent = async (server, path) => {
    const connection = script.connect(server);
    connection.send(get(path));
    const reply = await connection.reply();
    connection.cut();
    return reply?.body ?? "(cut)";
  };
  const keptAlive = async () => {
    const connection = script.connect("idle");
    connection.send(get("/"));
    const { body } = await connection.reply();
    return [body, await connection.closed()];
  };
  const [kept, ...bodies] = await Promise.all([
    keptAlive(),
    silent("idle", "/silent"),
    silent("idle", "/free"),
    silent("patient", "/"),
  ]);
  const names = [
    "a silent handler",
    "a silent handler after timeout(req, 0)",
    "a silent handler without idleTimeout",
  ];
  await script.case("idleTimeout: a connection without requests", () => kept);
  for (const [i, name] of names.entries())
    await script.case(`idleTimeout: ${name}`, () => bodies[i]);
}
