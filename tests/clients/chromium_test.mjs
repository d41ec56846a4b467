// Opens the page of the chat example in several tabs of Chromium, and lets them talk:
//
//     node chromium_test.mjs CHROMIUM PROGRAM
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [chromium, program] = process.argv.slice(2);

/** Starts the server; resolves to its process and its URL. */
async function serve() {
  const server = spawn(program, ["--port=0"], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  while (!/http:\S+/.test(output)) output += (await once(server.stdout, "data"))[0];
  return { server, url: /http:\S+/.exec(output)[0] };
}

/** Chromium, told what to do by the DevTools protocol over a pipe: messages that end in a NUL. */
class Browser {
  #number = 0;
  #waiting = new Map();
  #loaded = new Map();

  constructor(folder) {
    this.process = spawn(
      chromium,
      [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--no-proxy-server", "--remote-debugging-pipe",
        `--user-data-dir=${folder}`,
      ],
      { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
    );
    let text = "";
    this.process.stdio[4].setEncoding("utf8").on("data", (piece) => {
      text += piece;
      const messages = text.split("\0");
      text = messages.pop();
      for (const message of messages) this.#take(JSON.parse(message));
    });
  }

  #take({ id, result, error, method, sessionId }) {
    if (method === "Page.loadEventFired") this.#loaded.get(sessionId)?.();
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(new Error(error.message));
    else waiting?.resolve(result);
  }

  call(method, params = {}, sessionId = undefined) {
    const id = ++this.#number;
    this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + "\0");
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** A tab with that page. */
  async open(url) {
    const { targetId } = await this.call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.call("Target.attachToTarget", { targetId, flatten: true });
    await this.call("Page.enable", {}, sessionId);
    const loaded = new Promise((resolve) => this.#loaded.set(sessionId, resolve));
    await this.call("Page.navigate", { url }, sessionId);
    await loaded;
    const run = async (expression) => {
      const { result, exceptionDetails } = await this.call(
        "Runtime.evaluate",
        { expression, awaitPromise: true, returnByValue: true },
        sessionId,
      );
      assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
      return result.value;
    };
    return {
      run,
      close: () => this.call("Target.closeTarget", { targetId }),
      /** Waits until that text stands on the page. */
      shows: (text) =>
        run(`new Promise((resolve) => {
          const look = () => document.body?.innerText.includes(${JSON.stringify(text)}) &&
            (clearInterval(timer), resolve(true));
          const timer = setInterval(look, 10);
        })`),
      say: (text) =>
        run(`document.getElementById("text").value = ${JSON.stringify(text)};
          document.getElementById("form").requestSubmit()`),
    };
  }
}

const folder = mkdtempSync(join(tmpdir(), "bao-chromium-"));
const { server, url } = await serve();
const browser = new Browser(folder);
try {
  const ada = await browser.open(`${url}?name=Ada`);
  await ada.shows("You are Ada");
  const bob = await browser.open(`${url}?name=Bob`);
  await bob.shows("You are Bob");
  const eve = await browser.open(`${url}?name=${encodeURIComponent("Eve <b>")}`);
  await eve.shows("You are Eve <b>");
  await ada.shows("Eve <b> has come (3 here)");
  await bob.say("hello from Bob");
  await bob.say("größer, 𝄞");
  for (const tab of [ada, bob, eve]) {
    await tab.shows("Bob: hello from Bob");
    await tab.shows("Bob: größer, 𝄞");
  }
  // Chromium offers permessage-deflate, so this comes compressed.
  const long = "again and ".repeat(90) + "again";
  await eve.say(long);
  await ada.shows(long);
  await bob.close();
  await ada.shows("Bob has gone (2 here)");
  assert.equal(await ada.run("document.querySelectorAll('b').length"), 0, "text is no HTML");
  console.log("three tabs have talked");
} finally {
  browser.process.kill();
  server.kill();
  await Promise.all([once(browser.process, "exit"), once(server, "exit")]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
