// Served because it is the default export. The driver says which one.
const fetch = (req: Request) => new Response(`fetch ${new URL(req.url).pathname}`);

class Application {
  greeting = "application";

  fetch(req: Request): Response {
    return new Response(`${this?.greeting ?? "nobody"} ${new URL(req.url).pathname}`);
  }
}

const exported: Record<string, unknown> = {
  fetch: { fetch },
  routes: { routes: { "/route": new Response("route") }, fetch },
  error: {
    fetch() {
      throw new Error("woops!");
    },
    error: (error: Error) => new Response(error.message),
  },
  "an object with another this": {
    name: "me",
    fetch(this: any) {
      return new Response(typeof this.port);
    },
  },
  application: new Application(),
};

export default exported[process.env.EXPORTED!];
