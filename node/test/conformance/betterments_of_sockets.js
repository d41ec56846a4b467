/** Where Bao departs from Bun on purpose: WebSockets. See betterments.js. */

const handshake = (protocol) => [
  "connection: Upgrade",
  "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
  ...protocol,
  "set-cookie: a=b",
  "upgrade: websocket",
  "x-one: 1",
];

export const sockets = [
  {
    what: "A socket that breaks the protocol",
    bun: "is told to the handler `close` with 1006",
    bao: "is told with the code that was sent to the client",
    why: "the program learns what went wrong",
    cases: ["sockets: a message that is too large"],
    changes: [["close.1", 1006, 1009]],
  },
  {
    what: "A subprotocol",
    bun: "is the first one that the client offers",
    bao: "is sent if the program chose it, among its `headers`",
    why: "the server has to speak it (RFC 6455, section 4.2.2)",
    cases: ["sockets: a subprotocol"],
    changes: [["fields", handshake(["sec-websocket-protocol: chat"]), handshake([])]],
  },
  {
    what: "A handler `open` that throws",
    bun: "cuts the connection",
    bao: "closes the socket with 1011",
    why: "the client learns that it was not its fault",
    cases: ["sockets: /open-throws"],
    changes: [
      ["closed.0", 1006, 1011],
      ["events.1.1", 1006, 1011],
    ],
  },
  {
    what: "A reason beside a code that is not sent",
    bun: "is told to the handler `close`",
    bao: "is not told",
    why: "the handler learns what the client gets",
    cases: ["sockets: closes without a code"],
    changes: [["events.2.2", "x", ""]],
  },
];
