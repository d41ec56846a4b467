#include "net/transport.h"

#include <algorithm>
#include <array>

#include "net/read_at.h"

namespace bao::net {

IoResult Transport::write_file(std::span<const iovec> before, int file, uint64_t offset,
                               size_t length) {
  using Status = IoResult::Status;
  IoResult sent{Status::ok};
  if (!before.empty()) {
    sent = write(before);
    if (sent.status != Status::ok || sent.bytes < size_of(before)) return sent;
  }
  std::array<char, 64 * 1024> buffer;
  while (length > 0) {
    const std::span part(buffer.data(), std::min(length, buffer.size()));
    const ssize_t count = read_at(file, part, offset);
    if (count <= 0) return sent.bytes > 0 ? sent : IoResult{Status::no_source};
    const iovec piece{buffer.data(), static_cast<size_t>(count)};
    const IoResult written = write({&piece, 1});
    if (written.status != Status::ok) return sent.bytes > 0 ? sent : written;
    sent.bytes += written.bytes;
    offset += written.bytes;
    length -= written.bytes;
    if (written.bytes < piece.iov_len) break;
  }
  return sent;
}

}  // namespace bao::net
