// Chromium for tests, told what to do by the DevTools protocol over a pipe: messages that end in a NUL.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** What CTest takes for a skipped test: a machine on which Chromium does not even start has none. */
const skipped = 77;
/** How long a browser may take to start, and a whole test to end, in milliseconds; a loaded machine is slow. */
const startingTime = 100_000;
const testTime = 250_000;
/** How often a page is asked for again, since Chromium gives up what it loads when any network of the machine changes. */
const attempts = 5;

class Browser {
  #process;
  #folder;
  #number = 0;
  #waiting = new Map();
  #heard = new Set();
  #said = "";

  constructor(program, options) {
    this.#folder = mkdtempSync(join(tmpdir(), "bao-chromium-"));
    this.#process = spawn(
      program,
      [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--no-proxy-server", "--disable-background-networking",
        "--remote-debugging-pipe", `--user-data-dir=${this.#folder}`, ...options,
      ],
      { stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"], env: { ...process.env, HOME: this.#folder } },
    );
    this.#process.stderr.setEncoding("utf8").on("data", (piece) => {
      this.#said = (this.#said + piece).slice(-4000);
    });
    this.#process.on("error", (error) => this.#end(error.message));
    this.#process.on("exit", (code, signal) => this.#end(`Chromium has ended (${signal ?? code})`));
    this.#process.stdio[3].on("error", (error) => this.#end(error.message));
    let text = "";
    this.#process.stdio[4].setEncoding("utf8").on("data", (piece) => {
      text += piece;
      const messages = text.split("\0");
      text = messages.pop();
      for (const message of messages) this.#take(JSON.parse(message));
    });
  }

  #end(reason) {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }

  #take({ id, result, error, method, params, sessionId }) {
    if (method) for (const hear of [...this.#heard]) hear(method, params, sessionId);
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(new Error(`${waiting.method}: ${error.message}`));
    else waiting?.resolve(result);
  }

  /** What is still awaited and what Chromium has said, for somebody who looks for a fault. */
  describe() {
    const awaited = [...this.#waiting.values()].map(({ method, params }) =>
      `${method} ${JSON.stringify(params)}`);
    return `awaited:\n${awaited.join("\n")}\nChromium said:\n${this.#said}`;
  }

  call(method, params = {}, sessionId = undefined) {
    const id = ++this.#number;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, method, params });
      if (this.#process.exitCode !== null) return this.#end("Chromium has ended");
      this.#process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + "\0");
    });
  }

  /** The first event of that name for which `fits` holds; `sessionId` undefined: of the browser itself. */
  event(name, sessionId = undefined, fits = () => true) {
    return new Promise((resolve) => {
      const hear = (method, params, session) => {
        if (method !== name || session !== sessionId || !fits(params)) return;
        this.#heard.delete(hear);
        resolve(params);
      };
      this.#heard.add(hear);
    });
  }

  /** A tab with that page, loaded. */
  async open(url) {
    const { targetId } = await this.call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.call("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab(this, targetId, sessionId);
    await tab.call("Page.enable");
    await tab.call("Page.setLifecycleEventsEnabled", { enabled: true });
    await tab.load(url);
    return tab;
  }

  async close() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, "exit");
      this.#process.kill("SIGKILL");
      await ended;
    }
    try {
      rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 });
    } catch {
      // A process of the browser's that outlives it for a moment may write there still; a folder in /tmp hurts nobody.
    }
  }
}

class Tab {
  #browser;

  constructor(browser, targetId, sessionId) {
    this.#browser = browser;
    this.targetId = targetId;
    this.sessionId = sessionId;
  }

  call(method, params = {}) {
    return this.#browser.call(method, params, this.sessionId);
  }

  event(name, fits = undefined) {
    return this.#browser.event(name, this.sessionId, fits);
  }

  /** Goes to that page and waits until it, and not what stood there before, is loaded. */
  async load(url) {
    for (let attempt = 1; ; ++attempt) {
      const seen = new Set();
      let loader;
      const loaded = this.event("Page.lifecycleEvent", ({ name, loaderId }) => {
        if (name === "load") seen.add(loaderId);
        return seen.has(loader);
      });
      const { loaderId, errorText } = await this.call("Page.navigate", { url });
      if (!errorText) {
        loader = loaderId;
        if (!seen.has(loader)) await loaded;
        return;
      }
      assert(attempt < attempts, `${url}: ${errorText}`);
      await sleep(100 * attempt);
    }
  }

  /** The value of that expression on the page; a promise is awaited. */
  async run(expression) {
    const { result, exceptionDetails } = await this.call("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
    return result.value;
  }

  /** Waits until that text stands on the page. */
  shows(text) {
    return this.run(`new Promise((resolve) => {
      const look = () => document.body?.innerText.includes(${JSON.stringify(text)}) &&
        (clearInterval(timer), resolve(true));
      const timer = setInterval(look, 10);
    })`);
  }

  close() {
    return this.#browser.call("Target.closeTarget", { targetId: this.targetId });
  }
}

/**
 * Runs `test` with a browser and ends the process: with 0 if it held, with 77 if Chromium cannot be started here, else
 * with 1 and what is known. `options` are command-line options for Chromium.
 */
export async function withChromium(program, test, options = []) {
  const browser = new Browser(program, options);
  const fail = (reason, code) => {
    console.error(reason, browser.describe());
    return code;
  };
  const late = setTimeout(() => process.exit(fail("not done in time", 1)), testTime);
  let code = 0;
  try {
    await Promise.race([
      browser.call("Browser.getVersion"),
      sleep(startingTime, undefined, { ref: false }).then(() => assert.fail("no answer")),
    ]);
  } catch (error) {
    code = fail(`Chromium does not start here: ${error.message}`, skipped);
  }
  try {
    if (code === 0) await test(browser);
  } catch (error) {
    code = fail(error, 1);
  }
  clearTimeout(late);
  await browser.close();
  process.exit(code);
}

/** Starts a server that prints its URL; resolves to its process and its URL. */
export async function startServer(program, args = []) {
  const server = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  while (!/https?:\S+/.test(output)) output += (await once(server.stdout, "data"))[0];
  return { server, url: /https?:\S+/.exec(output)[0] };
}
