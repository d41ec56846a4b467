/**
 * Checks the kinds of serve()'s options; the addon checks their values. Every sentence names
 * option, value and mend.
 */
import { shown } from "./shown.js";
import { ticketKeysOf, tlsOf } from "./tls_options.js";
import { wrongType } from "./wrong.js";

/** A number of seconds that a timeout may be at most, so that it is still exact in milliseconds. */
const MOST_SECONDS = 3.2e9;

/** What is used where neither the options nor the environment say: set by the command. */
const defaults = { portArgument: undefined };

/** For the command: the value of its argument `--port`, as text. */
export function setPortArgument(text) {
  defaults.portArgument = text;
}

/** @returns {import("./native.js").Settings} */
export function settingsOf(options) {
  if (options === null || typeof options !== "object") {
    throw wrongType(`Bun.serve expects an object, not ${shown(options)}`);
  }
  checkFunction(options, "fetch");
  checkFunction(options, "error");
  const settings = {
    port: portOf(options.port),
    hostname: textOf(options, "hostname"),
    unix: textOf(options, "unix"),
    reusePort: flagOf(options, "reusePort"),
    ipv6Only: flagOf(options, "ipv6Only"),
    development: developmentOf(options.development),
    idleTimeout: millisecondsOf(options, "idleTimeout"),
    headTimeout: millisecondsOf(options, "headTimeout"),
    handshakeTimeout: millisecondsOf(options, "handshakeTimeout"),
    sessionTimeout: millisecondsOf(options, "sessionTimeout"),
    maxHandshakes: sizeOf(options, "maxHandshakes"),
    maxRequestBodySize: sizeOf(options, "maxRequestBodySize"),
    maxHeadSize: sizeOf(options, "maxHeadSize"),
    maxHeadFields: sizeOf(options, "maxHeadFields"),
    compression: compressionOf(options.compression),
    decodeRequestBodies: flagOf(options, "decodeRequestBodies"),
    id: options.id === null ? undefined : textOf(options, "id"),
    portArgument: defaults.portArgument,
    environment: process.env,
    tls: tlsSettingsOf(options),
    webSocket: webSocketOf(options),
  };
  return settings;
}

/** For `native`, but for the number of `find`; undefined if nothing is to be served by TLS. */
export function tlsSettingsOf(options) {
  const tls = tlsOf(options.tls);
  const ticketKeys = ticketKeysOf(options.ticketKeys);
  if (tls === null) return ticketKeys === undefined ? undefined : { entries: [], ticketKeys };
  return { ...tls, ticketKeys };
}

const SOCKET_HANDLERS = ["open", "message", "close", "drain", "ping", "pong", "error"];
const DEFLATE_SIZES = ["3KB", "4KB", "8KB", "16KB", "32KB", "64KB", "128KB", "256KB"];
const DEFLATE_CHOICES = ["disable", "shared", "dedicated", ...DEFLATE_SIZES];

/** The settings of WebSockets; undefined without the option. */
export function webSocketOf({ websocket }) {
  if (websocket === undefined || websocket === null) return undefined;
  if (typeof websocket !== "object") {
    const expected = "Expected websocket to be an object";
    refuse("websocket", websocket, "give an object of handlers", expected);
  }
  for (const name of SOCKET_HANDLERS) {
    const expected = `websocket expects a function for the '${name}' option`;
    checkFunction(websocket, name, "websocket.", expected);
  }
  const { compress, decompress } = deflateOf(websocket.perMessageDeflate);
  return {
    maxPayloadLength: sizeOf(websocket, "maxPayloadLength", "websocket."),
    backpressureLimit: sizeOf(websocket, "backpressureLimit", "websocket."),
    closeOnBackpressureLimit: flagOf(websocket, "closeOnBackpressureLimit", "websocket."),
    idleTimeout: millisecondsOf(websocket, "idleTimeout", "websocket."),
    sendPings: flagOf(websocket, "sendPings", "websocket."),
    publishToSelf: flagOf(websocket, "publishToSelf", "websocket."),
    compress,
    decompress,
  };
}

