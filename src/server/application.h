#pragma once

#include <cstdint>

namespace bao::server {

class Exchange;

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
};

}  // namespace bao::server
