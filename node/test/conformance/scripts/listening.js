export default async function (script) {
  await script.start();
  await script.ask("unix socket", "/a", { server: "unix" });
  await script.ask("abstract socket", "/a", { server: "abstract" });
  await script.ask("unix socket without Host", "/a", { server: "unix", fields: ["Host:"] });
}
