#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <bao/options.h>
#include <bao/server.h>

#include "api/socket_events.h"
#include "server/application.h"
#include "server/table.h"
#include "trace/throw_hook.h"

namespace bao::detail {

/// The handlers of one set of options: the C++ face of a table. Lives until the last request that
/// it serves has ended.
class App final : public server::Application {
 public:
  App(Server server, ErrorHandler error, WebSocketOptions web_sockets, bool development);

  void on_request(server::Exchange& exchange, server::HandlerId id) override;
  server::WebSocketHandler* web_sockets() override {
    return web_sockets_.enabled() ? &web_sockets_ : nullptr;
  }

  server::HandlerId add(Handler handler);
  /// Tells the table of handlers with a limit of their own.
  void limit_bodies(server::Table::Builder& builder) const;
  Server& server() { return server_; }
  const ErrorHandler& error_handler() const { return error_; }
  bool development() const { return capture_.has_value(); }

 private:
  Server server_;
  ErrorHandler error_;
  SocketEvents web_sockets_;
  std::vector<Handler> handlers_;
  // In development every throw on this thread is remembered, so that the error page can show where
  // it came from.
  std::optional<trace::CaptureThrows> capture_;
};

/// What makes a table: what `serve` and `reload` are given.
struct TableOptions {
  const Routes& routes;
  Handler fetch;
  ErrorHandler error;
  WebSocketOptions web_sockets;
};

/// Makes a table of a program's routes and handlers. Throws OptionError that names the route.
http::Reference<server::Table> make_table(Server server, TableOptions options, bool development);

}  // namespace bao::detail
