const PREFIX = "reply: ";

export default async function (script) {
  const servers = await script.start();
  const names = Object.keys(servers).filter((name) => name.startsWith(PREFIX));
  for (const name of names.map((name) => name.slice(PREFIX.length))) {
    await script.ask(name, `/${encodeURIComponent(name)}`);
  }
  for (const name of ["chunks that are there", "chunks that come", "direct: flushed"]) {
    const path = `/${encodeURIComponent(name)}`;
    await script.ask(`HEAD: ${name}`, path, { method: "HEAD" });
    await script.ask(`HTTP/1.0: ${name}`, path, { version: "1.0" });
  }
}
