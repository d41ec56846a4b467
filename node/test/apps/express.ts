// Express as it listens by itself.
import { once } from "node:events";

import { app } from "./express_app";

const server = app.listen(0);
await once(server, "listening");
console.log(`http://127.0.0.1:${(server.address() as any).port}/`);
