import { once } from "node:events";

const ACTIONS = [
  "sends", "wrong sends", "controls", "topics", "wrong topics", "publishes",
  "publishes by the server", "corks", "facts", "binary types", "throws", "wrong close",
];
const ENDS = [
  "closes with nothing", "closes with a code", "closes with a reason", "closes with a long reason",
  "closes without a code", "terminates",
];
const HANDSHAKE = {
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version": "13",
};
/** What a handshake may lack, or have too much of. */
const HANDSHAKES = {
  "a handshake": {},
  "a subprotocol": { "Sec-WebSocket-Protocol": "chat" },
  "without a key": { "Sec-WebSocket-Key": undefined },
  "a key that is none": { "Sec-WebSocket-Key": "x" },
  "an upgrade to something else": { Upgrade: "h2c" },
  "without an upgrade": { Upgrade: undefined },
};

export default async function (script) {
  const { main } = await script.start();
  const url = `127.0.0.1:${main}`;
  const events = async () => (await fetch(`http://${url}/events`)).json();

  /** An open socket and what it hears. */
  async function connect(path = "/") {
    const socket = new WebSocket(`ws://${url}${path}`);
    socket.binaryType = "arraybuffer";
    const heard = [];
    socket.addEventListener("message", ({ data }) => {
      heard.push(typeof data === "string" ? data : { bytes: data.byteLength });
    });
    const closed = once(socket, "close").then(([{ code, reason }]) => [code, reason]);
    await Promise.race([once(socket, "open"), closed]);
    return { socket, heard, closed };
  }

  for (const name of ACTIONS) {
    await script.case(name, async () => {
      const { socket, heard, closed } = await connect();
      socket.send(name);
      socket.send("the end");
      while (!heard.includes("the end")) await once(socket, "message");
      socket.close(1000);
      await closed;
      return { heard, events: await events() };
    });
  }
  for (const name of ENDS) {
    await script.case(name, async () => {
      const { socket, heard, closed } = await connect();
      socket.send(name);
      return { closed: await closed, heard, events: await events() };
    });
  }
  for (const path of ["/open-closes", "/open-throws", "/greets", "/wrong-options"]) {
    await script.case(path, async () => {
      const { socket, heard, closed } = await connect(path);
      if (path === "/greets") while (heard.length === 0) await once(socket, "message");
      if (!path.startsWith("/open")) socket.close(3001, "enough");
      return { closed: await closed, heard, events: await events() };
    });
  }
  await script.case("a message that is too large", async () => {
    const { socket, closed } = await connect();
    socket.send("x".repeat(10_001));
    const [code] = await closed;
    return { code, close: (await events()).at(-1).slice(0, 2) };
  });
  await script.case("bytes", async () => {
    const { socket, heard, closed } = await connect();
    socket.send(new Uint8Array(7));
    while (heard.length === 0) await once(socket, "message");
    socket.close();
    await closed;
    return { heard, events: await events() };
  });
  for (const [name, changes] of Object.entries(HANDSHAKES)) {
    const fields = Object.entries({ ...HANDSHAKE, ...changes }).filter(([, value]) => value);
    await script.case(name, async () => {
      const reply = await fetchRaw(url, fields);
      await events();
      return reply;
    });
  }
  await script.ask("wrong upgrades", "/wrong");
}

/** The status and the fields that are about WebSockets of the reply to a request. */
async function fetchRaw(url, fields) {
  const { connect } = await import("node:net");
  const [host, port] = url.split(":");
  const socket = connect(port, host);
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.write(`GET / HTTP/1.1\r\nHost: test\r\n${lines}\r\n`);
  let text = "";
  while (!text.includes("\r\n\r\n")) text += (await once(socket, "data"))[0].toString("latin1");
  socket.destroy();
  const head = text.slice(0, text.indexOf("\r\n\r\n")).split("\r\n");
  const told = /^(upgrade|connection|sec-websocket|x-one|set-cookie)/i;
  return {
    status: Number(head[0].split(" ")[1]),
    fields: head.slice(1).filter((line) => told.test(line)).map((line) =>
      line.replace(/^[^:]*/, (name) => name.toLowerCase())).sort(),
  };
}
