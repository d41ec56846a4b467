// Fastify: schemas, hooks, streams, errors, injected requests.
import Fastify from "fastify";
import { Readable } from "node:stream";

export function make(options = {}) {
  const app = Fastify(options);
  app.addHook("onRequest", async (req, reply) => void reply.header("x-passed", "yes"));
  app.get("/", async () => "hello");
  app.get("/users/:id", async (req) => ({ id: (req.params as any).id, query: req.query }));
  app.post(
    "/echo",
    { schema: { body: { type: "object", required: ["a"], properties: { a: { type: "number" } } } } },
    async (req, reply) => reply.code(201).send(req.body),
  );
  app.get("/stream", (req, reply) => reply.type("text/plain").send(Readable.from(["a", "b", "c"])));
  app.get("/fail", async () => {
    throw Object.assign(new Error("failed on purpose"), { statusCode: 418 });
  });
  app.get("/injected", async () => (await app.inject("/users/7")).json());
  return app;
}
