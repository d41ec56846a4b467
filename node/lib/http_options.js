/**
 * What createServer() and listen() of `bao/http` are given: checked, and with the sentences and
 * codes of node:http where it has some.
 */
import { shown } from "./shown.js";

const TLS_OPTIONS = [
  "key", "cert", "ca", "crl", "passphrase", "ciphers", "dhparam", "minVersion", "maxVersion",
  "requestCert", "rejectUnauthorized", "secureOptions",
];
/** Whole numbers. */
const NUMBERS = [
  "connectionsCheckingInterval", "headersTimeout", "highWaterMark", "keepAliveTimeout",
  "maxHeaderSize", "requestTimeout",
];
const FLAGS = [
  "insecureHTTPParser", "joinDuplicateHeaders", "rejectNonStandardBodyWrites", "requireHostHeader",
];
const FUNCTIONS = ["IncomingMessage", "ServerResponse", "shouldUpgradeCallback"];

/** What is passed over would change what is taken for a request, or who is believed. */
const REFUSED = {
  insecureHTTPParser: (value) => value === true,
  requireHostHeader: (value) => value === false,
  pfx: (value) => value !== undefined,
};

/** The options of createServer(); an exception for those that are wrong. */
export function checkedOptions(options) {
  if (typeof options !== "object" || options === null) {
    const sentence = `createServer() needs an object of options, not ${shown(options)}`;
    throw withCode(new TypeError(sentence), "ERR_INVALID_ARG_TYPE");
  }
  for (const name of NUMBERS) checkNumber(options, name);
  for (const name of FLAGS) checkType(options, name, "boolean");
  for (const name of FUNCTIONS) checkType(options, name, "function");
  for (const [name, isRefused] of Object.entries(REFUSED)) {
    if (!isRefused(options[name])) continue;
    throw new TypeError(
      `Option ${name} of createServer is not part of bao/http when it is ` +
        `${shown(options[name])}: leave it out`);
  }
  const { headersTimeout, requestTimeout } = options;
  if (headersTimeout > 0 && requestTimeout > 0 && headersTimeout > requestTimeout) {
    const sentence =
      'The value of "headersTimeout" is out of range. It must be <= requestTimeout. ' +
      `Received ${headersTimeout}`;
    throw withCode(new RangeError(sentence), "ERR_OUT_OF_RANGE");
  }
  return options;
}

function checkType(options, name, type) {
  const value = options[name];
  if (value === undefined || typeof value === type) return;
  const sentence = `The "options.${name}" property must be of type ${type}. ` +
    `Received ${shown(value)}`;
  throw withCode(new TypeError(sentence), "ERR_INVALID_ARG_TYPE");
}

function checkNumber(options, name) {
  checkType(options, name, "number");
  const value = options[name];
  if (value === undefined || (Number.isInteger(value) && value >= 0)) return;
  const sentence = `The value of "${name}" is out of range. It must be a whole number that is ` +
    `not negative. Received ${value}`;
  throw withCode(new RangeError(sentence), "ERR_OUT_OF_RANGE");
}

export function isSecure(options) {
  return TLS_OPTIONS.some((name) => options[name] !== undefined);
}

/** The option `tls` of serve() for those of createServer(). */
export function tlsOf(options) {
  const tls = {};
  for (const name of TLS_OPTIONS) if (options[name] !== undefined) tls[name] = options[name];
  return tls;
}

/** What the arguments of `listen` say. */
export function placeOf(given) {
  const [first, second] = given;
  if (first !== null && typeof first === "object") {
    const { port, host, path, reusePort, ipv6Only, signal } = first;
    if (port === undefined && path === undefined) {
      const sentence = `The argument of listen() has neither port nor path: ${shown(first)}`;
      throw withCode(new TypeError(sentence), "ERR_INVALID_ARG_VALUE");
    }
    return { ...(path === undefined ? portOf(port) : { path }), host, reusePort, ipv6Only, signal };
  }
  if (typeof first === "string" && !/^\d+$/.test(first)) return { path: first };
  const host = typeof second === "string" ? second : undefined;
  return { ...portOf(typeof first === "function" ? 0 : first), host };
}

function portOf(given) {
  const port = Number(given ?? 0);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return { port };
  const sentence = `options.port should be >= 0 and < 65536. Received ${shown(given)}.`;
  throw withCode(new RangeError(sentence), "ERR_SOCKET_BAD_PORT");
}

function withCode(error, code) {
  return Object.assign(error, { code });
}
