// itty-router on Bun.serve.
import { AutoRouter, error, json, StatusError, text } from "itty-router";

const router = AutoRouter({
  before: [(req) => void (req.start = 1)],
  finally: [
    (response: Response) => {
      response.headers.set("x-passed", "yes");
      return response;
    },
  ],
});
router
  .get("/", () => text("hello"))
  .get("/users/:id", ({ params, query }) => ({ id: params.id, query: { ...query } }))
  .post("/echo", async (req) => json(await req.json(), { status: 201 }))
  .get("/stream", () => new Response(new Blob(["a", "b", "c"]).stream()))
  .get("/fail", () => {
    throw new StatusError(418, "failed on purpose");
  })
  .all("*", () => error(404, "nothing here"));

export default { ...router, port: 0 };
