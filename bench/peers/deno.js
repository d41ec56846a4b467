// The routes of bench/hello.cc on Deno.serve.

import { setImmediate } from "node:timers";

const text = "Hello, world!";
const json = '{"message":"Hello, world!"}';
const jsonHeaders = { headers: { "Content-Type": "application/json;charset=utf-8" } };

async function greetLater() {
  await new Promise(setImmediate);
  return new Response(text);
}

// Cut out by hand: new URL() would be most of what is measured.
const pathOf = (url) => url.slice(url.indexOf("/", "http://".length));

Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => console.log(`listening on ${port}`),
}, (request) => {
  const path = pathOf(request.url);
  if (path === "/") return new Response(text);
  if (path === "/json") return new Response(json, jsonHeaders);
  if (path === "/suspend") return greetLater();
  if (path.startsWith("/users/")) return new Response(decodeURIComponent(path.slice("/users/".length)));
  return new Response(null, { status: 404 });
});
