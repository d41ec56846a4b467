// The routes of bench/hello.cc on node:http.

import { createServer } from "node:http";

const text = "Hello, world!";
const json = '{"message":"Hello, world!"}';
const textType = "text/plain;charset=utf-8";

function answer(response, type, body) {
  response.setHeader("Content-Type", type);
  response.end(body);
}

const server = createServer((request, response) => {
  const path = request.url;
  if (path === "/") return answer(response, textType, text);
  if (path === "/json") return answer(response, "application/json;charset=utf-8", json);
  if (path === "/suspend") return void setImmediate(() => answer(response, textType, text));
  if (path.startsWith("/users/")) {
    return answer(response, textType, decodeURIComponent(path.slice("/users/".length)));
  }
  response.statusCode = 404;
  response.end();
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
