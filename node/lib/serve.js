/**
 * serve(): starts a server, as Bun.serve does.
 */
import { certificate } from "./certificate_sources.js";
import { body, dispatch, dispatchAll, drained, gone, sendWaiting } from "./dispatch.js";
import { connection } from "./links.js";
import * as native from "./native.js";
import { settingsOf } from "./options.js";
import { forget } from "./routes.js";
import { local, Server, stopped } from "./server.js";
import { connect } from "./slots.js";
import { message, socket } from "./web_socket.js";

connect(native);
const log = (line) => console.error(line);
const table = {
  dispatch, dispatchAll, body, gone, drained, stopped, local, forget, log, certificate, message,
  socket, connection,
};
native.install(table, process.env.BAO_USE_IO_URING !== "0");

// A handler may end the process while replies of others wait to be sent with its own.
process.on("exit", sendWaiting);

let start = (options) => Server._start(settingsOf(options), options);

/** For the command: `wrap` is given what starts a server, and gives what is called instead. */
export function startWith(wrap) {
  start = wrap(start);
}

/** Starts a server. Throws at once if an option is wrong or it cannot listen. */
export function serve(options) {
  return start(options);
}
