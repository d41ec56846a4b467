#pragma once

#include <string>
#include <system_error>

#include "net/file_descriptor.h"

namespace bao::net {

/// A folder from which files are opened that lie below it, wherever the path and the symbolic links
/// on its way want to lead. One thread's.
///
/// The kernel sees to it (openat2, Linux 5.6): for what is opened the folder is the root of all
/// files. Links are followed as far as they stay within; an absolute one begins at the folder, `..`
/// does not lead out of it, and those of /proc that lead anywhere are refused. Where the kernel, or
/// a filter of system calls, does not know openat2, paths are walked name by name, and symbolic
/// links are not followed at all.
class Folder {
 public:
  /// Opens the folder itself; what was open before is closed. Says why it cannot be opened:
  /// whatever open(2) says, not_a_directory say, and what was open before then stays.
  std::error_code open(const std::string& path);

  /// Opens what is there for reading, never waiting (a pipe without a writer, a terminal): a file,
  /// a folder or anything else, which the caller has to look at. `names` have a slash between two
  /// and none at their ends; empty is the folder itself.
  std::error_code open_below(const std::string& names, FileDescriptor& file);

  /// Goes name by name from now on, as if the kernel did not know openat2. For tests.
  void walk_by_names() { by_names_ = true; }

  explicit operator bool() const { return static_cast<bool>(folder_); }

 private:
  FileDescriptor folder_;
  bool by_names_ = false;
};

}  // namespace bao::net
