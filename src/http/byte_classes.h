#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace bao::http {

/// Sets of bytes that the grammars of HTTP are made of. Each is a bit of one table: a head is read
/// with several of them, and this way they share the lines of the processor's cache.
enum ByteClass : std::uint8_t {
  kDigit = 1,
  kHexDigit = 2,
  kTokenByte = 4,    ///< tchar (RFC 9110 section 5.6.2)
  kRegNameByte = 8,  ///< unreserved and sub-delims: a reg-name but for its `%` (RFC 3986 section 2)
  /// What a request target may have: visible ASCII but `#`. RFC 3986 allows fewer, but browsers
  /// leave characters such as `|`, `^` and `{` as they are. A fragment is never sent (RFC 9112
  /// section 3.2.1 has no place for it).
  kTargetByte = 16,
  kPathByte = 32,  ///< kTargetByte but `?`
};

namespace byte_classes_internal {

consteval std::array<std::uint8_t, 256> make_table() {
  std::array<std::uint8_t, 256> table{};
  for (int c = 0x21; c < 0x7f; ++c) {
    if (c != '#') table[c] |= kTargetByte;
    if (c != '#' && c != '?') table[c] |= kPathByte;
  }
  for (int c = '0'; c <= '9'; ++c) table[c] |= kDigit | kHexDigit | kTokenByte | kRegNameByte;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] |= kTokenByte | kRegNameByte;
  for (int c = 'a'; c <= 'z'; ++c) table[c] |= kTokenByte | kRegNameByte;
  for (int c = 'A'; c <= 'F'; ++c) table[c] |= kHexDigit;
  for (int c = 'a'; c <= 'f'; ++c) table[c] |= kHexDigit;
  for (unsigned char c : std::string_view("!#$%&'*+-.^_`|~")) table[c] |= kTokenByte;
  for (unsigned char c : std::string_view("-._~!$&'()*+,;=")) table[c] |= kRegNameByte;
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kTable = make_table();

}  // namespace byte_classes_internal

/// Whether `c` is in the set.
constexpr bool is(char c, ByteClass set) {
  return (byte_classes_internal::kTable[static_cast<unsigned char>(c)] & set) != 0;
}

}  // namespace bao::http
