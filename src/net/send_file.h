#pragma once

#include <cstddef>
#include <cstdint>
#include <sys/types.h>

namespace bao::net {

/// sendfile(2) from `offset` on, without the SIGPIPE that it raises where the peer is gone: it has
/// no flag like MSG_NOSIGNAL, and what a program does with its signals is not ours to change.
/// Result and `errno` are those of sendfile: 0 means that the file has no byte there.
ssize_t send_file(int socket, int file, uint64_t offset, size_t length);

}  // namespace bao::net
