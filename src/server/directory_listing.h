#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "net/file_descriptor.h"

namespace bao::server {

/// What a listing shows of a folder: the name of something in it.
struct ListedName {
  std::string name;
  bool is_folder = false;
};

/// More than so many names of a folder are not listed: the page is made in memory, by the loop's
/// thread.
inline constexpr size_t kMostListed = 10'000;

/// Reads what is in a folder that is open for reading: folders first, then by the bytes of the
/// names. Names that cannot be asked for (http::is_servable_name) are left out, and those with a
/// dot in front unless `dot_files`. Says if it is no folder, or cannot be read.
std::error_code read_listing(net::FileDescriptor folder, bool dot_files,
                             std::vector<ListedName>& names);

/// A page of HTML with links to them. `path` is that of the folder below the directory, decoded,
/// without slashes at its ends; empty for the directory itself.
std::string render_listing(std::string_view path, const std::vector<ListedName>& names);

}  // namespace bao::server
