// Feeds arbitrary bytes to the decoder of paths below a folder.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/percent.h"
#include "http/relative_path.h"

namespace bao::http {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void fuzz_relative_path(std::string_view encoded) {
  const auto path = parse_relative_path(encoded);
  if (!path) return;
  require(path->names.size() <= encoded.size());
  require(path->names.find('\0') == std::string::npos);
  require(path->names.find('\\') == std::string::npos);
  require(is_valid_utf8(path->names));
  require(path->names_folder == (encoded.empty() || encoded.back() == '/'));
  bool dot = false;
  std::string again;
  for (std::string_view left = path->names; !path->names.empty();) {
    const size_t slash = left.find('/');
    const std::string_view name = left.substr(0, slash);
    require(!name.empty() && name != "." && name != ".." && is_servable_name(name));
    dot |= name.front() == '.';
    again += percent_encode(name, PercentEncodeSet::kPathSegment);
    if (slash == left.npos) break;
    again += '/';
    left.remove_prefix(slash + 1);
  }
  require(dot == path->has_dot_name);
  // As many segments come out as went in: no slash was made of an escape.
  size_t slashes = 0;
  for (const char c : encoded) slashes += c == '/' ? 1 : 0;
  for (const char c : path->names) slashes -= c == '/' ? 1 : 0;
  require(slashes == (path->names_folder && !encoded.empty() ? 1 : 0));
  // The usual spelling leads to the same place.
  if (path->names_folder && !encoded.empty()) again += '/';
  const auto same = parse_relative_path(again);
  require(same && same->names == path->names && same->names_folder == path->names_folder);
}

}  // namespace
}  // namespace bao::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bao::http::fuzz_relative_path({reinterpret_cast<const char*>(data), size});
  return 0;
}
