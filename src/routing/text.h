#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// What a lookup does with bytes, inline and in words of eight: paths and their segments are short,
// so a call of the C library costs more than its work. Nothing here reads a byte outside its text.

namespace bao::routing {

inline std::uint64_t load64(const char* at) {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline std::uint64_t load32(const char* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// Whether the `size` bytes at `a` and at `b` are the same.
inline bool same_bytes(const char* a, const char* b, std::size_t size) {
  if (size > 16) return std::memcmp(a, b, size) == 0;
  // Two loads that overlap cover all sizes between the word's and twice the word's.
  if (size >= 8) {
    return ((load64(a) ^ load64(b)) | (load64(a + size - 8) ^ load64(b + size - 8))) == 0;
  }
  if (size >= 4) {
    return ((load32(a) ^ load32(b)) | (load32(a + size - 4) ^ load32(b + size - 4))) == 0;
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

/// A hash for tables whose keys the program itself wrote. It needs no secret: a peer chooses only
/// what is looked up, never what is stored.
inline std::uint64_t hash_text(std::string_view text) {
  // Odd numbers with about as many ones as zeros, drawn at random.
  constexpr std::uint64_t kFirst = 0xB4D29E6B8C35A71D;
  constexpr std::uint64_t kSecond = 0x93C6E1D84F2AB573;
  __extension__ using Wide = unsigned __int128;
  // Both halves of a product: each bit of either factor reaches the whole result.
  const auto mix = [](std::uint64_t a, std::uint64_t b) {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };

  const char* at = text.data();
  std::size_t left = text.size();
  // The size reaches all bits: xor of the low ones alone would make "ab" and "abc" equal.
  std::uint64_t state = kSecond + kFirst * text.size();
  for (; left > 16; at += 16, left -= 16) {
    state = mix(load64(at) ^ kFirst, load64(at + 8) ^ state);
  }
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  if (left >= 8) {
    head = load64(at);
    tail = load64(at + left - 8);
  } else if (left >= 4) {
    head = load32(at);
    tail = load32(at + left - 4);
  } else if (left > 0) {
    const auto byte = [at](std::size_t i) {
      return std::uint64_t{static_cast<unsigned char>(at[i])};
    };
    head = byte(0) << 16 | byte(left / 2) << 8 | byte(left - 1);
  }
  return mix(head ^ kFirst, tail ^ state);
}

}  // namespace bao::routing
