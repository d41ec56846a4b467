#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace bao {

/// A file of this machine, as the content of a reply. A lightweight value: nothing is opened before
/// a request is answered with it, and then it is opened anew for each one.
///
///     {"/logo.png", bao::file("./logo.png")}
///     return bao::Response(bao::file(path)).set("Cache-Control", "no-cache");
class File {
 public:
  /// `path` is relative to the folder in which the program works when the file is opened.
  explicit File(std::string path) : path_(std::move(path)) {}

  /// The bytes [begin, end) of this file or slice, as far as it has them: content that is sent with
  /// status 206 and `Content-Range`.
  File slice(std::uint64_t begin, std::uint64_t end = UINT64_MAX) const;

  const std::string& path() const { return path_; }
  /// The media type by the extension of its name, `application/octet-stream` if that is unknown;
  /// lives as long as the program. Types of text say `;charset=utf-8`.
  std::string_view type() const;
  /// Where a slice begins in the file, and where it ends unless the file ends before.
  std::uint64_t begin() const { return begin_; }
  std::uint64_t end() const { return end_; }

 private:
  std::string path_;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = UINT64_MAX;
};

/// A file, as the content of a reply. Whoever makes a path of what a client sent must see to it
/// that it stays where it should: `..`, slashes and symbolic links lead anywhere.
inline File file(std::string path) {
  return File(std::move(path));
}

}  // namespace bao
