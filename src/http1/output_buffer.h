#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace bao::http1 {

/// Bodies up to this size are copied behind their head and leave in one write with it. A larger
/// body is sent from where it lies.
inline constexpr size_t kJoined = 16 * 1024;

/// Bytes on their way out, in one growing block. Unlike std::string it never fills memory that is
/// about to be overwritten, and it keeps its block when it is cleared.
class OutputBuffer {
 public:
  /// Room for at least `size` bytes behind what is there; valid until the next call. Follow with
  /// `commit`.
  char* reserve(size_t size) {
    if (capacity_ - size_ < size) grow(size);
    return block_.get() + size_;
  }
  /// Counts `size` bytes as written, of those that `reserve` gave.
  void commit(size_t size) { size_ += size; }

  void append(std::string_view text) {
    if (text.empty()) return;  // memcpy takes no null pointer, not even for nothing
    std::memcpy(reserve(text.size()), text.data(), text.size());
    size_ += text.size();
  }
  void append_number(uint64_t number) {
    char* to = reserve(20);
    size_ += static_cast<size_t>(std::to_chars(to, to + 20, number).ptr - to);
  }

  std::string_view view() const { return {block_.get(), size_}; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Forgets the bytes; gives the block back if it has grown beyond what is worth keeping.
  void clear() {
    size_ = 0;
    if (capacity_ > kKept) {
      block_.reset();
      capacity_ = 0;
    }
  }

 private:
  static constexpr size_t kFirst = 16 * 1024;
  static constexpr size_t kKept = 256 * 1024;

  void grow(size_t size) {
    size_t capacity = capacity_ == 0 ? kFirst : capacity_ * 2;
    while (capacity - size_ < size) capacity *= 2;
    auto block = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) std::memcpy(block.get(), block_.get(), size_);
    block_ = std::move(block);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> block_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace bao::http1
