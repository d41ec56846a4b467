const PREFIX = "reply: ";
const MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT";

const paths = [
  "/route",
  "/route/response",
  "/route/fields",
  "/route/404",
  "/route/type",
  "/route/slice",
  "/route/missing",
  "/route/missing-response",
  "/route/folder",
  "/route/method",
];

const inFolder = [
  "/dir/ten.txt",
  "/dir/with/",
  "/dir/with/index.html",
  "/dir/with",
  "/dir/with?a=b",
  "/dir/without/",
  "/dir/",
  "/dir/nothing",
  "/dir/ten.txt/",
  "/dir/../ten.txt",
  "/dir/%2e%2e/ten.txt",
  "/dir/with/../ten.txt",
  "/dir//ten.txt",
  "/dir/.hidden",
  "/dir/t%65n.txt",
];

const requests = {
  HEAD: { method: "HEAD" },
  part: { fields: ["Range: bytes=2-4"] },
  "last part": { fields: ["Range: bytes=-3"] },
  "part to the end": { fields: ["Range: bytes=7-"] },
  "part beyond": { fields: ["Range: bytes=10-"] },
  "no part": { fields: ["Range: lines=1-2"] },
  "part of that time": { fields: ["Range: bytes=2-4", `If-Range: ${MODIFIED}`] },
  "not since": { fields: [`If-Modified-Since: ${MODIFIED}`] },
  POST: { method: "POST", body: "" },
};

export default async function (script) {
  const servers = await script.start();
  const names = Object.keys(servers).filter((name) => name.startsWith(PREFIX));
  for (const name of names) {
    await script.ask(name, `/${encodeURIComponent(name.slice(PREFIX.length))}`);
  }
  for (const path of paths) await script.ask(path, path);
  for (const [name, options] of Object.entries(requests)) {
    for (const path of ["/whole", "/route"]) await script.ask(`${name} ${path}`, path, options);
  }
  for (const path of inFolder) await script.ask(path, path);
  for (const name of ["HEAD", "part", "part beyond", "not since", "POST"]) {
    await script.ask(`${name} /dir/ten.txt`, "/dir/ten.txt", requests[name]);
  }
  await script.ask("HEAD /slice", "/slice", requests.HEAD);
  await script.ask("part /slice", "/slice", requests.part);
  await script.ask("part /status 404", "/status%20404", requests.part);
  await script.ask("not since /route/404", "/route/404", requests["not since"]);
  await script.ask("POST /route/method", "/route/method", requests.POST);
}
