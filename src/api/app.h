#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <bao/options.h>
#include <bao/server.h>

#include "server/application.h"
#include "server/table.h"
#include "trace/throw_hook.h"

namespace bao::detail {

/// The handlers of one set of options: the C++ face of a table. Lives until the last request that
/// it serves has ended.
class App final : public server::Application {
 public:
  App(Server server, ErrorHandler error, bool development);

  void on_request(server::Exchange& exchange, server::HandlerId id) override;

  server::HandlerId add(Handler handler);
  Server& server() { return server_; }
  const ErrorHandler& error_handler() const { return error_; }
  bool development() const { return capture_.has_value(); }

 private:
  Server server_;
  ErrorHandler error_;
  std::vector<Handler> handlers_;
  // In development every throw on this thread is remembered, so that the error page can show where
  // it came from.
  std::optional<trace::CaptureThrows> capture_;
};

/// Makes a table of a program's routes. Throws OptionError that names the route.
http::Reference<server::Table> make_table(Server server, const Routes& routes, Handler fetch,
                                          ErrorHandler error, bool development);

}  // namespace bao::detail
