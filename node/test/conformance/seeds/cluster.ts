// One of several processes on one port, each with a name of its own.
import { serve } from "bun";

const name = Math.random().toString(36).slice(2);

const server = serve({
  port: process.env.PORT || 8080,
  development: false,
  reusePort: true,
  async fetch(request) {
    return new Response(`process ${name}\n`);
  },
});

console.log(`process ${name} on ${server.url}`);
