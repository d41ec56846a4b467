#pragma once

#include <cstdint>

#include <bao/websocket.h>

/// The handlers of the rehearsal's WebSockets: what comes is sent back or, if it begins with "!",
/// published to all.
bao::WebSocketOptions make_sockets();

/// Clients that talk to such a server, of which each request for /talk becomes a WebSocket. Throws
/// std::runtime_error.
void talk(uint16_t port, int rounds);
