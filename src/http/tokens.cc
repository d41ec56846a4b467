#include "http/tokens.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bao::http {

namespace {

constexpr bool is_whitespace(char c) {
  return c == ' ' || c == '\t';
}

constexpr bool is_field_char(unsigned char c) {
  return (c >= 0x20 && c != 0x7f) || c == '\t';
}

constexpr std::uint64_t kEachByte = 0x0101010101010101;
constexpr std::uint64_t kHighBits = 0x80 * kEachByte;

std::uint64_t load_word(const char* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Whether the word may hold a control character. HTAB counts as one here; a borrow between bytes
/// can only start at a byte that is one, so "no" is certain.
bool may_have_control(std::uint64_t word) {
  const std::uint64_t below_space = (word - 0x20 * kEachByte) & ~word;
  const std::uint64_t without_delete = word ^ (0x7f * kEachByte);
  const std::uint64_t is_delete = (without_delete - kEachByte) & ~without_delete;
  return ((below_space | is_delete) & kHighBits) != 0;
}

/// The index of the next comma of `list` that separates elements, or its size.
std::size_t find_separator(std::string_view list) {
  bool quoted = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const char c = list[i];
    if (c == '"') {
      quoted = !quoted;
    } else if (quoted && c == '\\') {
      ++i;
    } else if (!quoted && c == ',') {
      return i;
    }
  }
  return list.size();
}

}  // namespace

bool is_token(std::string_view text) {
  for (unsigned char c : text) {
    if (!is_token_char(c)) return false;
  }
  return !text.empty();
}

bool is_field_value(std::string_view text) {
  if (text.empty()) return true;
  if (is_whitespace(text.front()) || is_whitespace(text.back())) return false;
  // Eight bytes at once while there is nothing to look at more closely.
  std::size_t i = 0;
  while (text.size() - i >= 8 && !may_have_control(load_word(text.data() + i))) i += 8;
  for (; i < text.size(); ++i) {
    if (!is_field_char(static_cast<unsigned char>(text[i]))) return false;
  }
  return true;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && to_lower_ascii(a[i]) != to_lower_ascii(b[i])) return false;
  }
  return true;
}

std::string_view trim_whitespace(std::string_view text) {
  while (!text.empty() && is_whitespace(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_whitespace(text.back())) text.remove_suffix(1);
  return text;
}

bool ListElements::next(std::string_view& element) {
  while (!rest_.empty()) {
    const std::size_t end = find_separator(rest_);
    const std::string_view candidate = trim_whitespace(rest_.substr(0, end));
    rest_.remove_prefix(end < rest_.size() ? end + 1 : end);
    if (candidate.empty()) continue;
    element = candidate;
    return true;
  }
  return false;
}

bool list_contains_token(std::string_view list, std::string_view token) {
  ListElements elements(list);
  for (std::string_view element; elements.next(element);) {
    if (equals_ignoring_case(element, token)) return true;
  }
  return false;
}

}  // namespace bao::http
