#include "http/percent.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "http/tokens.h"

namespace bao::http {

namespace {

consteval std::array<bool, 256> make_unescaped_table(std::string_view punctuation) {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (unsigned char c : punctuation) table[c] = true;
  return table;
}

constexpr std::array<bool, 256> kUnreserved = make_unescaped_table("-._~");
constexpr std::array<bool, 256> kPathCharacters = make_unescaped_table("-._~!$&'()*+,;=:@");

unsigned char byte_at(std::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

std::size_t count_leading_ascii(std::string_view text) {
  std::size_t i = 0;
  for (; text.size() - i >= 8; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, sizeof word);
    if (word & 0x8080808080808080) break;
  }
  while (i < text.size() && byte_at(text, i) < 0x80) ++i;
  return i;
}

/// What a sequence that is not ASCII begins with: a character, or the maximal subpart of one.
struct Utf8Prefix {
  std::size_t length;
  bool well_formed;
};

/// Reads by the table of well-formed sequences (RFC 3629 §4, Unicode table 3-7): the first byte
/// sets the length and the range of the second, all others lie in 80..BF.
Utf8Prefix read_utf8_prefix(std::string_view text) {
  const unsigned char lead = byte_at(text, 0);
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned char lowest = 0x80;
  unsigned char highest = 0xBF;
  switch (lead) {
    case 0xE0: lowest = 0xA0; break;
    case 0xED: highest = 0x9F; break;
    case 0xF0: lowest = 0x90; break;
    case 0xF4: highest = 0x8F; break;
    default: break;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte_at(text, i) < lowest || byte_at(text, i) > highest) {
      return {i, false};
    }
    lowest = 0x80;
    highest = 0xBF;
  }
  return {length, true};
}

/// How many bytes of `text` are well-formed before the first ill-formed sequence.
std::size_t count_valid_utf8(std::string_view text) {
  std::size_t i = 0;
  while ((i += count_leading_ascii(text.substr(i))) < text.size()) {
    const Utf8Prefix prefix = read_utf8_prefix(text.substr(i));
    if (!prefix.well_formed) break;
    i += prefix.length;
  }
  return i;
}

/// `text` with its ill-formed sequences replaced; the first of them begins at `valid`.
std::string replace_ill_formed(std::string_view text, std::size_t valid) {
  std::string result;
  result.reserve(text.size() + 2 * kReplacementCharacter.size());
  while (true) {
    result.append(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) return result;
    result.append(kReplacementCharacter);
    text.remove_prefix(read_utf8_prefix(text).length);
    valid = count_valid_utf8(text);
  }
}

/// Decodes `text`, whose first `%` is at `first_escape`.
std::string decode_from(std::string_view text, std::size_t first_escape) {
  std::string result(text.size(), '\0');
  char* out = result.data();
  std::memcpy(out, text.data(), first_escape);
  out += first_escape;
  for (std::size_t i = first_escape; i < text.size(); ++i) {
    if (text[i] == '%' && text.size() - i > 2) {
      const int high = hex_digit_value(text[i + 1]);
      const int low = hex_digit_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        *out++ = static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    *out++ = text[i];
  }
  result.resize(static_cast<std::size_t>(out - result.data()));
  return result;
}

}  // namespace

std::string percent_decode(std::string_view text) {
  const std::size_t first_escape = text.find('%');
  if (first_escape == std::string_view::npos) return std::string(text);
  return decode_from(text, first_escape);
}

std::string percent_decode_utf8(std::string_view text) {
  const std::size_t first_escape = text.find('%');
  if (first_escape == std::string_view::npos) return to_valid_utf8(text);
  std::string decoded = decode_from(text, first_escape);
  const std::size_t valid = count_valid_utf8(decoded);
  return valid == decoded.size() ? decoded : replace_ill_formed(decoded, valid);
}

bool is_valid_utf8(std::string_view text) {
  return count_valid_utf8(text) == text.size();
}

std::string to_valid_utf8(std::string_view text) {
  const std::size_t valid = count_valid_utf8(text);
  return valid == text.size() ? std::string(text) : replace_ill_formed(text, valid);
}

std::string percent_encode(std::string_view text, PercentEncodeSet set) {
  constexpr std::string_view kHexDigits = "0123456789ABCDEF";
  const auto& unescaped = set == PercentEncodeSet::kPathSegment ? kPathCharacters : kUnreserved;
  std::size_t escapes = 0;
  for (unsigned char c : text) escapes += unescaped[c] ? 0 : 1;
  if (escapes == 0) return std::string(text);

  std::string result;
  result.reserve(text.size() + 2 * escapes);
  for (unsigned char c : text) {
    if (unescaped[c]) {
      result.push_back(static_cast<char>(c));
    } else {
      result.push_back('%');
      result.push_back(kHexDigits[c >> 4]);
      result.push_back(kHexDigits[c & 15]);
    }
  }
  return result;
}

}  // namespace bao::http
