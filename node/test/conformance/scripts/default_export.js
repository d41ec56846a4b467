const EXPORTS = {
  fetch: ["/a"],
  routes: ["/route", "/a"],
  error: ["/"],
  "an object with another this": ["/"],
  application: ["/a"],
};

export default async function (script) {
  for (const [name, paths] of Object.entries(EXPORTS)) {
    await script.run({ env: { EXPORTED: name, PORT: "0" } });
    script.servers = { main: await script.program.heard("address") };
    for (const path of paths) await script.ask(`${name}: ${path}`, path);
  }
}
