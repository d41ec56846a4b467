/** Certificates that tests make for themselves, by the command `openssl`. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "bao-certificates-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

function openssl(...args) {
  return execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
}

/**
 * A certificate with its key: `{ key, cert, keyFile, certFile }`. Signed by `issuer`, or by itself.
 */
export function makeCertificate(
  { name = "localhost", issuer, authority = false, rsa = false } = {},
) {
  const base = join(folder, String(++count));
  const keyFile = `${base}.key`;
  const certFile = `${base}.pem`;
  const extensions = authority
    ? ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign,cRLSign"]
    : ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", `subjectAltName=DNS:${name}`];
  const signed = issuer ? ["-CA", issuer.certFile, "-CAkey", issuer.keyFile] : [];
  const kind = rsa ? ["rsa:2048"] : ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  openssl(
    "req", "-x509", "-newkey", ...kind, "-nodes", "-days", "2",
    "-keyout", keyFile, "-out", certFile, "-subj", `/CN=${name}`, ...extensions, ...signed);
  const key = readFileSync(keyFile, "utf8");
  const cert = readFileSync(certFile, "utf8");
  return { name, key, cert, keyFile, certFile };
}

/** The same key, encrypted. */
export function encryptKey({ keyFile }, passphrase) {
  return openssl("pkcs8", "-topk8", "-in", keyFile, "-passout", `pass:${passphrase}`).toString();
}

/** A list by which an authority takes back one certificate. */
export function revoke(authority, { certFile }) {
  const base = join(folder, String(++count));
  const database = `[ca]\ndefault_ca = all\n[all]\ndatabase = ${base}.index\ncrlnumber = ${base}.number\n`;
  writeFileSync(`${base}.conf`, `${database}default_md = sha256\ndefault_crl_days = 1\n`);
  writeFileSync(`${base}.index`, "");
  writeFileSync(`${base}.number`, "01\n");
  const by = ["-config", `${base}.conf`, "-cert", authority.certFile, "-keyfile", authority.keyFile];
  openssl("ca", ...by, "-revoke", certFile);
  return openssl("ca", ...by, "-gencrl").toString();
}

/** A file with Diffie-Hellman parameters. */
export function makeParameters() {
  const file = join(folder, "dh.pem");
  openssl("genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", file);
  return file;
}

/** A reply, with the certificate of the server: `{ status, text, name, fingerprint }`. */
export function getSecure(url, options = {}) {
  return new Promise((resolve, reject) => {
    const request = https.get(url, { agent: false, ...options }, (reply) => {
      const { subject, fingerprint256 } = reply.socket.getPeerCertificate();
      let text = "";
      reply.setEncoding("utf8").on("data", (piece) => (text += piece));
      reply.on("end", () =>
        resolve({ status: reply.statusCode, text, name: subject?.CN, fingerprint: fingerprint256 }),
      );
    });
    request.on("error", reject);
  });
}

export { folder };
