#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "net/transport.h"

namespace bao::websocket {

/// What a connection could not send at once, in order. Exists only while a peer is slower than the
/// server.
class Backlog {
 public:
  /// Copies `bytes`. Throws std::bad_alloc, and then nothing was added.
  void append(std::string_view bytes) { append(bytes, {}); }
  /// Copies both, one behind the other: a head and a payload.
  void append(std::string_view head, std::string_view payload);

  /// Writes what the transport takes; `written` grows by that. `ok` if all has left.
  net::IoResult::Status write(net::Transport& transport, uint64_t& written);

  size_t size() const { return size_; }

  /// The payload of the last Ping that is to be answered once there is room. Of several that came
  /// meanwhile only the last needs an answer (RFC 6455 section 5.5.3), so a peer that sends Pings
  /// and reads nothing costs no memory.
  std::string ping;
  bool pong_due = false;
  /// Whether the peer has taken anything since this was last set to false.
  bool moved = false;

 private:
  std::deque<std::string> texts_;
  size_t start_ = 0;  // of the first text: what has left of it
  size_t size_ = 0;
};

}  // namespace bao::websocket
