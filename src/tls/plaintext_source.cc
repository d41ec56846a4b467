#include "tls/plaintext_source.h"

#include <algorithm>
#include <cstring>

#include "net/read_at.h"
#include "net/transport.h"

namespace bao::tls {

PlaintextSource::PlaintextSource(std::span<const iovec> pieces, std::span<char> gather, int file,
                                 uint64_t offset, size_t length)
    : pieces_(pieces),
      gather_(gather),
      file_(file),
      offset_(offset),
      of_file_(length),
      left_(net::size_of(pieces) + length) {}

void PlaintextSource::skip(size_t bytes) {
  left_ -= bytes;
  const size_t given = std::min(bytes, gathered_.size());
  gathered_.remove_prefix(given);
  bytes -= given;
  while (bytes > 0 && !pieces_.empty()) {
    const size_t part = std::min(bytes, pieces_[0].iov_len - used_);
    used_ += part;
    bytes -= part;
    if (used_ < pieces_[0].iov_len) return;
    pieces_ = pieces_.subspan(1);
    used_ = 0;
  }
  offset_ += bytes;
  of_file_ -= bytes;
}

std::string_view PlaintextSource::next(size_t most) {
  most = std::min(most, left_);
  while (!pieces_.empty() && used_ == pieces_[0].iov_len) {
    pieces_ = pieces_.subspan(1);
    used_ = 0;
  }
  std::string_view given;
  if (gathered_.empty() && !pieces_.empty() && pieces_[0].iov_len - used_ >= most) {
    given = {static_cast<const char*>(pieces_[0].iov_base) + used_, most};
    used_ += most;
  } else {
    if (gathered_.size() < most) fill(most);
    given = gathered_.substr(0, most);
    gathered_.remove_prefix(given.size());
  }
  left_ -= given.size();
  return given;
}

// Of a file as much is read as there is room for, because each read is a system call.
void PlaintextSource::fill(size_t most) {
  size_t size = gathered_.size();
  if (size > 0) std::memmove(gather_.data(), gathered_.data(), size);
  while (size < most && !pieces_.empty()) {
    const size_t part = std::min(most - size, pieces_[0].iov_len - used_);
    if (part > 0) {
      std::memcpy(gather_.data() + size, static_cast<const char*>(pieces_[0].iov_base) + used_,
                  part);
    }
    size += part;
    used_ += part;
    if (used_ < pieces_[0].iov_len) break;
    pieces_ = pieces_.subspan(1);
    used_ = 0;
  }
  while (size < most && of_file_ > 0) {
    const ssize_t count = net::read_at(
        file_, gather_.subspan(size, std::min(gather_.size() - size, of_file_)), offset_);
    if (count <= 0) break;
    size += static_cast<size_t>(count);
    offset_ += static_cast<uint64_t>(count);
    of_file_ -= static_cast<size_t>(count);
  }
  gathered_ = {gather_.data(), size};
}

}  // namespace bao::tls
