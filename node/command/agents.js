/**
 * How fetch() and WebSockets reach a server by another way than Node's own: a unix socket, settings
 * of TLS, another Host. Node's client takes a dispatcher for that, whose class is to be had from
 * the one that stands ready for everybody.
 */
import { Blob } from "node:buffer";
import net from "node:net";
import tls from "node:tls";

/** Node's place for it; the second is that of Node 22 and 24. */
const PLACES = [Symbol.for("undici.globalDispatcher.2"), Symbol.for("undici.globalDispatcher.1")];

/** Agents by what they were made of. Programs have few; those that have many make some anew. */
const agents = new Map();
const MOST_AGENTS = 64;

/** Settings of TLS by Bun's names, where Node's differ. */
const OTHER_NAMES = { serverName: "servername" };
const MAY_BE_FILES = ["ca", "cert", "key"];

/** Milliseconds, as long as Node's client waits for a connection. */
const PATIENCE = 10_000;

function agentClass() {
  // Node loads its client when somebody looks at one of its globals.
  void globalThis.FormData;
  const place = PLACES.find((symbol) => globalThis[symbol] !== undefined);
  return globalThis[place].constructor;
}

/** @param {Function} connect by which Node's client connects, see `connector` */
export function newAgent(connect) {
  return new (agentClass())({ connect });
}

/**
 * Connects for Node's client. That takes the name of a TLS server from the Host that is said, which
 * may come from anybody: here it is what the settings say, else the host of the URL.
 *
 * @param {object | Promise<object>} settings for net.connect and tls.connect
 * @param {(socket: net.Socket) => void} [keep] gets the socket before Node's client does
 */
export function connector(settings, keep) {
  return async ({ hostname, port, protocol }, done) => {
    try {
      const isSecure = protocol === "https:" || protocol === "wss:";
      const host = hostname.replace(/^\[|\]$/g, "");
      const where = { host, port: port || (isSecure ? 443 : 80), noDelay: true, keepAlive: true };
      const given = { servername: net.isIP(host) ? "" : host, ...(await settings), ...where };
      const socket = isSecure
        ? tls.connect({ ...given, ALPNProtocols: ["http/1.1"] })
        : net.connect(given);
      socket.setTimeout(PATIENCE, () => socket.destroy(tooSlow()));
      socket.once("error", done);
      socket.once(isSecure ? "secureConnect" : "connect", () => {
        // Node's client hears of errors as long as it uses the socket.
        socket.setTimeout(0).removeAllListeners("timeout").off("error", done).on("error", () => {});
        keep?.(socket);
        done(null, socket);
      });
    } catch (error) {
      done(error);
    }
  };
}

function tooSlow() {
  return Object.assign(new Error("Connect Timeout Error"), { code: "UND_ERR_CONNECT_TIMEOUT" });
}

/**
 * The dispatcher for a request by a unix socket (a path, or undefined) or with these settings of
 * TLS.
 */
async function agentFor(unix, tls) {
  const settings = await tlsSettings(tls);
  const all = unix === undefined ? settings : { ...settings, path: unix };
  const isOnce = Object.values(all).some((value) => typeof value === "function");
  if (isOnce) return newAgent(connector(all));
  const key = JSON.stringify(all);
  const known = agents.get(key);
  if (known !== undefined) return known;
  const agent = newAgent(connector(all));
  if (agents.size >= MOST_AGENTS) agents.clear();
  agents.set(key, agent);
  return agent;
}

/** With the contents of files in the place of the files. */
export async function tlsSettings(tls) {
  const settings = {};
  for (const [name, value] of Object.entries(tls ?? {})) {
    if (value === undefined || value === null) continue;
    settings[OTHER_NAMES[name] ?? name] = MAY_BE_FILES.includes(name)
      ? await contentOf(value)
      : value;
  }
  return settings;
}

async function contentOf(value) {
  if (Array.isArray(value)) return Promise.all(value.map(contentOf));
  return value instanceof Blob ? value.text() : value;
}

/**
 * The dispatcher for a request to `origin` by its own way: a unix socket, settings of TLS, another
 * Host (or null). The socket and the Host are not for another server that the request may be
 * redirected to.
 */
export async function dispatcherFor(origin, { unix, tls, host, dispatcher }) {
  const first = dispatcher ?? (await agentFor(unix, tls));
  if (host === null && unix === undefined) return first;
  const other = dispatcher ?? (await agentFor(undefined, tls));
  return {
    dispatch(options, handler) {
      if (options.origin !== origin) return other.dispatch(options, handler);
      return first.dispatch(host === null ? options : withHost(options, host), handler);
    },
  };
}

/** Who the server has to be is for the URL to say, for a dispatcher of the program as well. */
function withHost({ headers, ...options }, host) {
  const fields = Array.isArray(headers) ? [...headers, "host", host] : { ...headers, host };
  const servername = new URL(options.origin).hostname;
  return { ...options, servername, headers: fields };
}
