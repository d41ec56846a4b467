#include "http/cookie.h"

#include <algorithm>
#include <cstddef>

#include "http/percent.h"
#include "http/tokens.h"

namespace bao::http {

namespace {

/// `text`, whose bytes are Latin-1, as UTF-8.
std::string latin1_to_utf8(std::string_view text) {
  const auto above_ascii =
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return c >= 0x80; });
  if (above_ascii == 0) return std::string(text);
  std::string result;
  result.reserve(text.size() + static_cast<std::size_t>(above_ascii));
  for (unsigned char c : text) {
    if (c < 0x80) {
      result.push_back(static_cast<char>(c));
    } else {
      result.push_back(static_cast<char>(0xC0 | (c >> 6)));
      result.push_back(static_cast<char>(0x80 | (c & 0x3F)));
    }
  }
  return result;
}

std::string decode_value(std::string_view field_bytes) {
  std::string value = latin1_to_utf8(field_bytes);
  std::string_view rest = value;
  std::size_t plain = rest.find('%');
  if (plain == std::string_view::npos) return value;

  std::string decoded;
  decoded.reserve(value.size());
  for (; plain != std::string_view::npos; plain = rest.find('%')) {
    decoded.append(rest.substr(0, plain));
    rest.remove_prefix(plain);
    const bool complete = rest.size() >= 3;
    const int high = complete ? hex_digit_value(rest[1]) : -1;
    const int low = complete ? hex_digit_value(rest[2]) : -1;
    if (high >= 0 && low >= 0) {
      decoded.push_back(static_cast<char>(high * 16 + low));
    } else {
      decoded.append(kReplacementCharacter);
    }
    rest.remove_prefix(complete ? 3 : 1);
  }
  decoded.append(rest);
  return to_valid_utf8(decoded);
}

}  // namespace

void RequestCookies::add(std::string_view field_value) {
  while (!field_value.empty()) {
    const std::string_view pair = field_value.substr(0, field_value.find(';'));
    field_value.remove_prefix(std::min(field_value.size(), pair.size() + 1));
    const std::size_t equals_sign = pair.find('=');
    if (equals_sign == std::string_view::npos) continue;
    const std::string_view name = trim_whitespace(pair.substr(0, equals_sign));
    if (name.empty()) continue;
    entries_.emplace_back(latin1_to_utf8(name),
                          decode_value(trim_whitespace(pair.substr(equals_sign + 1))));
  }
}

std::optional<std::string> RequestCookies::get(std::string_view name) const {
  const Entry* entry = find(name);
  if (entry == nullptr) return std::nullopt;
  return entry->second;
}

bool RequestCookies::has(std::string_view name) const {
  return find(name) != nullptr;
}

const RequestCookies::Entry* RequestCookies::find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.first == name) return &entry;
  }
  return nullptr;
}

}  // namespace bao::http
