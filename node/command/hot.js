/**
 * `--hot`: when a file of the program changes, all of them are read and run anew in the same
 * process; servers that they start take the place of those from before. `--watch`: the process
 * begins anew.
 */
import { createRequire } from "node:module";

import { isInstalled } from "./files.js";
import { program } from "./program.js";
import { Watcher } from "./watch.js";

const require = createRequire(import.meta.url);

/** Reads the program when its files change, and keeps what runs if that fails. */
export function keepHot(run, report) {
  servePersistently();
  follow(run, report, () => {
    program.generation += 1;
    for (const file of Object.keys(require.cache)) {
      if (!isInstalled(file)) delete require.cache[file];
    }
  });
}

/** Begins the process anew when files change: with what it was called, and its environment then. */
export function keepWatch(run, report, { words, environment }) {
  follow(run, report, () => {
    process.emit("SIGTERM", "SIGTERM", 15);
    const { execPath, execArgv, argv0 } = process;
    // Node says that this is new; whoever uses the command cannot do anything about it.
    process.removeAllListeners("warning");
    process.execve(execPath, [argv0, ...execArgv, program.command, ...words], environment);
  });
}

function follow(run, report, prepare) {
  const attempt = () =>
    run().catch((error) => {
      report(error);
      // A file that was missing may be what fails.
      watcher.expect((name) => /\.(?:[mc]?[jt]s|[jt]sx|json|txt)$/.test(name));
    });
  const watcher = new Watcher(() => {
    watcher.expect(() => false);
    prepare();
    attempt();
  });
  program.read = (path) => {
    if (!isInstalled(path)) watcher.add(path);
  };
  // What is wrong now may be right when a file was changed.
  process.on("uncaughtException", (error) => {
    if (process.listenerCount("uncaughtException") === 1) report(error);
  });
  attempt();
}

/** Servers that were started, with their names and the generation that has them. */
const servers = [];

/**
 * The n-th server of an id, or of an address, takes the place of the n-th from before: it is
 * reloaded, and its connections live on.
 */
function servePersistently() {
  const { startWith } = require("../lib/serve.js");
  startWith((start) => (options) => {
    const name = nameOf(options ?? {});
    const { generation } = program;
    const known = servers.find(
      (entry) => entry.name === name && entry.generation < generation && !entry.server._isStopped,
    );
    if (known === undefined) {
      const server = start(options);
      servers.push({ name, generation, server });
      return server;
    }
    known.server.reload(options);
    known.generation = generation;
    return known.server;
  });
}

function nameOf({ id, unix, hostname, port }) {
  if (id) return `id ${id}`;
  return unix ? `unix ${unix}` : `tcp ${hostname ?? ""} ${port ?? ""}`;
}
