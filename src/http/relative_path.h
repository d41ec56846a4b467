#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bao::http {

/// Where a path leads below a folder.
struct RelativePath {
  std::string names;          ///< decoded, a slash between two; empty: the folder itself
  bool names_folder = true;   ///< it ended in a slash, or is empty: a folder is meant
  bool has_dot_name = false;  ///< one of the names begins with a dot
};

/// Whether a file of that name can be asked for: UTF-8 without control characters, slashes and
/// backslashes, and neither empty nor `.` nor `..`.
bool is_servable_name(std::string_view name);

/// Decodes the path of a request, or the rest of one, once (RFC 3986 section 2.1). `encoded` has no
/// slash in front. Nothing unless each segment names a file by the one usual spelling: no `.`, `..`
/// or empty segment, no escape that is malformed or stands for an unreserved character (section
/// 2.3), which nobody needs but those who want to slip past a filter, and names as above.
std::optional<RelativePath> parse_relative_path(std::string_view encoded);

}  // namespace bao::http
