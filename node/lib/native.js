/**
 * Loads the addon, the engine with its Node-API door. native.d.ts says what is in it.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const { existsSync } = process.getBuiltinModule("node:fs");

/** Where the binary may be: named for development, in the package, in a build of the repository. */
function candidates() {
  const named = process.env.BAO_ADDON;
  if (named) return [named];
  return ["../prebuilt/linux-x64/bao.node", "../../build/node/bao.node"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
}

/** A sentence that says why Bao cannot run here; null if it can. */
function obstacle() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 22 || (major === 22 && minor < 15)) {
    return `Bao needs Node 22.15 or later, and this is Node ${process.versions.node}`;
  }
  if (process.platform !== "linux" || process.arch !== "x64") {
    return `Bao runs on Linux on x64 only, and this is ${process.platform} on ${process.arch}`;
  }
  return null;
}

/**
 * The same of the C library, which is asked only when the binary could not be loaded: the report
 * takes longer than all the rest of the start.
 */
function missingGlibc() {
  const runtime = process.report.getReport().header.glibcVersionRuntime;
  if (!runtime) return "Bao needs glibc 2.36 or later, and this Node runs on another C library";
  const [major, minor] = runtime.split(".").map(Number);
  if (major > 2 || (major === 2 && minor >= 36)) return null;
  return `Bao needs glibc 2.36 or later, and this system has ${runtime}`;
}

function load() {
  const reason = obstacle();
  if (reason) throw new Error(reason);
  const path = candidates().find((candidate) => existsSync(candidate));
  if (!path) {
    throw new Error(`Bao's binary is missing: none of ${candidates().join(", ")} exists`);
  }
  try {
    return createRequire(import.meta.url)(path);
  } catch (cause) {
    const reason = missingGlibc();
    throw reason ? new Error(reason, { cause }) : cause;
  }
}

const addon = load();

export const {
  install,
  registers,
  method,
  url,
  field,
  fields,
  parameters,
  peer,
  bodyText,
  bodyBytes,
  bodyPiece,
  bodyState,
  dropBody,
  trailers,
  mayBeTrailer,
  reply,
  replyTexts,
  sendDue,
  replyFile,
  replyError,
  replyNothing,
  abort,
  setTimeout,
  addFields,
  replyStream,
  write,
  finish,
  start,
  reload,
  stop,
  release,
  closeIdleConnections,
  setReferenced,
  pendingRequests,
  localFetch,
  abortLocal,
  mediaType,
  releaseCode,
  readCertificate,
  answerCertificate,
  security,
  opensslVersion,
  connection,
  connectionPeer,
  connectionLocal,
  connectionSecurity,
  connectionDrop,
  sendInterim,
  handOver,
  tunnelRead,
  tunnelWrite,
  tunnelEnd,
  tunnelReference,
  openConnections,
  cutConnections,
  tellConnections,
  upgrade,
  socketSend,
  socketPing,
  socketClose,
  socketTerminate,
  socketCork,
  socketPause,
  socketIsPaused,
  socketBuffered,
  socketAddress,
  socketSubscribe,
  socketIsSubscribed,
  socketTopics,
  socketPublish,
  publish,
  subscriberCount,
  pendingWebSockets,
} = addon;
