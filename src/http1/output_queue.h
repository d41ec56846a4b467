#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "http/reply.h"
#include "net/transport.h"

namespace bao::http1 {

/// How much of a streamed reply or of files goes out until other connections have their turn.
inline constexpr size_t kMostAtATurn = 1 << 20;

/// What a connection could not send at once, in order, with its owners: bytes, and files that are
/// not read before there is room for them. Exists only while a peer is slower than the server, or a
/// file takes more than one turn.
class OutputQueue {
 public:
  /// Copies `bytes`.
  void append_copy(std::string_view bytes);
  /// Takes `text` and sends it from position `start` on.
  void append(std::string text, size_t start);
  /// Shares `text` and sends it from position `start` on.
  void append(std::shared_ptr<const std::string> text, size_t start);
  /// Takes the file and sends that content.
  void append(http::FileContent content);

  /// Writes what the transport takes, but no more than kMostAtATurn of files. `written` grows by
  /// the bytes that left. `no_source` if a file is shorter than it was said to be.
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
    http::FileContent content = {};  // instead of a text, if it has a file
    bool is_file() const { return static_cast<bool>(content.file); }
    std::string_view rest() const {
      return std::string_view(shared != nullptr ? *shared : own).substr(start);
    }
    size_t size() const { return is_file() ? content.length : rest().size(); }
  };

  void push(Segment segment);
  net::IoResult write_some(net::Transport& transport, size_t most_of_file, size_t& offered);
  size_t consume(size_t bytes);

  std::deque<Segment> segments_;
  size_t size_ = 0;
  int64_t written_ = 0;
  int64_t taken_ = INT64_MAX;  // of what was written, when peer_moved was called last
};

}  // namespace bao::http1
