// The server of `./dev bench express`: the same application on Node's own servers and on bao/http.
import { createRequire } from "node:module";

const { default: http } = await import(process.env.BAO_BENCH_LIBRARY);
const text = "Hello, world!";

function application() {
  const express = createRequire(new URL("../../node/package.json", import.meta.url))("express");
  const app = express();
  app.get("/", (req, res) => void res.send(text));
  app.post("/json", express.json({ type: () => true }), (req, res) => void res.send(req.body.name));
  app.use("/files", express.static(process.env.BAO_BENCH_FILES));
  return app;
}

function plain(req, res) {
  res.setHeader("Content-Type", "text/plain");
  res.end(text);
}

const server = http.createServer(process.argv[2] === "express" ? application() : plain);
server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
