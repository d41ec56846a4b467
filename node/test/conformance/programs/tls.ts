// TLS: kinds of options, server names, client certificates. The files are in $CERTIFICATES.
import { readFileSync } from "node:fs";
import { fact, outcome, ready } from "./say";

const folder = process.env.CERTIFICATES;
const text = (name: string) => readFileSync(`${folder}/${name}`, "utf8");
const of = (name: string) => ({ key: text(`${name}.key`), cert: text(`${name}.pem`) });
const main = of("main");
const fetch = (request: Request) => new Response(new URL(request.url).protocol);
const serve = (tls: any, more: any = {}) => Bun.serve({ port: 0, fetch, tls, ...more });

function protocol(tls: any, more: any = {}) {
  return outcome(() => {
    const server = serve(tls, more);
    server.stop(true);
    return [server.protocol, server.url.protocol, server.url.hostname];
  });
}

for (const [name, tls] of Object.entries({ "no tls": undefined, null: null, false: false, "{}": {}, "[]": [] })) {
  fact(name, protocol(tls));
}
fact("an object", protocol(main));
fact("one in an array", protocol([main]));
fact("bytes", protocol({ key: Buffer.from(main.key), cert: new TextEncoder().encode(main.cert) }));
fact("arrays", protocol({ key: [main.key], cert: [main.cert] }));
fact("an encrypted key", protocol({ key: text("encrypted.key"), cert: main.cert, passphrase: "open" }));
fact("a unix socket", protocol(main, { port: undefined, unix: `${folder}/socket` }));
fact("true", protocol(true));
fact("a key of another type", protocol({ ...main, key: 5 }));
fact("a Blob in memory", protocol({ ...main, key: new Blob([main.key]) }));
fact("requestCert of another type", protocol({ ...main, requestCert: "yes" }));
fact("serverName of another type", protocol({ ...main, serverName: 5 }));
fact("ciphers of another type", protocol({ ...main, ciphers: 5 }));
fact("secureOptions of another type", protocol({ ...main, secureOptions: "x" }));
fact("a certificate without its key", protocol({ cert: main.cert }));
fact("a key that does not fit", protocol({ ...main, key: of("other").key }));
fact("an entry without a name", protocol([main, of("other")]));

const names = serve([
  main,
  { ...of("main"), serverName: "other.example" },
  { ...of("other"), serverName: "OTHER.example." },
  { ...of("wild"), serverName: "*.wild.example" },
]);
const clients = serve({ ...main, ca: text("authority.pem"), requestCert: true });
const guests = serve({ ...main, ca: text("authority.pem"), requestCert: true, rejectUnauthorized: false });
const reloaded = serve(main);
reloaded.reload({ fetch, tls: of("other") } as any);
ready({ main: names, clients, guests, reloaded });
