#include "net/unlinked_file.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace bao::net {

FileDescriptor make_unlinked_file(std::string folder) {
  if (folder.empty()) {
    const char* named = std::getenv("TMPDIR");
    folder = named != nullptr && *named != '\0' ? named : "/tmp";
  }
  FileDescriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.get() >= 0) return file;
  // Not every file system has such files.
  if (errno == EOPNOTSUPP || errno == EISDIR) {
    std::string path = folder + "/bao-XXXXXX";
    file = FileDescriptor(::mkostemp(path.data(), O_CLOEXEC));
    if (file.get() >= 0) {
      ::unlink(path.c_str());
      return file;
    }
  }
  throw std::system_error(errno, std::generic_category(),
                          "A temporary file cannot be made in \"" + folder + "\"");
}

void write_at(int file, std::string_view bytes, uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      throw std::system_error(errno, std::generic_category(), "A file cannot be written");
    }
    bytes.remove_prefix(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
}

}  // namespace bao::net
