// A page with a form, and what becomes of the file that it sends.
import { tmpdir } from "os";
import { join } from "path";

const picture = join(tmpdir(), `picture-${process.pid}.png`);

const server = Bun.serve({
  port: 0,
  async fetch(req) {
    const url = new URL(req.url);

    if (url.pathname === "/")
      return new Response(Bun.file("index.html"), {
        headers: {
          "Content-Type": "text/html",
        },
      });

    if (url.pathname === "/action") {
      const formdata = await req.formData();
      const name = formdata.get("name");
      const profilePicture = formdata.get("profilePicture");
      if (!profilePicture) throw new Error("Must upload a profile picture.");
      await Bun.write(picture, profilePicture);
      return new Response(`Success, ${name}: ${await Bun.file(picture).text()}`);
    }

    if (url.pathname === "/removed") {
      await Bun.file(picture).delete();
      return new Response(String(await Bun.file(picture).exists()));
    }

    return new Response("Not Found", { status: 404 });
  },
});

console.log(`Listening on http://localhost:${server.port}`);
