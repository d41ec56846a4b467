#include "websocket/utf8.h"

#include <bit>
#include <cstring>

#include "websocket/utf8_wide.h"
#include "websocket/wide.h"

namespace bao::websocket {

namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;

// Skips whole vectors of ASCII and returns how many bytes that were. Inlined, so that it is
// compiled for the processor that its caller is for.
template <typename Vector>
[[gnu::always_inline]] inline size_t skip_vectors(const char* text, size_t size) {
  constexpr size_t kWords = sizeof(Vector) / sizeof(uint64_t);
  const auto* at = reinterpret_cast<const Vector*>(text);
  const Vector* const end = at + size / sizeof(Vector);
  for (; end - at >= 4; at += 4) {
    const Vector any = (at[0] | at[1]) | (at[2] | at[3]);
    uint64_t bits = 0;
    for (size_t i = 0; i < kWords; ++i) bits |= any[i];
    if ((bits & kHighBits) != 0) break;
  }
  return static_cast<size_t>(reinterpret_cast<const char*>(at) - text);
}

#ifdef BAO_HAS_WIDE_CLONE
BAO_WIDE_CLONE size_t skip_widest(const char* text, size_t size) {
  return skip_vectors<Vector32>(text, size);
}
#endif

const char* skip_ascii(const char* at, const char* end) {
  const auto size = static_cast<size_t>(end - at);
#ifdef BAO_HAS_WIDE_CLONE
  if (size >= kWorthAsking && has_wide_vectors()) {
    at += skip_widest(at, size);
  } else if (size >= 4 * sizeof(Vector16)) {
    at += skip_vectors<Vector16>(at, size);
  }
#else
  if (size >= 4 * sizeof(Vector16)) at += skip_vectors<Vector16>(at, size);
#endif
  while (end - at >= 8) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    if ((word & kHighBits) != 0) break;
    at += 8;
  }
  while (at < end && (*at & 0x80) == 0) ++at;
  return at;
}

// Four bytes, the first one in the lowest place.
uint32_t load_four(const char* at) {
  uint32_t word;
  std::memcpy(&word, at, sizeof word);
  return std::endian::native == std::endian::little ? word : __builtin_bswap32(word);
}

// The length of the character of two bytes or more that `word` begins with; 0 if it is none (RFC
// 3629 section 4). The masks take the bits that tell the bytes' kinds, then those that must not be
// all zero because a shorter form would do.
size_t whole_character(uint32_t word) {
  if ((word & 0xc0e0) == 0x80c0) return (word & 0x1e) != 0 ? 2 : 0;
  if ((word & 0xc0c0f0) == 0x8080e0) {
    const uint32_t top = word & 0x200f;
    return top != 0 && top != 0x200d ? 3 : 0;  // the second are the surrogates
  }
  if ((word & 0xc0c0c0f8) != 0x808080f0 || (word & 0x3007) == 0) return 0;
  const uint32_t top = word & 0x7;
  return top < 4 || (top == 4 && (word & 0x3000) == 0) ? 4 : 0;  // up to U+10FFFF
}

}  // namespace

bool Utf8Validator::feed(std::string_view piece) {
  const char* at = piece.data();
  const char* const end = at + piece.size();
  for (;;) {
    for (; needed_ > 0 && at < end; ++at, --needed_) {
      const auto byte = static_cast<uint8_t>(*at);
      if (byte < low_ || byte > high_) return false;
      low_ = 0x80;
      high_ = 0xbf;
    }
    if (at == end) return true;
    at = skip_ascii(at, end);
    if (static_cast<size_t>(end - at) >= kWorthWide) {
      const size_t size = check_wide({at, static_cast<size_t>(end - at)});
      if (size == std::string_view::npos) return false;
      at += size;
    }
    while (end - at >= 4) {
      const uint32_t word = load_four(at);
      if ((word & 0x80808080) == 0) {
        at = skip_ascii(at + 4, end);
      } else if ((word & 0x80) == 0) {
        at += std::countr_zero(word & 0x80808080) / 8;
      } else {
        const size_t length = whole_character(word);
        if (length == 0) return false;
        at += length;
      }
    }
    for (; at < end && (*at & 0x80) == 0; ++at) {
    }
    if (at < end && !begin(static_cast<uint8_t>(*at++))) return false;
  }
}

// The first byte of a character of two bytes or more; it says what the second may be.
bool Utf8Validator::begin(uint8_t byte) {
  if (byte < 0xc2 || byte > 0xf4) return false;
  needed_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  if (byte == 0xe0) low_ = 0xa0;
  if (byte == 0xed) high_ = 0x9f;
  if (byte == 0xf0) low_ = 0x90;
  if (byte == 0xf4) high_ = 0x8f;
  return true;
}

bool is_utf8(std::string_view text) {
  Utf8Validator validator;
  return validator.feed(text) && validator.complete();
}

}  // namespace bao::websocket
