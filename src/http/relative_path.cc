#include "http/relative_path.h"

#include "http/percent.h"
#include "http/tokens.h"

namespace bao::http {

namespace {

constexpr bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// Appends what `segment` stands for; false if it has an escape that is malformed or needless.
bool decode_segment(std::string_view segment, std::string& decoded) {
  for (size_t i = 0; i < segment.size(); ++i) {
    char c = segment[i];
    if (c == '%') {
      if (segment.size() - i <= 2) return false;
      const int high = hex_digit_value(segment[i + 1]);
      const int low = hex_digit_value(segment[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      if (is_unreserved(c)) return false;
      i += 2;
    }
    decoded += c;
  }
  return true;
}

}  // namespace

bool is_servable_name(std::string_view name) {
  if (name.empty() || name == "." || name == "..") return false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || c == '/' || c == '\\') return false;
  }
  return is_valid_utf8(name);
}

std::optional<RelativePath> parse_relative_path(std::string_view encoded) {
  RelativePath path;
  path.names_folder = encoded.empty() || encoded.back() == '/';
  if (!encoded.empty() && path.names_folder)
    encoded.remove_suffix(1);
  else if (encoded.empty())
    return path;
  path.names.reserve(encoded.size());
  for (bool more = true; more;) {
    const size_t slash = encoded.find('/');
    more = slash != encoded.npos;
    const size_t begin = path.names.size();
    if (!decode_segment(encoded.substr(0, slash), path.names)) return std::nullopt;
    const std::string_view name = std::string_view(path.names).substr(begin);
    if (!is_servable_name(name)) return std::nullopt;
    path.has_dot_name |= name.front() == '.';
    if (!more) break;
    path.names += '/';
    encoded.remove_prefix(slash + 1);
  }
  return path;
}

}  // namespace bao::http
