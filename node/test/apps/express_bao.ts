// Express on bao/http.
import http from "bao/http";

import { app } from "./express_app";

const server = http.createServer(app).listen(0, () => {
  console.log(`http://127.0.0.1:${(server.address() as any).port}/`);
});
