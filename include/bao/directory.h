#pragma once

#include <string>
#include <utility>
#include <vector>

#include <bao/fields.h>

namespace bao {

/// What a directory shows, and how.
struct DirectoryOptions {
  /// Sent for a folder: the first of these files that is in it. None: `.index = {}`.
  std::vector<std::string> index = {"index.html"};
  /// A folder without such a file is answered with a page that lists what is in it.
  bool listing = false;
  /// Shows files and folders whose name begins with a dot, too: `.git` and `.env` are secrets.
  bool dot_files = false;
  /// Sends `x.js.br`, `x.js.zst` or `x.js.gz`, if it lies beside `x.js`, to clients that take this
  /// coding. Off, because it looks for files at each request.
  bool precompressed = false;
  /// Fields that are sent with every file, `Cache-Control` say.
  Fields fields = {};
};

/// The files below a folder of this machine, for a route that ends in `/*`.
class Directory {
 public:
  /// `path` is relative to the folder in which the program works.
  explicit Directory(std::string path, DirectoryOptions options = {})
      : path_(std::move(path)), options_(std::move(options)) {}

  const std::string& path() const { return path_; }
  const DirectoryOptions& options() const { return options_; }

 private:
  std::string path_;
  DirectoryOptions options_;
};

/// The files below a folder, for a route that ends in `/*`:
///
///     {"/static/*", bao::directory("./public")}
///
/// GET and HEAD are answered with the file that the rest of the path names, as by bao::file; with
/// the index file of a folder; else the request goes on to `fetch`. Nothing outside of the folder
/// is ever opened, whatever the path and symbolic links say. `serve` throws if it is not there.
inline Directory directory(std::string path, DirectoryOptions options = {}) {
  return Directory(std::move(path), std::move(options));
}

}  // namespace bao
