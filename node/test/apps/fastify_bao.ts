// Fastify on bao/http.
import http from "bao/http";

import { make } from "./fastify_app";

const app = make({ serverFactory: (handler: any, options: any) => http.createServer(handler) });
console.log(`${await app.listen({ port: 0, host: "127.0.0.1" })}/`);
