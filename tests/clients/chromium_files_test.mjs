// Files and forms in Chromium: a recording that is sought in by ranges, a download, an upload:
//
//     node chromium_files_test.mjs CHROMIUM SERVER
import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer, withChromium } from "./chromium.mjs";

const [chromium, program] = process.argv.slice(2);

// The server has its files where it is started.
const folder = mkdtempSync(join(tmpdir(), "bao-chromium-files-"));
process.chdir(folder);
const content = randomFillSync(Buffer.alloc(2_000_000));
writeFileSync("two-megabytes", content);
/** Minutes of silence: 16 bits, 44,100 times a second. A hole in the file holds them. */
const rate = 88_200;
const seconds = 1200;
writeRecording("recording.wav");
writeFileSync("form.html", `<!doctype html><form action="/upload" method="post" enctype="multipart/form-data" target="answer">
<input name="text"><input type="file" name="file"></form><iframe name="answer"></iframe>`);
writeFileSync("recording.html", `<!doctype html><video src="/recording" preload="metadata"></video>`);

const { server, url } = await startServer(program);
process.on("exit", () => {
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function writeRecording(path) {
  const size = rate * seconds;
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + size, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20); // not compressed
  head.writeUInt16LE(1, 22); // mono
  head.writeUInt32LE(rate / 2, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(size, 40);
  const file = openSync(path, "w");
  writeSync(file, head);
  closeSync(file);
  truncateSync(path, head.length + size);
}

/** Ends at the event of that name, and fails at an error. */
const until = (name, action = "") => `new Promise((resolve, reject) => {
  const video = document.querySelector("video");
  video.addEventListener(${JSON.stringify(name)}, () => resolve(video.duration), { once: true });
  video.addEventListener("error", () => reject(new Error(video.error.message)));
  if (video.error) reject(new Error(video.error.message));
  ${action}
})`;

async function seek(browser) {
  const tab = await browser.open(new URL("files/recording.html", url).href);
  const duration = await tab.run(`document.querySelector("video").readyState > 0
    ? document.querySelector("video").duration : ${until("loadedmetadata")}`);
  assert.equal(Math.round(duration), seconds);
  for (const time of [1000, 30, 1190]) {
    await tab.run(until("seeked", `video.currentTime = ${time};`));
    assert.equal(await tab.run(`document.querySelector("video").currentTime`), time);
  }
  await tab.close();
  const ranges = (await (await fetch(new URL("ranges", url))).text()).split("\n");
  const firsts = ranges.map((range) => Number(/^bytes=(\d+)-/.exec(range)?.[1] ?? 0));
  assert(firsts.some((first) => first > 900 * rate), `no range far behind was asked for: ${ranges}`);
}

async function download(browser) {
  const tab = await browser.open(new URL("files/form.html", url).href);
  // Chromium gives up what it loads when any network of the machine changes.
  for (let attempt = 1, state; state !== "completed"; ++attempt) {
    assert(attempt <= 5, `the download was ${state}`);
    await browser.call("Browser.setDownloadBehavior", {
      behavior: "allow",
      downloadPath: join(folder, `downloads${attempt}`),
      eventsEnabled: true,
    });
    const begun = browser.event("Browser.downloadWillBegin");
    const ended = browser.event("Browser.downloadProgress", undefined, (progress) => {
      return progress.state !== "inProgress";
    });
    await tab.run(`{
      const link = document.createElement("a");
      link.href = "/attachment";
      link.click();
    }`);
    assert.equal((await begun).suggestedFilename, "größe.bin");
    ({ state } = await ended);
    if (state !== "completed") continue;
    assert(readFileSync(join(folder, `downloads${attempt}`, "größe.bin")).equals(content));
  }
  await tab.close();
}

async function upload(browser) {
  const tab = await browser.open(new URL("files/form.html", url).href);
  const { result } = await tab.call("Runtime.evaluate", {
    expression: `document.querySelector("input[type=file]")`,
  });
  const path = join(folder, `a "file".bin`);
  writeFileSync(path, content);
  await tab.call("DOM.setFileInputFiles", { objectId: result.objectId, files: [path] });
  const text = await tab.run(`new Promise((resolve) => {
    const answer = document.querySelector("iframe");
    answer.addEventListener("load", () => {
      const text = answer.contentDocument.body.innerText;
      if (text !== "") resolve(text);
    });
    document.querySelector("input").value = "größer, 𝄞";
    document.forms[0].submit();
  })`);
  assert.deepEqual(text.trim().split("\n"), [
    "text=größer, 𝄞",
    `file: a "file".bin, application/octet-stream, 2000000 bytes`,
  ]);
  assert(readFileSync("uploaded").equals(content), "the bytes of the upload differ");
  await tab.close();
}

await withChromium(chromium, async (browser) => {
  await seek(browser);
  await download(browser);
  await upload(browser);
  console.log("sought, downloaded and uploaded");
});
