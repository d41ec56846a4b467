// Hono on Bun.serve, by its default export.
import { app } from "./hono_app";

export default { port: 0, fetch: app.fetch };
