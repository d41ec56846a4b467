#pragma once

#include <optional>
#include <string>
#include <vector>

namespace bao::trace {

/// Some lines of a source file around one of them.
struct SourceExcerpt {
  /// The number of the first of `lines`, counted from 1.
  int first_line = 0;
  /// Without line ends, as bytes of the file (not checked to be UTF-8).
  std::vector<std::string> lines;
  /// The number of the line that this is about: first_line <= highlighted < first_line +
  /// lines.size().
  int highlighted = 0;
};

/// Reads up to `around` (>= 0) lines before and after the line with number `line` of `file`, and
/// that line. Lines are cut at 400 characters. Nullopt if the line does not exist, or if the file
/// cannot be read, is no regular file or is larger than 4 MiB. Blocks while it reads.
std::optional<SourceExcerpt> read_source_excerpt(const std::string& file, int line, int around = 4);

}  // namespace bao::trace
