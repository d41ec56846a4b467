#pragma once

#include <cstdint>
#include <string_view>

#include "http/link.h"
#include "websocket/connection.h"

namespace bao::server {

class Exchange;
class WebSocket;

/// What a face does with the events of WebSockets. Called on the loop's thread; it must not throw.
/// What is sent from within on_open, on_message, on_ping, on_pong and on_drain leaves in one write.
class WebSocketHandler {
 public:
  virtual void on_open(WebSocket& socket) = 0;
  /// The message is good until it returns.
  virtual void on_message(WebSocket& socket, const websocket::Message& message) = 0;
  virtual void on_ping(WebSocket& socket, std::string_view payload) = 0;
  virtual void on_pong(WebSocket& socket, std::string_view payload) = 0;
  virtual void on_drain(WebSocket& socket) = 0;
  /// The socket is closed already, and out of its topics. See websocket::ConnectionObserver.
  virtual void on_close(WebSocket& socket, uint16_t code, std::string_view reason) = 0;

 protected:
  ~WebSocketHandler() = default;
};

/// What a face that knows connections, beside requests, is told of them. Called on the loop's
/// thread; it must not throw.
class ConnectionHandler {
 public:
  /// A connection waits for its first request; with TLS its handshake is done. Only if the server
  /// was asked to tell (Server::tell_connections). The face may drop it.
  virtual void on_connected(http::Link& link) = 0;
  /// A connection is closed that has a label. It must not be used after this call.
  virtual void on_closed(http::Link& link) = 0;
  /// What the peer has sent is refused with that status: the reply and the end of the connection
  /// are on their way. Only if the server was asked to tell (Server::tell_refusals).
  virtual void on_refused(http::Link& link, int status, std::string_view reason) = 0;

 protected:
  ~ConnectionHandler() = default;
};

/// Names a handler of an application: an index that the application chose when it built its table.
using HandlerId = uint32_t;

/// The seam between the server and a face of it (C++, Node): whoever runs the handlers. It belongs
/// to a table and lives until the last exchange that began with that table has ended. Called on the
/// loop's thread.
class Application {
 public:
  virtual ~Application() = default;

  /// A request for handler `id`. The application calls `exchange.reply` before it returns, or keeps
  /// a http::Reference to the exchange and replies later. It must not throw.
  virtual void on_request(Exchange& exchange, HandlerId id) = 0;

  /// Who handles the events of WebSockets, as long as the application lives; null if nobody does.
  virtual WebSocketHandler* web_sockets() { return nullptr; }

  /// Who is told of connections, as long as the application lives; null if nobody is.
  virtual ConnectionHandler* connections() { return nullptr; }
};

}  // namespace bao::server
