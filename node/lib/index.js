export { Cookie } from "./cookie.js";
export { CookieMap } from "./cookie_map.js";
export { file } from "./file.js";
export { write } from "./file_write.js";
export { Headers } from "./headers.js";
export { Request } from "./request.js";
export { Response } from "./response.js";
export { serve } from "./serve.js";
