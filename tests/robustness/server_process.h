#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <bao/bao.h>

#include "robustness/child.h"
#include "robustness/client.h"

namespace bao::testing {

inline constexpr size_t kLargeBody = 4 << 20;

/// What a server's process tells of itself. The connection and the request that ask for it are not
/// counted.
struct Vitals {
  int64_t connections_open = -1;
  int64_t connections_total = -1;
  int64_t requests_pending = -1;
  int64_t requests_total = -1;
  int64_t handlers = -1;     ///< runs of the suspending playground handlers that have not ended
  int64_t warnings = -1;     ///< lines that went to the log
  int64_t descriptors = -1;  ///< open ones, the asking connection's included
  int64_t memory = -1;       ///< bytes that malloc has given out
};

/// A server in a process of its own, so that its descriptors, memory and signals can be looked at
/// and spoiled. It has routes for every kind of handler, the playground:
///   /text, /prepared     "hello"
///   /echo                the body
///   /unread              "hello", without a look at the body
///   /later               "later", after 2 ms
///   /wait                waits until the client is gone
///   /large               kLargeBody bytes
///   /stream              kLargeBody bytes in pieces
///   /throw, /abort       throws; aborts
class ServerProcess {
 public:
  /// Changes options and adds routes; it runs in the new process. The address is set already: a
  /// free port on 127.0.0.1.
  using Setup = std::function<void(Options&)>;
  enum class Kind { tcp, unix_socket };

  explicit ServerProcess(const Setup& setup = {}, Kind kind = Kind::tcp);

  const Place& place() const { return place_; }
  Child& child() { return child_; }

  /// Asks the process, over a connection that is kept. All -1 if it does not answer.
  Vitals vitals();
  /// Asks until `good` or until patience is at its end; gives the last answer.
  Vitals vitals_when(const std::function<bool(const Vitals&)>& good);
  /// Asks until `came` connections have come since `base`, and no connection, request, handler or
  /// descriptor of them is left; gives the last answer.
  Vitals vitals_at_rest(const Vitals& base, int64_t came);
  /// Stops it by SIGTERM. True if it ends well.
  bool stop();

 private:
  Place place_;
  Message port_;
  Child child_;
  Client control_;
};

}  // namespace bao::testing
