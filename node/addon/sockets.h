#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "http/reference.h"
#include "server/application.h"
#include "server/web_socket.h"

namespace bao::node {

class Environment;

/// The WebSockets of a thread, which JavaScript knows by the numbers that it gave them, and their
/// events on the way to it.
class Sockets final : public server::WebSocketHandler {
 public:
  explicit Sockets(Environment& environment) : environment_(environment) {}

  /// What of the engine's socket is kept: its number.
  struct Data final : server::WebSocket::Data {
    explicit Data(uint32_t number) : number(number) {}
    uint32_t number;
  };

  /// The kinds of events, as JavaScript knows them (native.d.ts).
  enum class Event : uint8_t { open, drain, ping, pong, close };

  /// Null if no open socket has that number.
  server::WebSocket* find(uint32_t number) const {
    return number < sockets_.size() ? sockets_[number].get() : nullptr;
  }
  void clear() { sockets_.clear(); }

  // server::WebSocketHandler
  void on_open(server::WebSocket& socket) override;
  void on_message(server::WebSocket& socket, const websocket::Message& message) override;
  void on_ping(server::WebSocket& socket, std::string_view payload) override;
  void on_pong(server::WebSocket& socket, std::string_view payload) override;
  void on_drain(server::WebSocket& socket) override;
  void on_close(server::WebSocket& socket, uint16_t code, std::string_view reason) override;

 private:
  Environment& environment_;
  std::vector<http::Reference<server::WebSocket>> sockets_;
};

}  // namespace bao::node
