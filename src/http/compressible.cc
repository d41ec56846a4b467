#include "http/compressible.h"

#include <algorithm>
#include <array>
#include <string>

#include "http/tokens.h"

namespace bao::http {

namespace {

// Beside text/* and those with a structured syntax suffix (RFC 6839).
constexpr std::array<std::string_view, 33> kCompressible{"application/ecmascript",
                                                         "application/graphql",
                                                         "application/javascript",
                                                         "application/json",
                                                         "application/json-seq",
                                                         "application/jsonl",
                                                         "application/ndjson",
                                                         "application/postscript",
                                                         "application/rtf",
                                                         "application/sql",
                                                         "application/tar",
                                                         "application/toml",
                                                         "application/typescript",
                                                         "application/vnd.ms-fontobject",
                                                         "application/wasm",
                                                         "application/x-httpd-php",
                                                         "application/x-javascript",
                                                         "application/x-ndjson",
                                                         "application/x-perl",
                                                         "application/x-sh",
                                                         "application/x-tar",
                                                         "application/x-www-form-urlencoded",
                                                         "application/x-yaml",
                                                         "application/xml",
                                                         "application/xml-dtd",
                                                         "application/yaml",
                                                         "font/collection",
                                                         "font/otf",
                                                         "font/ttf",
                                                         "image/bmp",
                                                         "image/vnd.microsoft.icon",
                                                         "image/x-icon",
                                                         "model/gltf"};
static_assert(std::is_sorted(kCompressible.begin(), kCompressible.end()));

constexpr std::array<std::string_view, 4> kSuffixes{"+json", "+xml", "+yaml", "+text"};

}  // namespace

bool is_compressible(std::string_view media_type) {
  const std::string_view type = trim_whitespace(media_type.substr(0, media_type.find(';')));
  if (type.empty() || type.size() > 128) return false;
  std::array<char, 128> lower;
  std::transform(type.begin(), type.end(), lower.begin(), to_lower_ascii);
  const std::string_view name(lower.data(), type.size());
  if (name.starts_with("text/")) return true;
  for (const std::string_view suffix : kSuffixes) {
    if (name.ends_with(suffix)) return true;
  }
  return std::binary_search(kCompressible.begin(), kCompressible.end(), name);
}

}  // namespace bao::http
