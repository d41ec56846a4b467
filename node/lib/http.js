/**
 * `bao/http`: the shape of node:http's servers over Bao's engine.
 *
 *     import http from "bao/http";
 *     http.createServer(app).listen(3000);
 */
import nodeHttp from "node:http";

import { IncomingMessage } from "./http_request.js";
import { ServerResponse } from "./http_response.js";
import { createServer, Server } from "./http_server.js";

const { METHODS, STATUS_CODES, maxHeaderSize, validateHeaderName, validateHeaderValue } = nodeHttp;

export {
  createServer, IncomingMessage, maxHeaderSize, METHODS, Server, ServerResponse, STATUS_CODES,
  validateHeaderName, validateHeaderValue,
};
export default {
  createServer, IncomingMessage, maxHeaderSize, METHODS, Server, ServerResponse, STATUS_CODES,
  validateHeaderName, validateHeaderValue,
};
