// Opens the page of the chat example in several tabs of Chromium, and lets them talk:
//
//     node chromium_test.mjs CHROMIUM PROGRAM
import assert from "node:assert/strict";
import { startServer, withChromium } from "./chromium.mjs";

const [chromium, program] = process.argv.slice(2);
const { server, url } = await startServer(program, ["--port=0"]);
process.on("exit", () => server.kill("SIGKILL"));

const say = (tab, text) =>
  tab.run(`document.getElementById("text").value = ${JSON.stringify(text)};
    document.getElementById("form").requestSubmit()`);

await withChromium(chromium, async (browser) => {
  const ada = await browser.open(`${url}?name=Ada`);
  await ada.shows("You are Ada");
  const bob = await browser.open(`${url}?name=Bob`);
  await bob.shows("You are Bob");
  const eve = await browser.open(`${url}?name=${encodeURIComponent("Eve <b>")}`);
  await eve.shows("You are Eve <b>");
  await ada.shows("Eve <b> has come (3 here)");
  await say(bob, "hello from Bob");
  await say(bob, "größer, 𝄞");
  for (const tab of [ada, bob, eve]) {
    await tab.shows("Bob: hello from Bob");
    await tab.shows("Bob: größer, 𝄞");
  }
  // Chromium offers permessage-deflate, so this comes compressed.
  const long = "again and ".repeat(90) + "again";
  await say(eve, long);
  await ada.shows(long);
  await bob.close();
  await ada.shows("Bob has gone (2 here)");
  assert.equal(await ada.run("document.querySelectorAll('b').length"), 0, "text is no HTML");
  console.log("three tabs have talked");
});
