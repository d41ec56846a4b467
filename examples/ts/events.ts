// Server-sent events: a browser listens to them with `new EventSource("/events")`.
// Try it: curl -N http://localhost:3000/events
import { serve, sleep } from "bun";

const bytes = (text: string) => new TextEncoder().encode(text);

let listeners = 0;

async function* ticks(seconds: number) {
  ++listeners;
  try {
    for (let i = 1; ; ++i) {
      yield bytes(`id: ${i}\ndata: ${JSON.stringify({ tick: i, listeners })}\n\n`);
      await sleep(seconds * 1000);
    }
  } finally {
    // The listener has gone.
    --listeners;
  }
}

async function* numbers() {
  for (let i = 1; i <= 100_000; ++i) yield bytes(`${i}\n`);
}

const server = serve({
  routes: {
    "/events": (req, server) => {
      const seconds = Number(new URL(req.url).searchParams.get("every") ?? 1);
      // Silence is no reason to cut this one.
      server.timeout(req, 0);
      return new Response(ticks(seconds), {
        headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-store" },
      });
    },

    "/listeners": () => Response.json({ listeners }),

    // No more than a megabyte of it is under way, however slowly a client reads.
    "/numbers": () => new Response(numbers()),
  },
});

console.log(`listening on ${server.url}`);
