#pragma once

#include <cstdint>
#include <vector>

#include "environment.h"
#include "server/application.h"

namespace bao::node {

/// The handlers of a table, which are JavaScript's: ids are numbers of handlers there.
class Application final : public server::Application, public server::ConnectionHandler {
 public:
  /// `table` is JavaScript's number, told back when nothing uses it any more.
  /// `takes_web_sockets`: whether the program has handlers of WebSockets.
  Application(Environment& environment, double table, bool takes_web_sockets)
      : environment_(environment), table_(table), takes_web_sockets_(takes_web_sockets) {}
  ~Application() override { environment_.table_ended(table_); }

  void on_request(server::Exchange& exchange, server::HandlerId id) override {
    environment_.dispatch(exchange, id);
  }
  server::WebSocketHandler* web_sockets() override {
    return takes_web_sockets_ ? &environment_.sockets() : nullptr;
  }
  server::ConnectionHandler* connections() override { return this; }

  // server::ConnectionHandler
  void on_connected(http::Link& link) override { environment_.links().on_connected(link, table_); }
  void on_closed(http::Link& link) override { environment_.links().on_closed(link); }
  void on_refused(http::Link& link, int status, std::string_view reason) override {
    environment_.links().on_refused(link, table_, status, reason);
  }

 private:
  Environment& environment_;
  double table_;
  bool takes_web_sockets_;
};

}  // namespace bao::node
