#include "net/folder.h"

#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string_view>
#include <sys/syscall.h>
#include <unistd.h>

namespace bao::net {

namespace {

constexpr int kForReading = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
// The kernel gives up when folders are renamed while it goes up and down in them.
constexpr int kAttempts = 8;

std::error_code last_error() {
  return {errno, std::generic_category()};
}

template <typename F>
int without_interruption(F open) {
  int descriptor;
  do {
    descriptor = open();
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

int open_in_root(int folder, const char* path) {
  open_how how{};
  how.flags = kForReading;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  long descriptor = -1;
  for (int i = 0; i < kAttempts; ++i) {
    descriptor = ::syscall(SYS_openat2, folder, path, &how, sizeof how);
    if (descriptor >= 0 || (errno != EINTR && errno != EAGAIN)) break;
  }
  return static_cast<int>(descriptor);
}

// Links are refused on the way (not_a_directory) and at its end (too_many_symbolic_link_levels).
std::error_code open_by_names(int folder, std::string_view names, FileDescriptor& file) {
  FileDescriptor parent;
  for (;;) {
    const size_t slash = names.find('/');
    const bool last = slash == names.npos;
    const std::string name(names.substr(0, slash));
    if (name.empty() || name == "." || name == "..") {
      return std::make_error_code(std::errc::invalid_argument);
    }
    const int flags = last ? kForReading : O_PATH | O_DIRECTORY | O_CLOEXEC;
    const int descriptor =
        without_interruption([&] { return ::openat(folder, name.c_str(), flags | O_NOFOLLOW); });
    if (descriptor < 0) return last_error();
    if (last) {
      file.reset(descriptor);
      return {};
    }
    parent.reset(descriptor);
    folder = descriptor;
    names.remove_prefix(slash + 1);
  }
}

}  // namespace

std::error_code Folder::open(const std::string& path) {
  const int descriptor =
      without_interruption([&] { return ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); });
  if (descriptor < 0) return last_error();
  folder_.reset(descriptor);
  return {};
}

std::error_code Folder::open_below(const std::string& names, FileDescriptor& file) {
  if (names.find('\0') != names.npos) return std::make_error_code(std::errc::invalid_argument);
  if (!by_names_) {
    const int descriptor = open_in_root(folder_.get(), names.empty() ? "." : names.c_str());
    if (descriptor >= 0) {
      file.reset(descriptor);
      return {};
    }
    // Filters of system calls answer with either.
    if (errno != ENOSYS && errno != EPERM) return last_error();
    by_names_ = true;
  }
  if (!names.empty()) return open_by_names(folder_.get(), names, file);
  const int descriptor =
      without_interruption([&] { return ::openat(folder_.get(), ".", kForReading); });
  if (descriptor < 0) return last_error();
  file.reset(descriptor);
  return {};
}

}  // namespace bao::net
