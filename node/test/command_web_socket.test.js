/** The command's WebSocket, a client. */
import assert from "node:assert/strict";
import test from "node:test";

import { programs, run } from "./programs.js";

/** A server that sends back what comes and notes what else happens. */
const SERVER = `
  const events = [];
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1",
    fetch: (request, server) => {
      events.push(request.headers.get("x-a"));
      const headers = { "Sec-WebSocket-Protocol": "two" };
      const chosen = request.headers.has("sec-websocket-protocol") ? { headers } : undefined;
      if (!server.upgrade(request, chosen)) return new Response("no", { status: 400 });
    },
    websocket: {
      open(socket) { socket.ping("are you there"); },
      message(socket, message) { socket.send(message); },
      ping(socket, bytes) { events.push("ping " + bytes); },
      pong(socket, bytes) { events.push("pong " + bytes); },
      close(socket, code, reason) { events.push("close " + code + reason); console.log(events.sort().join()); server.stop(true); },
    } });
  const url = server.url.href.replace("http", "ws");
  const next = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));`;

async function says(t, text, expected) {
  const { output, errors } = await run(programs(t, { "a.ts": SERVER + text }), ["a.ts"]);
  assert.equal(errors, "");
  assert.equal(output, `${expected}\n`);
}

test("bytes come as the program wants them, first as a Buffer", (t) =>
  says(
    t,
    `const socket = new WebSocket(url, { headers: { "X-A": "field" } });
    await next(socket, "open");
    const kinds = [];
    for (const type of ["nodebuffer", "arraybuffer", "blob", "nonsense", "nodebuffer"]) {
      if (kinds.length > 0) socket.binaryType = type;
      socket.send(new Uint8Array([1]));
      kinds.push(socket.binaryType, (await next(socket, "message")).data.constructor.name);
    }
    console.log(kinds.join());
    socket.onmessage = ({ data }) => { console.log(data); socket.close(3000, "bye"); };
    socket.send("text");`,
    "nodebuffer,Buffer,arraybuffer,ArrayBuffer,blob,Blob,blob,Blob,nodebuffer,Buffer\ntext\nclose 3000bye,field,pong are you there",
  ));

test("ping, pong and terminate", (t) =>
  says(
    t,
    `const socket = new WebSocket(url, ["one", "two"]);
    for (const name of ["ping", "pong"]) try { socket[name]("early"); } catch (error) { console.log(error.name); }
    await next(socket, "open");
    console.log(socket.protocol);
    try { socket.ping("x".repeat(126)); } catch (error) { console.log(error.name); }
    socket.ping(); socket.ping("p"); socket.pong(new Uint8Array([113]));
    socket.send("last"); await next(socket, "message");
    const closed = next(socket, "close");
    socket.onerror = console.log;
    socket.terminate();
    console.log(socket.readyState);
    const { code, wasClean } = await closed;
    while (!events.some((event) => event.startsWith("close"))) await Bun.sleep(1);
    console.log(code, wasClean, socket.readyState);`,
    "InvalidStateError\nInvalidStateError\ntwo\nRangeError\n2\nclose 1006,,ping ,ping p,pong are you there,pong q\n1006 false 3",
  ));

test("close and terminate before it is open tell it later", (t) =>
  says(
    t,
    `const slow = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: async (request, server) => {
      await Bun.sleep(50);
      server.upgrade(request);
    }, websocket: { message() {} } });
    const told = async (leave, wait) => {
      const socket = new WebSocket(slow.url.href.replace("http", "ws"));
      const events = [];
      for (const type of ["open", "error", "close"]) {
        socket.addEventListener(type, ({ message, code }) => events.push(message?.replace(/.*: /, "") ?? type + code));
      }
      if (wait > 0) await Bun.sleep(wait);
      leave(socket); leave(socket);
      events.push(socket.readyState);
      await next(socket, "close");
      await Bun.sleep(5);
      console.log(events.join(), socket.readyState);
    };
    await told((socket) => socket.close()); await told((socket) => socket.terminate());
    await told((socket) => socket.close(3000, "bye"), 20);
    const socket = new WebSocket(url);
    try { socket.close(5); } catch ({ name }) { console.log(name, socket.readyState); }
    await next(socket, "open");
    while (!events.includes("pong are you there")) await Bun.sleep(1);
    await slow.stop(true);
    socket.close();`,
    [
      ...Array(3).fill("2,WebSocket is closed before the connection is established,close1006 3"),
      "InvalidAccessError 0",
      "close 1005,,pong are you there",
    ].join("\n"),
  ));

test("user and password of the URL", (t) =>
  says(
    t,
    `const shown = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: ({ headers }) => void console.log(headers.get("authorization")) });
    const at = (user) => shown.url.href.replace("http://", "ws://" + user + "@");
    for (const user of ["us%20er:p%40%zz", "user"]) await next(new WebSocket(at(user), { headers: { "X-A": "1" } }), "close");
    await next(new WebSocket(at("user"), { headers: { Authorization: "own" } }), "close");
    await shown.stop(true);
    await server.stop(true);`,
    "Basic dXMgZXI6cEAleno=\nBasic dXNlcjo=\nown",
  ));

test("what cannot be connected says why", (t) =>
  says(
    t,
    `const told = async (url) => {
      const socket = new WebSocket(url);
      const events = [];
      for (const type of ["error", "close"]) socket.addEventListener(type, (event) => events.push(event.type));
      const [{ message }, { code }] = await Promise.all([next(socket, "error"), next(socket, "close")]);
      console.log(message.replace(/:\\d+/, ""), code, events.join());
    };
    const plain = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("no") });
    const plainUrl = plain.url.href.replace("http", "ws");
    await told(plainUrl);
    await plain.stop(true);
    await told(plainUrl);
    try { new WebSocket("nowhere"); } catch (error) { console.log(error.name, error.message); }
    server.stop(true);`,
    [
      "WebSocket connection to 'ws://127.0.0.1/' failed: Expected 101 status code 1006 error,close",
      "WebSocket connection to 'ws://127.0.0.1/' failed: Failed to connect 1006 error,close",
      "SyntaxError Invalid url for WebSocket nowhere",
    ].join("\n"),
  ));
