#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <sys/uio.h>

namespace bao::tls {

/// Plaintext on its way into records: pieces in memory and, behind them, a part of a file. Records
/// are cut without regard to where pieces begin, so a small head and its body share one. A piece
/// that fills a record is not copied; a file is copied once, by the kernel.
class PlaintextSource {
 public:
  /// `gather` is where small pieces are joined and the file is read into; at least the largest
  /// record that is asked for. Everything outlives this.
  PlaintextSource(std::span<const iovec> pieces, std::span<char> gather, int file = -1,
                  uint64_t offset = 0, size_t length = 0);

  /// What is left.
  size_t left() const { return left_; }
  /// Leaves out the next bytes, at most `left()`.
  void skip(size_t bytes);
  /// The next bytes: `most`, or all that are left if those are fewer. Good until the next call.
  /// Fewer, or none, if the file ends before.
  std::string_view next(size_t most);

 private:
  void fill(size_t most);

  std::span<const iovec> pieces_;
  size_t used_ = 0;  // of the first piece
  std::span<char> gather_;
  std::string_view gathered_;  // not yet given
  int file_;
  uint64_t offset_;
  size_t of_file_;  // not yet read
  size_t left_;
};

}  // namespace bao::tls
