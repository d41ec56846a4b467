// A drop box: a page, a folder of files, uploads by forms and by PUT. The engine sends the files,
// with conditions and ranges; what comes is written to disk as it arrives. Neither costs memory.
// Try it: curl -T some.file http://localhost:3000/files/
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { serve, file, write, type BunRequest } from "bun";

const folder = process.env.FOLDER ?? "./dropped";
mkdirSync(folder, { recursive: true });

/** Where a file of that name is kept: in the folder, and nowhere else. */
function placeOf(name: string) {
  const plain = basename(name);
  if (plain === "" || plain.startsWith(".")) throw new Error(`${name} is no name for a file`);
  return file(join(folder, plain));
}

const server = serve({
  maxRequestBodySize: 8 * 1024 ** 3,

  routes: {
    "/": file(join(import.meta.dir, "files.html")),

    // Whatever lies in the folder, or a list of it.
    "/files/*": { GET: { dir: folder, listing: true } },

    "/files/:name": {
      PUT: async (req: BunRequest<"/files/:name">) => {
        const length = await placeOf(req.params.name).write(req);
        return Response.json({ length }, { status: 201 });
      },
      DELETE: async (req: BunRequest<"/files/:name">) => {
        await placeOf(req.params.name).delete();
        return new Response(null, { status: 204 });
      },
    },

    "/upload": {
      POST: async (req) => {
        const form = await req.formData();
        for (const one of form.getAll("file")) {
          if (typeof one !== "string") await write(placeOf(one.name), one);
        }
        return Response.redirect("/files/", 303);
      },
    },

    // A part that the program chooses: a 206.
    "/first/:name": (req) => new Response(placeOf(req.params.name).slice(0, 100)),
  },

  // A file that is not there fails with ENOENT.
  error(error) {
    return new Response(`${error.message}\n`, { status: error.code === "ENOENT" ? 404 : 400 });
  },
});

console.log(`listening on ${server.url}`);
