/** For tests: a server of node:http, or of bao/http, for one test. */
import { once } from "node:events";

export async function listening(t, http, listener, options = {}) {
  const server = http.createServer(options, listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(server, { port: server.address().port });
}
