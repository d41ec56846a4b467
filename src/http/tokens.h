#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "http/byte_classes.h"

namespace bao::http {

namespace tokens_internal {

consteval std::array<std::int8_t, 256> make_hex_table() {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (int i = 0; i < 10; ++i) table['0' + i] = static_cast<std::int8_t>(i);
  for (int i = 0; i < 6; ++i) {
    table['a' + i] = table['A' + i] = static_cast<std::int8_t>(10 + i);
  }
  return table;
}

inline constexpr std::array<std::int8_t, 256> kHexTable = make_hex_table();

}  // namespace tokens_internal

/// Whether `c` is a tchar (RFC 9110 §5.6.2).
constexpr bool is_token_char(unsigned char c) {
  return is(static_cast<char>(c), kTokenByte);
}

/// Whether `text` is a token: one tchar or more (RFC 9110 §5.6.2). Methods and field names are.
bool is_token(std::string_view text);

/// Whether `text` is a field value: VCHAR, SP, HTAB and obs-text, no whitespace at either end. The
/// empty value is one (RFC 9110 §5.5).
bool is_field_value(std::string_view text);

/// `c` in lower case if it is an ASCII letter, else `c`. No locale has a say.
constexpr char to_lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// The value of a hexadecimal digit in either case, 0 to 15, or -1 if `c` is none (RFC 5234 §B.1).
constexpr int hex_digit_value(char c) {
  return tokens_internal::kHexTable[static_cast<unsigned char>(c)];
}

/// Whether the two are equal but for the case of ASCII letters.
bool equals_ignoring_case(std::string_view a, std::string_view b);

/// `text` without optional whitespace, that is SP and HTAB, at its ends (RFC 9110 §5.6.3). The view
/// points into `text`.
std::string_view trim_whitespace(std::string_view text);

/// Walks over the elements of a comma-separated list (RFC 9110 §5.6.1) without allocating:
///
///     ListElements elements(value);
///     for (std::string_view element; elements.next(element);) …
///
/// A comma inside a quoted-string (§5.6.4) does not separate. Empty elements are skipped, as
/// §5.6.1.2 asks of a recipient. A quoted-string without its end takes the rest of the list into
/// its element. Lists of entity tags are not for this class: in those a backslash escapes nothing
/// (§8.8.3).
class ListElements {
 public:
  /// `value` is one field value, or several joined by commas; its bytes must outlive this object.
  explicit ListElements(std::string_view value) : rest_(value) {}

  /// Puts the next element into `element`, never empty, without whitespace at its ends, as a view
  /// into the list. False when there is none; `element` is then left alone.
  bool next(std::string_view& element);

 private:
  std::string_view rest_;
};

/// Whether `token` is an element of the comma-separated `list`, whatever the case of ASCII letters.
/// Made for lists of options such as Connection (RFC 9110 §7.6.1). A quoted element is no token,
/// and neither is one with parameters.
bool list_contains_token(std::string_view list, std::string_view token);

}  // namespace bao::http
