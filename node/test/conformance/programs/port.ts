// Which port it is: the option, the command line, the environment. The driver gives the last three.
import { call, outcome } from "./say";

const said = outcome(() => {
  const { WANTED } = process.env;
  const port = WANTED === undefined ? undefined : JSON.parse(WANTED);
  const server = Bun.serve({ port, hostname: "127.0.0.1", fetch: () => new Response("ok") });
  const { port: taken } = server;
  server.stop(true);
  return taken;
});
call("ready", {});
call("port", said);
