// A listener for node:http as it was always written.
module.exports = (req, res) => {
  const { pathname, searchParams } = new URL(req.url, "http://localhost");
  res.setHeader("x-passed", "yes");
  if (pathname === "/") return res.end("hello");
  if (pathname.startsWith("/users/")) {
    res.writeHead(200, { "content-type": "application/json" });
    const query = Object.fromEntries(searchParams);
    return res.end(JSON.stringify({ id: pathname.slice("/users/".length), query }));
  }
  if (pathname === "/echo") {
    res.writeHead(201, { "content-type": "application/json" });
    return req.pipe(res);
  }
  if (pathname === "/stream") {
    for (const part of ["a", "b", "c"]) res.write(part);
    return res.end();
  }
  if (pathname === "/fail") {
    res.statusCode = 418;
    return res.end("failed on purpose");
  }
  res.statusCode = 404;
  res.end("nothing here");
};
