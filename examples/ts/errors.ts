// Errors: one that `error` answers, one that goes on to the built-in page, and one far down in a
// chain of calls.
class Teapot extends Error {}

async function deep(left: number): Promise<never> {
  await Bun.sleep(1);
  if (left > 0) return deep(left - 1);
  throw new Error("reached the bottom", { cause: new RangeError("no floor below") });
}

const server = Bun.serve({
  development: process.env.NODE_ENV !== "production",

  routes: {
    "/teapot": () => {
      throw new Teapot("short and stout");
    },
    "/deep": () => deep(3),
    "/nothing": () => undefined as unknown as Response,
  },

  fetch: () => new Response("try /teapot, /deep or /nothing\n"),

  // What this returns is the reply; without a reply the built-in page (a plain 500 in production)
  // is.
  error(error) {
    if (error instanceof Teapot)
      return new Response(`I am a teapot: ${error.message}\n`, { status: 418 });
    return undefined as unknown as Response;
  },
});

console.log(`listening on ${server.url}`);
