#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "robustness/sanitizers.h"

namespace bao::testing {

/// Where a server listens, as a client names it.
struct Place {
  int port = 0;             ///< on 127.0.0.1, unless `unix_path` is set
  std::string unix_path{};  ///< a leading NUL byte makes it an abstract name
};

struct ReceivedReply {
  int status = 0;
  std::string head{};  ///< with the empty line
  std::string body{};
  bool says_close() const;
};

/// How a connection ended, as its client saw it.
enum class End {
  closed,  ///< a clean end
  reset,   ///< a failure
  none,    ///< it had not ended in time
};

/// A client that does what it is told, with blocking calls that give up after `kPatience`. It owns
/// one socket.
class Client {
 public:
  Client() = default;
  /// Connects. `ok()` says whether that worked. `receive_buffer`: the bytes that the kernel may
  /// hold for it, 0 for its own choice. TCP clients with different `source` numbers (1 to 250) come
  /// from different loopback addresses, each of which has ports of its own.
  explicit Client(const Place& place, int receive_buffer = 0, int source = 1);
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  ~Client() { close(); }

  bool ok() const { return fd_ >= 0; }
  int fd() const { return fd_; }

  /// Sends all of `bytes`. False if the connection ended first, or no room came in time.
  bool send(std::string_view bytes, std::chrono::milliseconds patience = kPatience);
  /// Sends `bytes` again and again for as long as the kernel takes them within `patience`. Returns
  /// how many it took.
  size_t send_until_full(std::string_view bytes, std::chrono::milliseconds patience);
  bool get(std::string_view path);

  /// Reads one reply with a Content-Length or a chunked coding. None if the connection ended or
  /// stayed silent first.
  std::optional<ReceivedReply> read_reply();
  /// Reads and drops at most `most` bytes. Returns how many came; 0 at the end.
  size_t skip(size_t most, std::chrono::milliseconds patience = kPatience);
  /// Reads and drops until the connection ends.
  End read_end(std::chrono::milliseconds patience = kPatience);
  /// The bytes that `read_end` and `skip` have dropped.
  uint64_t skipped() const { return skipped_; }
  /// True if something can be read, or the connection has ended.
  bool readable() const;

  void half_close();
  /// TCP: ends the connection with RST. On a unix socket it is a full close.
  void reset();
  void close();

 private:
  bool fill();
  std::optional<std::string> read_until(std::string_view mark);
  bool read_exactly(size_t size, std::string& to);

  int fd_ = -1;
  uint64_t skipped_ = 0;
  std::string buffer_;  // received, not yet consumed
};

/// A request for `path` with `more` fields, each with its CRLF, and `body`.
std::string request(std::string_view path, std::string_view more = {}, std::string_view body = {});

}  // namespace bao::testing
