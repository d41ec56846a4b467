/** The rest of the list in betterments.js: TLS. */

const TOLD = "HTTP/1.1 400 Bad Request: This port speaks HTTPS: ask for https://localhost/\n";

export const tls = [
  {
    what: "A certificate without its key",
    bun: "is taken, and every client is refused",
    bao: "is a TypeError that says so",
    why: "it is a mistake, and should be found",
    cases: ["tls: a certificate without its key"],
    changes: [["", ["https", "https:", "localhost"], { throws: "TypeError" }]],
  },
  {
    what: "Keys and certificates that are wrong",
    bun: "are an Error in OpenSSL's words",
    bao: "are a TypeError that names entry, fault and mend",
    why: "there may be many entries",
    cases: ["tls: a key that does not fit"],
    changes: [["throws", "Error", "TypeError"]],
  },
  {
    what: "server.reload with tls",
    bun: "keeps the old certificates",
    bao: "serves the new ones to new connections",
    why: "certificates live for weeks, servers for longer",
    cases: ["tls: reload"],
    changes: [["name", "main", "other"]],
  },
  {
    what: "Plain HTTP on a port that speaks TLS",
    bun: "ends the connection",
    bao: "gets a 400 that says where HTTPS is",
    why: "somebody will wonder",
    cases: ["tls: plain HTTP"],
    changes: [["", "", TOLD]],
  },
];
