// What both of Hono's programs serve.
import { Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { stream, streamSSE, streamText } from "hono/streaming";

export const app = new Hono();
app.use("*", cors(), async (c, next) => {
  await next();
  c.header("x-passed", "yes");
});
app.get("/", (c) => c.text("hello"));
app.get("/users/:id", (c) => c.json({ id: c.req.param("id"), query: c.req.query() }));
app.post("/echo", async (c) => c.json(await c.req.json(), 201));
app.post("/form", async (c) => {
  const { name, upload } = await c.req.parseBody();
  return c.json({ name, upload: upload instanceof File ? await upload.text() : null });
});
app.post("/body", (c) => new Response(c.req.raw.body, { headers: c.req.raw.headers }));
app.get("/cookies", (c) => {
  setCookie(c, "set", "1", { httpOnly: true });
  setCookie(c, "other", "2");
  return c.text(getCookie(c, "sent") ?? "none");
});
app.get("/stream", (c) =>
  streamText(c, async (out) => {
    for (const part of ["a", "b", "c"]) await out.write(part);
  }),
);
app.get("/pipe", (c) => stream(c, (out) => out.pipe(new Response("piped").body!)));
app.get("/events", (c) =>
  streamSSE(c, async (out) => {
    for (let id = 1; id <= 2; ++id) await out.writeSSE({ data: `at ${id}`, id: String(id) });
  }),
);
app.get("/redirect", (c) => c.redirect("/users/1"));
app.get("/html", (c) => c.html("<p>hello</p>"));
app.get("/fail", () => {
  throw new HTTPException(418, { message: "failed on purpose" });
});
app.get("/cloned", async (c) => {
  const first = new Response("cloned", { status: 202, headers: { "x-one": "1" } });
  return new Response(first.clone().body, first);
});
app.notFound((c) => c.text("nothing here", 404));
