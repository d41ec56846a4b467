#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "net/transport.h"

namespace bao::http1 {

/// Bytes that a connection could not send at once, in order, with their owners. Exists only while a
/// peer is slower than the server.
class OutputQueue {
 public:
  /// Copies `bytes`.
  void append_copy(std::string_view bytes);
  /// Takes `text` and sends it from position `start` on.
  void append(std::string text, size_t start);
  /// Shares `text` and sends it from position `start` on.
  void append(std::shared_ptr<const std::string> text, size_t start);

  /// Writes what the transport takes. `written` grows by the bytes that left.
  net::IoResult::Status write(net::Transport& transport, uint64_t& written);

  /// Whether the peer has taken anything of what `transport` was given since the last call. False
  /// at the first call, and if the transport cannot tell.
  bool peer_moved(const net::Transport& transport);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  struct Segment {
    std::string own;
    std::shared_ptr<const std::string> shared;
    size_t start = 0;
    std::string_view rest() const {
      return std::string_view(shared != nullptr ? *shared : own).substr(start);
    }
  };

  void push(Segment segment);
  void consume(size_t bytes);

  std::deque<Segment> segments_;
  size_t size_ = 0;
  int64_t written_ = 0;
  int64_t taken_ = INT64_MAX;  // of what was written, when peer_moved was called last
};

}  // namespace bao::http1
