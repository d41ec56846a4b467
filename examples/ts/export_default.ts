// No call at all: what a program exports as its default is served if it has a function fetch.
import type { Serve } from "bun";

const started = new Date();

export default {
  port: process.env.PORT ?? 3000,

  fetch(req) {
    const { pathname } = new URL(req.url);
    if (pathname === "/started") return Response.json({ started });
    return new Response(`You asked for ${pathname}\n`);
  },
} satisfies Serve.Options<undefined>;
