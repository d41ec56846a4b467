#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.h"
#include "routing/router.h"
#include "server/table.h"

namespace bao::server {

class Server;

/// An exchange on a server: adds the route that it matched, and keeps the table that it began with
/// alive.
class Exchange final : public http::Exchange {
 public:
  explicit Exchange(Server& server) : server_(server) {}

  /// The server that it came to. Good as long as the exchange is held.
  Server& server() const { return server_; }

  /// The value of a parameter of the route's pattern, percent-decoded, invalid UTF-8 replaced by
  /// U+FFFD; `*` for the rest that a wildcard matched.
  std::optional<std::string> parameter(std::string_view name) const;

  /// The request's absolute URL: the scheme of the server, the request's authority (or the server's
  /// own, if the request has none), and the target.
  std::string url() const;

  /// The match of the router; its values are views into the head's path.
  routing::Match match;
  bool matched = false;

  /// The table that it is answered from.
  http::Reference<Table> table;

 protected:
  void recycle() override;

 private:
  friend class Server;
  Server& server_;
};

}  // namespace bao::server
