// HTTPS: two names, each with its certificate. Make them, then run ./bao examples/ts/https.ts:
//
//     for name in localhost two.example; do
//       openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=$name -keyout $name.key -out $name.pem
//     done
//     curl --cacert localhost.pem https://localhost:3000/
//
// SIGHUP reads them again, for new connections: what an ACME client's hook should send.
import { readFileSync } from "node:fs";

const folder = process.env.CERTIFICATES ?? ".";
const read = (name: string) => ({
  key: readFileSync(`${folder}/${name}.key`),
  cert: readFileSync(`${folder}/${name}.pem`),
});
const options = () => ({
  tls: [read("localhost"), { ...read("two.example"), serverName: "two.example" }],
  fetch: (req: Request) => new Response(`You asked for ${req.url}\n`),
});

const server = Bun.serve(options());
console.log(`listening on ${server.url}`);

process.on("SIGHUP", () => {
  try {
    server.reload(options());
    console.log("renewed");
  } catch (error) {
    console.error("The old certificates stay:", error);
  }
});
