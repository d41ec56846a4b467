import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import https from "node:https";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The files that the program reads. */
function makeFiles(folder) {
  const openssl = (...args) => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const make = (name, ...more) =>
    openssl(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
      "-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", `/CN=${name}`, ...more);
  for (const name of ["main", "other", "wild", "authority"]) make(name);
  make("client", "-CA", "authority.pem", "-CAkey", "authority.key",
    "-addext", "basicConstraints=critical,CA:FALSE");
  openssl("pkcs8", "-topk8", "-in", "main.key", "-out", "encrypted.key", "-passout", "pass:open");
}

/** The text of a reply and the name in the certificate that came; or that there was none. */
function get(port, options) {
  return new Promise((resolve) => {
    https
      .get({ port, rejectUnauthorized: false, agent: false, ...options }, (reply) => {
        const name = reply.socket.getPeerCertificate().subject.CN;
        let text = "";
        reply.setEncoding("utf8").on("data", (piece) => (text += piece));
        reply.on("end", () => resolve({ status: reply.statusCode, text, name }));
      })
      .on("error", () => resolve("(refused)"));
  });
}

/** What somebody is told who speaks HTTP to the port: the first line, and the body. */
function plain(port) {
  return new Promise((resolve) => {
    let text = "";
    const socket = net.connect(port, "localhost", () => socket.write("GET / HTTP/1.1\r\n\r\n"));
    socket.setEncoding("latin1").on("data", (piece) => (text += piece));
    socket.on("error", () => {});
    socket.on("close", () => resolve(text.replace(/\r\n.*\r\n\r\n/s, ": ").replace(/:\d+/, "")));
    socket.on("end", () => socket.end());
  });
}

export default async function (script) {
  const folder = mkdtempSync(join(tmpdir(), "bao-tls-"));
  try {
    makeFiles(folder);
    const servers = await script.start({ env: { CERTIFICATES: folder } });
    const read = (name) => readFileSync(join(folder, name));
    const client = { key: read("client.key"), cert: read("client.pem") };
    const stranger = { key: read("other.key"), cert: read("other.pem") };
    for (const servername of [
      "", "other.example", "Other.Example", "a.wild.example", "a.b.wild.example", "wild.example",
    ]) {
      await script.case(`the name "${servername}"`, () => get(servers.main, { servername }));
    }
    for (const version of ["TLSv1.1", "TLSv1.2", "TLSv1.3"]) {
      const versions = { minVersion: version, maxVersion: version, ciphers: "ALL:@SECLEVEL=0" };
      await script.case(version, () => get(servers.main, versions));
    }
    for (const [name, shown] of Object.entries({ "no one": {}, client, stranger })) {
      await script.case(`${name}, asked`, () => get(servers.clients, shown));
      await script.case(`${name}, let in`, () => get(servers.guests, shown));
    }
    await script.case("reload", () => get(servers.reloaded, {}));
    await script.case("plain HTTP", () => plain(servers.main));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
