#pragma once

#include <cerrno>
#include <cstdint>
#include <span>
#include <sys/types.h>
#include <unistd.h>

namespace bao::net {

/// pread(2) that goes on after signals: how many bytes were read, 0 at the end of the file, -1 with
/// `errno`.
inline ssize_t read_at(int file, std::span<char> buffer, uint64_t offset) {
  for (;;) {
    const ssize_t count = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (count >= 0 || errno != EINTR) return count;
  }
}

}  // namespace bao::net
