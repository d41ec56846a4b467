#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include <bao/websocket.h>

#include "server/application.h"
#include "server/settings.h"
#include "server/web_socket.h"

namespace bao::detail {

/// What a program keeps with a socket, as the engine holds it.
struct HeldData final : server::WebSocket::Data {
  explicit HeldData(std::unique_ptr<SocketValue> value) : value(std::move(value)) {}
  std::unique_ptr<SocketValue> value;
};

/// The limits among the options, for the engine.
server::WebSocketSettings web_socket_settings(const WebSocketOptions& options);
/// The same, checked. Throws server::SettingsError.
server::WebSocketSettings checked_web_socket_settings(const WebSocketOptions& options);

/// Runs the handlers of one set of options for the events of WebSockets.
class SocketEvents final : public server::WebSocketHandler {
 public:
  explicit SocketEvents(WebSocketOptions options)
      : handlers_(std::make_shared<const WebSocketOptions>(std::move(options))) {}

  bool enabled() const { return handlers_->enabled(); }

  void on_open(server::WebSocket& socket) override;
  void on_message(server::WebSocket& socket, const websocket::Message& message) override;
  void on_ping(server::WebSocket& socket, std::string_view payload) override;
  void on_pong(server::WebSocket& socket, std::string_view payload) override;
  void on_drain(server::WebSocket& socket) override;
  void on_close(server::WebSocket& socket, uint16_t code, std::string_view reason) override;

 private:
  // Shared with the coroutines that run, which may outlive a reload.
  std::shared_ptr<const WebSocketOptions> handlers_;
};

}  // namespace bao::detail
