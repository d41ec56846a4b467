// Express: routes, parameters, bodies, files, middleware, errors.
import express from "express";

export const app = express();
app.use((req, res, next) => {
  res.set("X-Passed", "yes");
  next();
});
app.use(express.json({ limit: "1mb" }), express.urlencoded({ extended: true }));
app.use("/files", express.static(import.meta.dir, { index: false }));
app.get("/", (req, res) => void res.send("hello"));
app.get("/users/:id", (req, res) => void res.json({ id: req.params.id, query: req.query }));
app.post("/echo", (req, res) => void res.status(201).json(req.body));
app.get("/stream", async (req, res) => {
  for (const part of ["a", "b", "c"]) res.write(part);
  res.end();
});
app.get("/fail", () => {
  throw Object.assign(new Error("failed on purpose"), { status: 418 });
});
app.use((error: any, req: any, res: any, next: any) => {
  res
    .status(error.status ?? 500)
    .type("text")
    .send(error.message);
});
