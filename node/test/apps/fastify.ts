// Fastify as it listens by itself.
import { make } from "./fastify_app";

console.log(`${await make().listen({ port: 0, host: "127.0.0.1" })}/`);
