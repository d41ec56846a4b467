#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace bao::websocket {

/// Memory for bytes that leave in the present turn of the loop: blocks that are filled from the
/// front and, once nobody uses any of it, all forgotten at once. One block is kept, so a turn
/// allocates nothing unless much is sent in it.
class TurnMemory {
 public:
  /// Room for `size` bytes, behind those that were given last if they fit. Good until the last user
  /// is gone.
  char* reserve(size_t size) {
    if (blocks_.empty() || blocks_.back().size - used_ < size) add_block(size);
    return blocks_.back().bytes.get() + used_;
  }
  /// Makes room for an object: what `reserve` gives next is aligned for it.
  void align(size_t alignment) { used_ = (used_ + alignment - 1) / alignment * alignment; }
  /// Counts `size` of the bytes that `reserve` gave as used.
  void commit(size_t size) { used_ += size; }

  /// Users keep the memory from being forgotten.
  void add_user() { ++users_; }
  void remove_user() {
    if (--users_ == 0) forget();
  }

  /// Bytes in all blocks.
  size_t capacity() const { return capacity_; }

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };

  void add_block(size_t size);
  void forget();

  std::vector<Block> blocks_;  // the last one is filled
  size_t used_ = 0;            // of the last block
  size_t capacity_ = 0;
  size_t users_ = 0;
};

}  // namespace bao::websocket
