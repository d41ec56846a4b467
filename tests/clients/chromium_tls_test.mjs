// Chromium loads a page by HTTPS, with what the page asks for by fetch and by a WebSocket:
//
//     node chromium_tls_test.mjs CHROMIUM PROGRAM
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer, withChromium } from "./chromium.mjs";

const [chromium, program] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "bao-chromium-tls-"));

/** key.pem and cert.pem, signed by themselves. */
function makeCertificate(name, more) {
  execFileSync(
    "openssl",
    [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
      "-subj", `/CN=${name}`, "-keyout", "key.pem", "-out", "cert.pem", ...more,
    ],
    { cwd: folder, stdio: "ignore" },
  );
}

// Only this key is forgiven that nobody in the world vouches for it.
makeCertificate("localhost", ["-addext", "subjectAltName=DNS:localhost"]);
const { publicKey } = new X509Certificate(readFileSync(join(folder, "cert.pem")));
const pin = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("base64");

const { server, url } = await startServer(program, ["--tls", folder]);
process.on("exit", () => {
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

await withChromium(chromium, async (browser) => {
  const { port } = new URL(url);
  const tab = await browser.open(`https://localhost:${port}/page`);
  await tab.shows("echo: hello by wss");
  const said = await tab.run("document.body.innerText");
  assert.match(said, /secure context: true/);
  assert.match(said, /TLSv1\.3 localhost nobody/);
  assert.match(said, /3000000 bytes/);
  await tab.load(`https://localhost:${port}/page`);
  await tab.shows("echo: hello by wss");
  console.log("a page has been loaded by HTTPS twice");
}, [`--ignore-certificate-errors-spki-list=${pin}`]);
