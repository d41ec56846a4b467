#include "http1/output_queue.h"

#include <algorithm>
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
    if (last.shared == nullptr && !last.is_file() && last.own.size() + bytes.size() <= kGathered) {
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

void OutputQueue::append(http::FileContent content) {
  push({std::string(), nullptr, 0, std::move(content)});
}

void OutputQueue::push(Segment segment) {
  const size_t bytes = segment.size();
  if (bytes == 0) return;
  size_ += bytes;
  segments_.push_back(std::move(segment));
}

net::IoResult::Status OutputQueue::write(net::Transport& transport, uint64_t& written) {
  using Status = net::IoResult::Status;
  size_t most_of_files = kMostAtATurn;
  while (!segments_.empty()) {
    if (most_of_files == 0 && segments_.front().is_file()) return Status::would_block;
    size_t offered = 0;
    const net::IoResult result = write_some(transport, most_of_files, offered);
    if (result.status != Status::ok) return result.status;
    written += result.bytes;
    written_ += static_cast<int64_t>(result.bytes);
    most_of_files -= std::min(most_of_files, consume(result.bytes));
    if (result.bytes < offered) return Status::would_block;
  }
  return Status::ok;
}

// One call of the transport: texts, or texts and a file behind them.
net::IoResult OutputQueue::write_some(net::Transport& transport, size_t most_of_file,
                                      size_t& offered) {
  std::array<iovec, kPiecesAWrite> pieces;
  size_t count = 0;
  for (const Segment& segment : segments_) {
    if (count == pieces.size()) break;
    if (segment.is_file()) {
      const size_t length = std::min(segment.size(), most_of_file);
      if (length == 0) break;
      offered += length;
      return transport.write_file({pieces.data(), count}, segment.content.file.get(),
                                  segment.content.offset, length);
    }
    const std::string_view rest = segment.rest();
    pieces[count++] = {const_cast<char*>(rest.data()), rest.size()};
    offered += rest.size();
  }
  return transport.write({pieces.data(), count});
}

// What was written before this queue began makes the number negative; only its growth counts.
bool OutputQueue::peer_moved(const net::Transport& transport) {
  const auto untaken = transport.untaken();
  if (!untaken) return false;
  const int64_t taken = written_ - static_cast<int64_t>(*untaken);
  return taken > std::exchange(taken_, taken);
}

// Returns how many of the bytes were a file's.
size_t OutputQueue::consume(size_t bytes) {
  size_ -= bytes;
  size_t of_files = 0;
  while (bytes > 0) {
    Segment& first = segments_.front();
    const size_t part = std::min(bytes, first.size());
    if (first.is_file()) of_files += part;
    if (part == first.size()) {
      segments_.pop_front();
    } else if (first.is_file()) {
      first.content.offset += part;
      first.content.length -= part;
    } else {
      first.start += part;
    }
    bytes -= part;
  }
  return of_files;
}

}  // namespace bao::http1
