// h3 on Bun.serve.
import { H3, HTTPError, readBody, setCookie } from "h3";

const app = new H3()
  .use((event) => void event.res.headers.set("x-passed", "yes"))
  .get("/", () => "hello")
  .get("/users/:id", (event) => ({
    id: event.context.params!.id,
    query: Object.fromEntries(event.url.searchParams),
  }))
  .post("/echo", async (event) => {
    event.res.status = 201;
    return readBody(event);
  })
  .get("/cookies", (event) => {
    setCookie(event, "set", "1");
    setCookie(event, "other", "2");
    return event.req.headers.get("cookie") ?? "none";
  })
  .get("/stream", () => new Blob(["a", "b", "c"]).stream())
  .get("/fail", () => {
    throw new HTTPError({ status: 418, message: "failed on purpose" });
  });

const server = Bun.serve({ port: 0, fetch: (req) => app.fetch(req) });
console.log(String(server.url));
