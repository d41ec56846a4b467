#include "websocket/turn_memory.h"

#include <algorithm>

namespace bao::websocket {

namespace {
constexpr size_t kBlock = 64 * 1024;
}  // namespace

void TurnMemory::add_block(size_t size) {
  size = std::max(size, kBlock);
  blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
  capacity_ += size;
  used_ = 0;
}

// The first block is of the usual size but for a first piece that is larger.
void TurnMemory::forget() {
  used_ = 0;
  while (blocks_.size() > 1 || (blocks_.size() == 1 && blocks_.front().size > kBlock)) {
    capacity_ -= blocks_.back().size;
    blocks_.pop_back();
  }
}

}  // namespace bao::websocket
