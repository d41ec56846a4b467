#include "http/media_types.h"

#include <algorithm>
#include <array>

#include "http/media_types_table.h"
#include "http/tokens.h"

namespace bao::http {

namespace {

constexpr std::string_view kUnknown = "application/octet-stream";

constexpr size_t longest_extension() {
  size_t longest = 0;
  for (const MediaTypeOfExtension& entry : kMediaTypes) {
    longest = std::max(longest, entry.extension.size());
  }
  return longest;
}

static_assert(std::is_sorted(kMediaTypes.begin(), kMediaTypes.end(),
                             [](const MediaTypeOfExtension& a, const MediaTypeOfExtension& b) {
                               return a.extension < b.extension;
                             }));

}  // namespace

std::string_view media_type_of(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const size_t dot = name.rfind('.');
  if (dot == name.npos || dot == 0) return kUnknown;
  const std::string_view extension = name.substr(dot + 1);
  std::array<char, longest_extension()> lower;
  if (extension.empty() || extension.size() > lower.size()) return kUnknown;
  std::transform(extension.begin(), extension.end(), lower.begin(), to_lower_ascii);
  const std::string_view wanted(lower.data(), extension.size());
  const auto* found =
      std::lower_bound(kMediaTypes.begin(), kMediaTypes.end(), wanted,
                       [](const MediaTypeOfExtension& entry, std::string_view text) {
                         return entry.extension < text;
                       });
  return found != kMediaTypes.end() && found->extension == wanted ? found->type : kUnknown;
}

}  // namespace bao::http
