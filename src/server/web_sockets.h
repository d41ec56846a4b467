#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <bao/fields.h>

#include "http/reference.h"
#include "server/application.h"
#include "server/settings.h"
#include "server/table.h"
#include "server/web_socket.h"
#include "websocket/broadcast.h"
#include "websocket/topics.h"
#include "websocket/workspace.h"

namespace bao::server {

class Exchange;
class Server;

/// The WebSockets of a server: makes them of exchanges, runs their handlers, and publishes to them.
class WebSockets final : public websocket::WorkspaceOwner {
 public:
  /// Both outlive it; `read_buffer` may be shared, see websocket::Workspace.
  WebSockets(Server& server, std::span<char> read_buffer);
  ~WebSockets();

  /// The handlers of that table are used from now on, for open sockets too, and likewise the
  /// settings. A table without any leaves both as they are.
  void use(const http::Reference<Table>& table, const WebSocketSettings& settings);
  /// Whether there are handlers, without which there are no WebSockets.
  bool enabled() const { return static_cast<bool>(table_); }

  /// What a program adds to an upgrade.
  struct Upgrade {
    Fields fields{};                             ///< of the 101
    std::string_view protocol = {};              ///< the subprotocol; sent if the client offers it
    std::unique_ptr<WebSocket::Data> data = {};  ///< of the socket
  };
  /// Makes a WebSocket of the request: queues the 101, and runs the handler of `open` before it
  /// returns. False if that cannot be: the request is no opening handshake (RFC 6455 section
  /// 4.2.1), its connection cannot be given away (http::Exchange::upgrade), or the server stops. If
  /// only the version of the protocol is wrong the request has been answered, with 426. There must
  /// be handlers.
  bool upgrade(Exchange& exchange, Upgrade upgrade);

  /// To all subscribers of the topic but `except` (may be null). Returns how many those are.
  size_t publish(std::string_view topic, const websocket::Topics::Message& message,
                 const WebSocket* except = nullptr);
  size_t subscriber_count(std::string_view topic) const { return topics_.subscriber_count(topic); }

  /// Sockets that are open for the program.
  uint64_t open() const { return open_; }
  /// True if no connection is left, not even one that is being closed.
  bool empty() const { return sockets_ == nullptr; }
  const websocket::Counters& counters() const { return workspace_.counters; }

  /// Closes every socket with 1001 and cuts it.
  void cut();
  /// The server has stopped: nothing is handled any more.
  void end() { table_ = {}; }

  // websocket::WorkspaceOwner
  void on_pending() override;

 private:
  friend class WebSocket;

  // What runs stays alive although it may put other handlers in its place.
  template <typename F>
  void handle(F&& f) {
    if (!table_) return;
    const http::Reference<Table> keep = table_;
    f(*keep->web_sockets());
  }
  void open_socket(http::Upgraded& upgraded, const websocket::DeflateAgreement& deflate,
                   std::unique_ptr<WebSocket::Data> data);
  void deliver();
  void deliver_to(WebSocket& socket);
  void finish_turn();
  void gone(WebSocket& socket);
  void bury();

  Server& server_;
  http::Reference<Table> table_;  // the one whose handlers are used
  websocket::Topics topics_;
  websocket::Workspace workspace_;
  websocket::Broadcast broadcast_{topics_, workspace_};
  WebSocket* sockets_ = nullptr;
  std::vector<http::Reference<WebSocket>> dead_;  // their connections end with the turn
  uint64_t open_ = 0;
  bool publish_to_self_ = false;
  bool scheduled_ = false;
};

}  // namespace bao::server
