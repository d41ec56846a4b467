/**
 * serve(): starts a server, as Bun.serve does.
 */
import { certificate } from "./certificate_sources.js";
import { body, dispatch, drained, gone } from "./dispatch.js";
import * as native from "./native.js";
import { settingsOf } from "./options.js";
import { forget } from "./routes.js";
import { local, Server, stopped } from "./server.js";
import { connect } from "./slots.js";
import { message, socket } from "./web_socket.js";

connect(native);
const log = (line) => console.error(line);
native.install({
  dispatch, body, gone, drained, stopped, local, forget, log, certificate, message, socket,
});

/** Starts a server. Throws at once if an option is wrong or it cannot listen. */
export function serve(options) {
  return Server._start(settingsOf(options), options);
}
