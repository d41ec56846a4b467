#pragma once

#include <cstddef>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "net/file_descriptor.h"

namespace bao::testing {

/// A file in a folder of its own; both go with it.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content = "", std::string_view name = "file") {
    std::string folder = ::testing::TempDir() + "bao-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder_ + "/" + std::string(name);
    write(content);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
  }

  const std::string& path() const { return path_; }
  const std::string& folder() const { return folder_; }

  std::string read() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// Puts other content into the same file.
  void write(std::string_view content) const {
    const net::FileDescriptor file(
        ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    EXPECT_TRUE(file);
    while (!content.empty()) {
      const ssize_t count = ::write(file.get(), content.data(), content.size());
      ASSERT_GT(count, 0);
      content.remove_prefix(static_cast<size_t>(count));
    }
  }
  /// Cuts it, or makes it longer with a hole.
  void resize(off_t size) const { EXPECT_EQ(::truncate(path_.c_str(), size), 0); }
  void remove() const { EXPECT_EQ(::unlink(path_.c_str()), 0); }
  /// Says when it was modified, in seconds since 1970.
  void date(time_t seconds, long nanoseconds = 0) const {
    const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
    EXPECT_EQ(::utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  }
  net::FileDescriptor open() const {
    return net::FileDescriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  }

 private:
  std::string folder_;
  std::string path_;
};

/// Bytes that are different wherever one looks.
inline std::string some_bytes(size_t size) {
  std::string bytes;
  bytes.reserve(size + 20);
  while (bytes.size() < size) bytes.append(std::to_string(bytes.size())).push_back('\n');
  bytes.resize(size);
  return bytes;
}

/// How many descriptors this process has.
inline size_t open_descriptors() {
  size_t count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

}  // namespace bao::testing
