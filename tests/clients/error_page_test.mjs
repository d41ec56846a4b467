// Opens the development page of an error in Chromium, wide and narrow, light and dark:
//
//     node error_page_test.mjs CHROMIUM PROGRAM [ARGUMENTS]
//
// With BAO_SCREENSHOTS=FOLDER in the environment the pictures are kept there.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { startServer, withChromium } from "./chromium.mjs";

const [chromium, program, ...args] = process.argv.slice(2);
const { server, url } = await startServer(program, args);
process.on("exit", () => server.kill("SIGKILL"));

// All that gets into the page from outside, of which nothing may become more than text.
const hostile =
  `</title></h1><script>window.owned = 1</script><img src=x onerror="window.owned = 2"></textarea>` +
  `<svg onload=window.owned=3>&lt;b&gt;"'\`{{7*7}}${"long".repeat(60)}`;

/** Mean brightness (0 to 255) and number of colours of a picture, as the page itself sees it. */
const look = (picture) => `new Promise((resolve) => {
  const image = new Image();
  image.onload = () => {
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const colours = new Set();
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) {
      colours.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
      sum += (data[i] + data[i + 1] + data[i + 2]) / 3;
    }
    resolve({ brightness: sum / (data.length / 4), colours: colours.size });
  };
  image.src = "data:image/png;base64,${picture}";
})`;

async function looksRight(tab, width, scheme) {
  await tab.call("Emulation.setDeviceMetricsOverride", {
    width, height: 900, deviceScaleFactor: 1, mobile: width < 600,
  });
  await tab.call("Emulation.setEmulatedMedia", {
    features: [{ name: "prefers-color-scheme", value: scheme }],
  });
  const { content, window } = await tab.run(
    `({ content: document.documentElement.scrollWidth, window: innerWidth })`);
  assert.ok(content <= window, `${content} pixels of content in a window of ${width}`);
  const { data } = await tab.call("Page.captureScreenshot", { format: "png" });
  if (process.env.BAO_SCREENSHOTS) {
    const name = `${basename(program)}-${width}-${scheme}.png`;
    writeFileSync(join(process.env.BAO_SCREENSHOTS, name), Buffer.from(data, "base64"));
  }
  const { brightness, colours } = await tab.run(look(data));
  assert.ok(colours > 20, `a picture of ${colours} colours is blank`);
  assert.ok(scheme === "dark" ? brightness < 100 : brightness > 200, `${scheme}: ${brightness}`);
}

async function isInert(tab) {
  assert.equal(await tab.run("window.owned"), undefined);
  const strangers = "document.querySelectorAll('img, h1 *, p *:not(code), dd *, svg:not(.top svg)').length";
  assert.equal(await tab.run(strangers), 0);
  assert.equal(await tab.run("document.scripts.length"), 1);
  assert.ok((await tab.run("document.title")).includes("</title></h1><script>"));
  assert.ok((await tab.run("document.querySelector('h1').textContent")).includes(hostile));
}

async function tellsAll(tab) {
  const text = await tab.run("document.body.innerText");
  for (const wanted of ["cannot bake", "the oven stays cold", "no such setting", "Caused by", "Stack",
    "GET /bake?name=", "User-Agent", "Host"]) {
    assert.ok(text.toLowerCase().includes(wanted.toLowerCase()), `the page does not say ${wanted}`);
  }
  assert.ok(await tab.run("document.querySelectorAll('.row.hot').length") > 0, "no line of source");
}

/** The button copies the page's text, and says so. */
async function copies(browser, tab) {
  await browser.call("Browser.grantPermissions", {
    origin: new URL(url).origin, permissions: ["clipboardReadWrite", "clipboardSanitizedWrite"],
  });
  await tab.call("Page.bringToFront");
  const { x, y } = await tab.run(`(() => {
    const { x, y, width, height } = document.getElementById("copy").getBoundingClientRect();
    return { x: x + width / 2, y: y + height / 2 };
  })()`);
  for (const type of ["mousePressed", "mouseReleased"]) {
    await tab.call("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
  }
  await tab.shows("Copied");
  const copied = await tab.run("navigator.clipboard.readText()");
  assert.ok(copied.includes(hostile) && copied.includes("Caused by: "), copied);
}

await withChromium(chromium, async (browser) => {
  const tab = await browser.open(`${url}bake?name=${encodeURIComponent(hostile)}`);
  for (const width of [1280, 360]) {
    for (const scheme of ["light", "dark"]) await looksRight(tab, width, scheme);
  }
  await isInert(tab);
  await tellsAll(tab);
  await copies(browser, tab);
  await isInert(tab);
  console.log("the page is right at two widths, light and dark");
});
