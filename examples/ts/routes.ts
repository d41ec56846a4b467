// Routes: prepared replies, parameters, methods, wildcards, and what remains.
import { serve, sleep } from "bun";

let visits = 0;

const server = serve({
  routes: {
    // Prepared once: the engine answers it, with ETag and 304, and never calls JavaScript.
    "/health": new Response("OK\n"),
    "/old": Response.redirect("/hello/again", 301),

    "/hello/:name": (req) => new Response(`Hello, ${req.params.name}!\n`),

    "/visits": {
      GET: () => Response.json({ visits }),
      POST: () => Response.json({ visits: ++visits }, { status: 201 }),
      DELETE: () => {
        visits = 0;
        return new Response(null, { status: 204 });
      },
    },

    "/slow": async () => {
      await sleep(50);
      return new Response("slept\n");
    },

    "/api/*": Response.json({ error: "there is no such call" }, { status: 404 }),
  },

  fetch(req) {
    return new Response(`${new URL(req.url).pathname} is not here\n`, { status: 404 });
  },
});

console.log(`listening on ${server.url}`);
