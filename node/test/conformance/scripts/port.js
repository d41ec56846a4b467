import { createServer } from "node:net";

/** Ports that nobody listens on; all are held at once, so that they differ. */
async function freePorts(count) {
  const holders = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  const ports = [];
  for (const holder of holders) {
    if (!holder.listening) await new Promise((resolve) => holder.once("listening", resolve));
    ports.push(holder.address().port);
  }
  await Promise.all(holders.map((holder) => new Promise((resolve) => holder.close(resolve))));
  return ports;
}

/** Each way to say a port, the strongest first. */
const WAYS = {
  "the option": (port) => ({ env: { WANTED: JSON.stringify(port) } }),
  "--port": (port) => ({ args: [`--port=${port}`] }),
  BUN_PORT: (port) => ({ env: { BUN_PORT: String(port) } }),
  PORT: (port) => ({ env: { PORT: String(port) } }),
  NODE_PORT: (port) => ({ env: { NODE_PORT: String(port) } }),
};

function together(options) {
  return {
    args: options.flatMap(({ args = [] }) => args),
    env: Object.assign({}, ...options.map(({ env }) => env)),
  };
}

export default async function (script) {
  const names = Object.keys(WAYS);
  const ports = await freePorts(names.length);
  for (let first = 0; first < names.length; first++) {
    await script.case(
      `${names[first]} goes before ${names.slice(first + 1).join(", ") || "nothing"}`,
      async () => {
        const options = names.slice(first).map((name, i) => WAYS[name](ports[first + i]));
        await script.start(together(options));
        const port = await script.program.heard("port");
        return names[ports.indexOf(port)] ?? port;
      },
    );
  }
  const values = { "as text": String(ports[0]), 0: 0, "empty text": "", null: null };
  for (const [name, value] of Object.entries(values)) {
    await script.case(`option: ${name}`, async () => {
      await script.start(
        together([{ env: { WANTED: JSON.stringify(value), PORT: String(ports[1]) } }]),
      );
      const port = await script.program.heard("port");
      return port === ports[0] ? "that port" : port === ports[1] ? "PORT" : typeof port;
    });
  }
  for (const [name, value] of Object.entries({
    "too large": 65536,
    negative: -1,
    "no number": "http",
  })) {
    await script.case(`option: ${name}`, async () => {
      await script.start(
        together([{ env: { WANTED: JSON.stringify(value), PORT: String(ports[1]) } }]),
      );
      return (await script.program.heard("port")).throws ?? "takes another port";
    });
  }
}
