#include "http/validators.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "http/tokens.h"

namespace bao::http {

namespace {

constexpr bool is_entity_tag_char(unsigned char c) {
  return c == 0x21 || (c >= 0x23 && c <= 0x7e) || c >= 0x80;
}

/// The length of the entity tag at the start of `text`, or 0 if there is none.
std::size_t entity_tag_length(std::string_view text) {
  std::size_t i = text.starts_with("W/") ? 2 : 0;
  if (i >= text.size() || text[i] != '"') return 0;
  for (++i; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (!is_entity_tag_char(static_cast<unsigned char>(text[i]))) return 0;
  }
  return 0;
}

bool is_weak(std::string_view etag) {
  return etag.starts_with('W');
}

std::string_view opaque_tag(std::string_view etag) {
  return etag.substr(is_weak(etag) ? 2 : 0);
}

/// Whether `matches(tag)` holds for a tag of the list, which is read to its end: a syntax error
/// behind a match undoes it.
template <typename Matches>
bool any_listed_tag(std::string_view list, Matches matches) {
  bool found = false;
  bool after_comma = true;
  while (!(list = trim_whitespace(list)).empty()) {
    if (list.front() == ',') {
      list.remove_prefix(1);
      after_comma = true;
      continue;
    }
    const std::size_t length = entity_tag_length(list);
    if (length == 0 || !after_comma) return false;
    found = found || matches(list.substr(0, length));
    list.remove_prefix(length);
    after_comma = false;
  }
  return found;
}

std::uint64_t load_little_endian(const char* from, std::size_t count) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, count);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

/// Multiplies by odd numbers and folds high bits onto low ones, both of which lose nothing: so two
/// contents of one length that differ in one word only never share a hash.
std::uint64_t content_hash(std::string_view bytes) {
  constexpr std::uint64_t kWordFactor = 0x9E3779B97F4A7C15;   // 2^64 / golden ratio
  constexpr std::uint64_t kStateFactor = 0xBB67AE8584CAA73B;  // 2^64 * (sqrt(3) - 1)
  const auto fold = [](std::uint64_t value) { return value ^ (value >> 32); };

  std::uint64_t state = fold((bytes.size() + 1) * kStateFactor);
  const auto absorb = [&](std::uint64_t word) {
    state = (state ^ fold(word * kWordFactor)) * kStateFactor;
    state = std::rotl(state, 29) + kWordFactor;
  };
  while (bytes.size() >= 8) {
    absorb(load_little_endian(bytes.data(), 8));
    bytes.remove_prefix(8);
  }
  if (!bytes.empty()) absorb(load_little_endian(bytes.data(), bytes.size()));
  for (int round = 0; round < 2; ++round) state = fold(state) * kStateFactor;
  return fold(state);
}

}  // namespace

bool is_entity_tag(std::string_view text) {
  return !text.empty() && entity_tag_length(text) == text.size();
}

bool weak_compare(std::string_view a, std::string_view b) {
  return is_entity_tag(a) && is_entity_tag(b) && opaque_tag(a) == opaque_tag(b);
}

bool strong_compare(std::string_view a, std::string_view b) {
  return is_entity_tag(a) && !is_weak(a) && a == b;
}

std::string make_strong_etag(std::string_view bytes) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::uint64_t hash = content_hash(bytes);
  std::string etag(18, '"');
  for (std::size_t i = 16; i >= 1; --i, hash >>= 4) etag[i] = kHexDigits[hash & 15];
  return etag;
}

bool if_none_match(std::string_view field_value, std::string_view etag) {
  if (trim_whitespace(field_value) == "*") return true;
  return any_listed_tag(field_value,
                        [&](std::string_view listed) { return weak_compare(listed, etag); });
}

bool if_match(std::string_view field_value, std::string_view etag) {
  if (trim_whitespace(field_value) == "*") return true;
  return any_listed_tag(field_value,
                        [&](std::string_view listed) { return strong_compare(listed, etag); });
}

}  // namespace bao::http
