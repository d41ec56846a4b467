#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/file_descriptor.h"

namespace bao::net {

/// A new file without a name in that folder, to be read and written; it goes with its descriptor.
/// Empty: the folder that TMPDIR names, else /tmp. Throws std::system_error that names the folder.
FileDescriptor make_unlinked_file(std::string folder);

/// Writes all of it at `offset`, however often a signal comes. Throws std::system_error.
void write_at(int file, std::string_view bytes, uint64_t offset);

}  // namespace bao::net
