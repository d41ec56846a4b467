// The same on bao/http.
import http from "bao/http";

import listener from "./plain_listener.cjs";

const server = http.createServer(listener);
server.listen(0, () => console.log(`http://127.0.0.1:${server.address().port}/`));
