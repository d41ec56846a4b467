const post = (body, ...fields) => ({ method: "POST", body, fields });
const chunked = (...pieces) =>
  post(
    pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join("") + "0\r\n\r\n",
    "Transfer-Encoding: chunked",
  );

const multipart = [
  "--XX",
  'Content-Disposition: form-data; name="a"',
  "",
  "1",
  "--XX",
  'Content-Disposition: form-data; name="a"',
  "",
  "gr\xc3\xbcn",
  "--XX",
  'Content-Disposition: form-data; name="f"; filename="x.txt"',
  "Content-Type: text/plain",
  "",
  "file",
  "--XX--",
  "",
].join("\r\n");
const MULTIPART = "Content-Type: multipart/form-data; boundary=XX";
const URLENCODED = "Content-Type: application/x-www-form-urlencoded";

const bodies = {
  text: post("gr\xc3\xbc\xc3\x9fe"),
  "text with bad UTF-8": post("a\xffb\xe4"),
  "text with a byte order mark": post("\xef\xbb\xbfmark"),
  "text empty": post(""),
  "text without body": { method: "POST" },
  "text of a GET": {},
  "text chunked": chunked("ab", "cde"),
  "text chunked empty": chunked(),
  "text long": post("x".repeat(300_000)),
  json: post('{"a":[1,"\xc3\xbc"]}', "Content-Type: application/json"),
  "json wrong": post("{"),
  "json empty": post(""),
  "json with a byte order mark": post("\xef\xbb\xbf1"),
  bytes: post("\x00\x01\xfe\xff"),
  "bytes empty": post(""),
  arrayBuffer: post("\x00\xff"),
  blob: post("<p>", "Content-Type: text/html"),
  "blob without type": post("<p>"),
  "formData multipart": post(multipart, MULTIPART),
  "formData multipart cut short": post(multipart.slice(0, -30), MULTIPART),
  "formData multipart without boundary": post(multipart, "Content-Type: multipart/form-data"),
  "formData urlencoded": post("a=1+2&b=%C3%BC&a=3&c", URLENCODED),
  "formData urlencoded empty": post("", URLENCODED),
  "formData of another type": post("a=1", "Content-Type: text/plain"),
  "formData without type": post("a=1"),
  stream: post("x".repeat(100_000)),
  "stream chunked": chunked("ab", "cde"),
  nothing: post("not read"),
  "no body of a POST": { method: "POST" },
  "no body of a GET": {},
  "no body of an empty POST": post(""),
};
const readerOf = (name) => (name.startsWith("no body") ? "no body" : name.split(" ")[0]);

const limits = {
  "at the limit": post("0123456789"),
  "over the limit": post("0123456789a"),
  "chunked, at the limit": chunked("01234", "56789"),
  "chunked, over the limit": chunked("01234", "567890"),
  "over the limit, not read": post("0123456789a"),
};

const FIELDS = [
  "X-One: 1",
  "x-two:  spaces  ",
  "X-One: 2",
  "Cookie: a=1",
  "Cookie: b=2",
  "Accept: */*",
];

const targets = {
  path: "/a/b",
  query: "/a?b=c&d",
  "empty query": "/a?",
  encoded: "/a%20b%2Fc?d%20e",
  dots: "/a/../b/./c",
  "double slash": "//a//b",
  star: "/*",
  "not ASCII": "/\xc3\xbc",
  brackets: "/a[0]|b^c",
  quote: '/a"b<c>',
  backslash: "/a\\b",
  absolute: "http://other:81/a?b",
  "absolute https": "https://other/a",
  "lower case escape": "/%c3%bc",
  plus: "/a+b?c+d",
};

export default async function (script) {
  await script.start();
  for (const [name, options] of Object.entries(bodies)) {
    await script.ask(`body: ${name}`, `/${encodeURIComponent(readerOf(name))}`, {
      server: "read",
      ...options,
    });
  }
  for (const [name, options] of Object.entries(limits)) {
    const reader = name.includes("not read") ? "/nothing" : "/text";
    await script.ask(`limit: ${name}`, reader, { server: "limited", ...options });
  }
  await script.case("Expect: 100-continue", async () => {
    const connection = script.connect("read");
    connection.send(
      "POST /text HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
    );
    const first = await connection.reply();
    connection.send("body");
    const second = await connection.reply();
    connection.cut();
    return [first, second];
  });

  for (const [name, target] of Object.entries(targets))
    await script.ask(`target: ${name}`, target, { server: "echo" });
  const words = [
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "PROPFIND",
    "BREW",
    "get",
    "M-SEARCH",
  ];
  for (const method of words)
    await script.ask(`method: ${method}`, "/", { server: "echo", method });
  await script.ask("method: HEAD", "/", { server: "echo", method: "HEAD" });
  for (const host of ["example.com", "example.com:8080", "EXAMPLE.com", "[::1]:80", ""]) {
    await script.ask(`Host: ${host}`, "/", { server: "echo", fields: [`Host: ${host}`] });
  }

  await script.ask("head", "/head?a=1", { server: "tell", method: "PUT", body: "x" });
  for (const path of [
    "headers",
    "headers get",
    "headers more",
    "headers changed",
    "classes",
    "defaults",
    "params",
    "expando",
    "aborted yet",
  ]) {
    await script.ask(path, `/${encodeURIComponent(path)}`, { server: "tell", fields: FIELDS });
  }
  for (const path of [
    "used",
    "used when reading",
    "twice",
    "cloned",
    "clone after reading",
    "new Request",
    "new Request with URL",
  ]) {
    await script.ask(path, `/${encodeURIComponent(path)}`, {
      server: "tell",
      ...post("the body", "X-One: 1"),
    });
  }
  for (const path of ["used", "twice", "cloned", "new Request"]) {
    await script.ask(`${path}, without body`, `/${encodeURIComponent(path)}`, { server: "tell" });
  }

  await script.case("the signal of a client that is gone", async () => {
    const connection = script.connect("wait");
    connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await script.program.heard("waiting");
    connection.cut();
    return script.program.heard("aborted");
  });
  await script.case("the body of a client that is gone", async () => {
    const connection = script.connect("cut body");
    connection.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
    await script.program.heard("waiting");
    connection.cut();
    return script.program.heard("body");
  });
  await script.case("a request that is kept", async () => {
    await script.reply("/kept", { server: "kept", ...post("body", "X-One: 1") });
    return JSON.parse((await script.reply("/", { server: "kept" })).body);
  });
  await script.case("a request that is sent on", async () => {
    const reply = await script.reply(`/?to=${script.servers.echo}`, {
      server: "proxy",
      ...post("sent on"),
    });
    return [reply.status, reply.body];
  });
}