function deflateOf(value) {
  if (value === undefined || value === null || value === false) return {};
  if (value === true) return { compress: "shared", decompress: "shared" };
  if (typeof value !== "object") {
    const expected = "websocket expects perMessageDeflate to be a boolean or an object";
    refuse("websocket.perMessageDeflate", value, "give true, false or an object", expected);
  }
  const choiceOf = (name) => {
    const choice = value[name];
    if (choice === undefined || choice === null || choice === false) return "disable";
    if (choice === true) return "shared";
    if (DEFLATE_CHOICES.includes(choice)) return choice;
    const mend = `give ${DEFLATE_CHOICES.map((known) => JSON.stringify(known)).join(", ")}`;
    return refuse(`websocket.perMessageDeflate.${name}`, choice, mend);
  };
  return { compress: choiceOf("compress"), decompress: choiceOf("decompress") };
}

/** What Bun says of what is no function. */
const EXPECTED = {
  fetch: "Expected fetch() to be a function",
  error: "Expected error to be a function",
};

/** `fetch` and `error` may be left out, or be functions. */
export function checkFunction(options, name, prefix = "", expected = EXPECTED[name]) {
  const value = options[name];
  if (value === undefined || value === null || typeof value === "function") return;
  refuse(prefix + name, value, "give a function, or leave it out", expected);
}

const RANGE = ">= 0 and <= 65535";

function portOf(value) {
  if (value === undefined || value === null || value === "") return undefined;
  const port = typeof value === "string" && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  const range = typeof port === "number" && Number.isInteger(port) ? RANGE : "an integer";
  const out = `The value of "options.port" is out of range. It must be ${range}`;
  const mend = "give a port from 0 (any free one) to 65535";
  const message = `Option port is ${shown(value)}: ${mend} (${out})`;
  throw Object.assign(new RangeError(message), { code: "ERR_OUT_OF_RANGE" });
}

function textOf(options, name) {
  const value = options[name];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") refuse(name, value, "give a string");
  return value;
}

function flagOf(options, name, prefix = "") {
  const value = options[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") refuse(prefix + name, value, "give true or false");
  return value;
}

/** Bun takes an object, too, with settings of its bundler that mean nothing here. */
function developmentOf(value) {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "object") return true;
  if (typeof value !== "boolean") refuse("development", value, "give true or false");
  return value;
}

/** The addon checks the names of codings. */
function compressionOf(value) {
  if (value === undefined || value === null || value === false) return undefined;
  if (value === true) return {};
  if (typeof value !== "object") {
    refuse("compression", value, "give true, false, or an object with codings and minSize");
  }
  const { codings, minSize } = value;
  if (codings !== undefined && !(Array.isArray(codings) && codings.every(isString))) {
    refuse("compression.codings", codings, 'give an array of names: "zstd", "br", "gzip"');
  }
  return { codings, minSize: sizeOf({ "compression.minSize": minSize }, "compression.minSize") };
}

function isString(value) {
  return typeof value === "string";
}

function millisecondsOf(options, name, prefix = "") {
  const value = options[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !(value >= 0)) {
    refuse(prefix + name, value, "give a number of seconds, 0 for none");
  }
  return Math.ceil(Math.min(value, MOST_SECONDS) * 1000);
}

function sizeOf(options, name, prefix = "") {
  const value = options[name];
  if (value === undefined || value === null) return undefined;
  if (!(value >= 0) || !(Number.isInteger(value) || value === Infinity)) {
    refuse(prefix + name, value, "give a whole number that is not negative");
  }
  return value;
}

/** `expected`: a sentence of Bun's, that programs may look for. */
function refuse(name, value, mend, expected) {
  const behind = expected === undefined ? "" : ` (${expected})`;
  throw wrongType(`Option ${name} is ${shown(value)}: ${mend}${behind}`);
}
