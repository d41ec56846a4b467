const paths = [
  "/",
  "/exact",
  "/exact/",
  "/exact?query=1",
  "/exact/one",
  "/exact/fixed",
  "/exact/one/two",
  "//exact",
  "/users/7",
  "/users/7/",
  "/users/",
  "/users",
  "/users/7/posts/8",
  "/users/7/else",
  "/users/a/b/c/d",
  "/users/a%20b",
  "/users/a%2Fb",
  "/users/%C3%BC",
  "/users/%FF",
  "/users/%E4%B8",
  "/users/%zz",
  "/users/%",
  "/users/a+b",
  "/users/a%00b",
  "/users/..",
  "/users/%2e%2e",
  "/users/:id",
  "/users/*",
  "/users/a;b=c",
  "/files",
  "/files/",
  "/files/a",
  "/files/a/b?c",
  "/files/%2F",
  "/trailing",
  "/trailing/",
  "/CASE",
  "/case",
  "/many/1/2/3/4/5",
  "/many/1/2/3/4",
  "/p%20q",
  "/off",
  "/method/off",
  "/nowhere",
  "/exact#fragment",
  "/./exact",
  "/a/../exact",
];

const tagOf = async (script, path) =>
  new Promise((resolve) => {
    fetch(`http://127.0.0.1:${script.servers.prepared}${path}`).then((reply) =>
      resolve(reply.headers.get("etag")),
    );
  });

async function conditions(script) {
  const tag = await tagOf(script, "/text");
  const conditional = {
    "the tag": tag,
    "another tag": '"0000000000000000"',
    "a list with the tag": `"a", ${tag}, "b"`,
    "the tag, weak": `W/${tag}`,
    any: "*",
    "no tag at all": "nonsense",
    empty: "",
  };
  for (const [name, value] of Object.entries(conditional)) {
    const fields = [`If-None-Match: ${value}`];
    await script.ask(`If-None-Match: ${name}`, "/text", { server: "prepared", fields });
  }
  const fields = [`If-None-Match: ${tag}`];
  await script.ask("HEAD with If-None-Match", "/text", {
    server: "prepared",
    method: "HEAD",
    fields,
  });
  await script.ask("POST with If-None-Match", "/text", {
    server: "prepared",
    method: "POST",
    fields,
    body: "",
  });
  const mine = ['If-None-Match: "mine"'];
  await script.ask("own tag matches", "/etag", { server: "prepared", fields: mine });
  await script.ask("own weak tag matches", "/etag/weak", { server: "prepared", fields: mine });
  const since = ["If-Modified-Since: Tue, 15 Nov 1994 08:12:31 GMT"];
  await script.ask("If-Modified-Since", "/dated", { server: "prepared", fields: since });
}

export default async function (script) {
  await script.start();
  for (const path of new Set(paths)) await script.ask(path, path);
  await script.ask("nothing fits and no fetch", "/nowhere", { server: "bare" });
  await script.ask("a route and no fetch", "/only", { server: "bare" });
  for (const path of ["/a", "/b", "/", "/b/c"])
    await script.ask(`with /*: ${path}`, path, { server: "star" });
  await script.case("OPTIONS *", () => script.reply("*", { method: "OPTIONS" }));
  await script.case("absolute target", () => script.reply("http://elsewhere/users/9"));

  const words = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"];
  for (const path of ["/get", "/post", "/both", "/all", "/any", "/prepared", "/prepared/any"]) {
    for (const method of words) {
      await script.ask(`${method} ${path}`, path, { server: "methods", method });
    }
  }
  for (const [method, path] of [
    ["POST", "/get"],
    ["GET", "/post"],
    ["HEAD", "/get"],
    ["HEAD", "/post"],
    ["DELETE", "/both"],
    ["PUT", "/prepared"],
  ]) {
    await script.ask(`${method} ${path} without fetch`, path, { server: "methodsOnly", method });
  }

  for (const path of [
    "/text",
    "/empty",
    "/none",
    "/204",
    "/404",
    "/json",
    "/redirect",
    "/bytes",
    "/buffer",
    "/blob",
    "/fetched",
    "/form",
    "/fields",
    "/cookies",
    "/etag",
    "/etag/weak",
    "/dated",
    "/missing",
    "/text?query",
  ]) {
    await script.ask(`prepared ${path}`, path, { server: "prepared" });
  }
  for (const path of ["/text", "/none", "/204", "/json", "/redirect", "/etag", "/blob"]) {
    await script.ask(`prepared HEAD ${path}`, path, { server: "prepared", method: "HEAD" });
  }
  for (const method of ["POST", "OPTIONS"]) {
    await script.ask(`prepared ${method} /text`, "/text", {
      server: "prepared",
      method,
      body: "ignored",
    });
  }
  await conditions(script);
  await script.case("prepared FormData", async () => {
    const reply = await script.reply("/x", { server: "multipart" });
    const boundary = /boundary="?([^";]+)/.exec(reply.fields["content-type"])[1];
    return [reply.status, reply.body.replaceAll(boundary, "BOUNDARY")];
  });
  await script.ask("both static and routes: in both", "/x", { server: "both" });
  await script.ask("both static and routes: in static", "/s", { server: "both" });
  for (const path of ["/kept", "/left-out"]) {
    await script.ask(`a route that is undefined: ${path}`, path, { server: "optional" });
  }
  for (const path of ["/a", "/b", "/c/x", "/e/x/y"]) {
    await script.ask(`one Response on many routes: ${path}`, path, { server: "shared" });
  }
}
