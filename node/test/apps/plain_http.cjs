// node:http as it was always written.
const http = require("http");

const server = http.createServer(require("./plain_listener.cjs"));
server.listen(0, () => console.log(`http://127.0.0.1:${server.address().port}/`));
