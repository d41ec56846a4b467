#include "http1/output_queue.h"

#include <array>
#include <utility>

namespace bao::http1 {

namespace {
// Small copies are gathered in segments of up to this size.
constexpr size_t kGathered = 64 * 1024;
constexpr size_t kPiecesAWrite = 16;
}  // namespace

void OutputQueue::append_copy(std::string_view bytes) {
  if (bytes.empty()) return;
  if (!segments_.empty()) {
    Segment& last = segments_.back();
    if (last.shared == nullptr && last.own.size() + bytes.size() <= kGathered) {
      last.own.append(bytes);
      size_ += bytes.size();
      return;
    }
  }
  push({std::string(bytes), nullptr, 0});
}

void OutputQueue::append(std::string text, size_t start) {
  push({std::move(text), nullptr, start});
}

void OutputQueue::append(std::shared_ptr<const std::string> text, size_t start) {
  push({std::string(), std::move(text), start});
}

void OutputQueue::push(Segment segment) {
  size_t bytes = segment.rest().size();
  if (bytes == 0) return;
  size_ += bytes;
  segments_.push_back(std::move(segment));
}

net::IoResult::Status OutputQueue::write(net::Transport& transport, uint64_t& written) {
  using Status = net::IoResult::Status;
  while (!segments_.empty()) {
    std::array<iovec, kPiecesAWrite> pieces;
    size_t count = 0;
    size_t offered = 0;
    for (const Segment& segment : segments_) {
      if (count == pieces.size()) break;
      std::string_view rest = segment.rest();
      pieces[count++] = {const_cast<char*>(rest.data()), rest.size()};
      offered += rest.size();
    }
    net::IoResult result = transport.write({pieces.data(), count});
    if (result.status != Status::ok) return result.status;
    written += result.bytes;
    written_ += static_cast<int64_t>(result.bytes);
    consume(result.bytes);
    if (result.bytes < offered) return Status::would_block;
  }
  return Status::ok;
}

// What was written before this queue began makes the number negative; only its growth counts.
bool OutputQueue::peer_moved(const net::Transport& transport) {
  const auto untaken = transport.untaken();
  if (!untaken) return false;
  const int64_t taken = written_ - static_cast<int64_t>(*untaken);
  return taken > std::exchange(taken_, taken);
}

void OutputQueue::consume(size_t bytes) {
  size_ -= bytes;
  while (bytes > 0) {
    Segment& first = segments_.front();
    size_t rest = first.rest().size();
    if (bytes < rest) {
      first.start += bytes;
      return;
    }
    bytes -= rest;
    segments_.pop_front();
  }
}

}  // namespace bao::http1
