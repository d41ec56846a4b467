const paths = [
  ..."read set plain many throws rejects later stream redirect no-content".split(" "),
  ..."not-modified unchanged assigned same cloned shared json".split(" "),
];
const fields = ['Cookie: z=1; y=%20q; =bad; novalue; q="x"; z=2'];

export default async function (script) {
  await script.start();
  for (const path of paths) await script.ask(`server ${path}`, `/${path}`, { fields });
  await script.ask("server without cookies", "/read");
  await script.ask("server in fetch", "/elsewhere", { fields });
}
