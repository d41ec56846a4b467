#pragma once

#include <cstdint>

namespace bao::tls {

/// What the connections of one server have seen of TLS. Plain numbers: one thread.
struct Counters {
  uint64_t handshakes_pending = 0;  ///< of now, those that wait for their first byte included
  uint64_t handshakes_done = 0;     ///< full and resumed
  uint64_t handshakes_resumed = 0;
  uint64_t handshakes_failed = 0;   ///< refused, broken off or too slow
  uint64_t handshakes_dropped = 0;  ///< because too many were under way; among the failed
  uint64_t plain_requests = 0;      ///< plain HTTP on the TLS port; among the failed
  uint64_t incomplete_closes = 0;   ///< ended without close_notify (RFC 8446 section 6.1)
};

}  // namespace bao::tls
