#include "websocket/backlog.h"

#include <algorithm>
#include <array>

namespace bao::websocket {

namespace {
// Small copies are gathered in texts of up to this size.
constexpr size_t kGathered = 64 * 1024;
constexpr size_t kPiecesAWrite = 16;
}  // namespace

void Backlog::append(std::string_view head, std::string_view payload) {
  const size_t size = head.size() + payload.size();
  if (size == 0) return;
  if (!texts_.empty() && texts_.back().size() + size <= kGathered) {
    std::string& last = texts_.back();
    // Doubling, but in one step and before anything is changed.
    if (last.capacity() < last.size() + size) {
      last.reserve(std::max(last.size() + size, std::min(2 * last.capacity(), kGathered)));
    }
    last.append(head).append(payload);
  } else {
    std::string text;
    text.reserve(size);
    text.append(head).append(payload);
    texts_.push_back(std::move(text));
  }
  size_ += size;
}

net::IoResult::Status Backlog::write(net::Transport& transport, uint64_t& written) {
  using Status = net::IoResult::Status;
  while (!texts_.empty()) {
    std::array<iovec, kPiecesAWrite> pieces;
    size_t count = 0;
    size_t start = start_;
    for (std::string& text : texts_) {
      if (count == pieces.size()) break;
      pieces[count++] = {text.data() + start, text.size() - start};
      start = 0;
    }
    const std::span offered(pieces.data(), count);
    const net::IoResult result = transport.write(offered);
    if (result.status != Status::ok) return result.status;
    moved |= result.bytes > 0;
    written += result.bytes;
    size_ -= result.bytes;
    size_t left = start_ + result.bytes;
    while (!texts_.empty() && left >= texts_.front().size()) {
      left -= texts_.front().size();
      texts_.pop_front();
    }
    start_ = left;
    if (result.bytes < net::size_of(offered)) return Status::would_block;
  }
  return Status::ok;
}

}  // namespace bao::websocket
