// The same as error_page_server.cc, in JavaScript.
import { serve } from "../../node/lib/index.js";

function readSettings(name) {
  throw new TypeError(`no such setting: ${name}`);
}

function startOven(name) {
  try {
    readSettings(name);
  } catch (cause) {
    throw new Error(`the oven stays cold: ${name}`, { cause });
  }
}

console.error = () => {};
const server = serve({
  port: 0,
  hostname: "127.0.0.1",
  development: true,
  routes: {
    "/bake": (req) => {
      const name = new URL(req.url).searchParams.get("name");
      try {
        startOven(name);
      } catch (cause) {
        throw new Error(`cannot bake ${name}`, { cause });
      }
    },
  },
});
console.log(`${server.url}`);
