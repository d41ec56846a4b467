/**
 * How fetch() and WebSockets reach a server by another way than Node's own: a unix socket, settings
 * of TLS, another Host. Node's client takes a dispatcher for that, whose class is to be had from
 * the one that stands ready for everybody.
 */
import { Blob } from "node:buffer";

/** Node's place for it; the second is that of Node 22 and 24. */
const PLACES = [Symbol.for("undici.globalDispatcher.2"), Symbol.for("undici.globalDispatcher.1")];

/** Agents by what they were made of. Programs have few; those that have many make some anew. */
const agents = new Map();
const MOST_AGENTS = 64;

/** Settings of TLS by Bun's names, where Node's differ. */
const OTHER_NAMES = { serverName: "servername" };
const MAY_BE_FILES = ["ca", "cert", "key"];

function agentClass() {
  // Node loads its client when somebody looks at one of its globals.
  void globalThis.FormData;
  const place = PLACES.find((symbol) => globalThis[symbol] !== undefined);
  return globalThis[place].constructor;
}

/** @param {object} connect what net.connect and tls.connect take, or a function that connects */
export function newAgent(connect) {
  return new (agentClass())({ connect });
}

/**
 * The dispatcher for a request by a unix socket (a path, or undefined) or with these settings of
 * TLS.
 */
export async function agentFor(unix, tls) {
  const settings = await tlsSettings(tls);
  const connect = unix === undefined ? settings : { ...settings, socketPath: unix };
  if (Object.values(connect).some((value) => typeof value === "function")) return newAgent(connect);
  const key = JSON.stringify(connect);
  const known = agents.get(key);
  if (known !== undefined) return known;
  const agent = newAgent(connect);
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

/** A dispatcher that says another Host than that of the URL. */
export function withHost(agent, host) {
  return {
    dispatch({ headers, ...options }, handler) {
      const fields = Array.isArray(headers)
        ? [...headers, "host", host]
        : { ...headers, host };
      return agent.dispatch({ ...options, headers: fields }, handler);
    },
  };
}
