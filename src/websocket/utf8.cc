#include "websocket/utf8.h"

#include <cstring>

#include "websocket/wide.h"

namespace bao::websocket {

namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;

// Skips whole vectors of ASCII and returns how many bytes that were. Inlined, so that it is
// compiled for the processor that its caller is for.
template <typename Vector>
[[gnu::always_inline]] inline size_t skip_vectors(const char* text, size_t size) {
  constexpr size_t kWords = sizeof(Vector) / sizeof(uint64_t);
  size_t at = 0;
  for (; at + 4 * sizeof(Vector) <= size; at += 4 * sizeof(Vector)) {
    Vector parts[4];
    std::memcpy(parts, text + at, sizeof parts);
    const Vector any = (parts[0] | parts[1]) | (parts[2] | parts[3]);
    uint64_t bits = 0;
    for (size_t i = 0; i < kWords; ++i) bits |= any[i];
    if ((bits & kHighBits) != 0) break;
  }
  return at;
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

constexpr bool is_continuation(uint8_t byte) {
  return (byte & 0xc0) == 0x80;
}

// The length of the character of two bytes or more that begins `at`, of which four bytes may be
// read; 0 if it is none (RFC 3629 section 4).
size_t whole_character(const char* at) {
  uint8_t byte[4];
  std::memcpy(byte, at, sizeof byte);
  if (byte[0] < 0xe0) return byte[0] >= 0xc2 && is_continuation(byte[1]) ? 2 : 0;
  if (!is_continuation(byte[1]) || !is_continuation(byte[2])) return 0;
  const unsigned pair = byte[0] << 8 | byte[1];
  if (byte[0] < 0xf0) {
    // Neither overlong (below U+0800) nor a surrogate (U+D800 to U+DFFF).
    return pair >= 0xe0a0 && (pair < 0xeda0 || pair > 0xedbf) ? 3 : 0;
  }
  // Neither overlong (below U+10000) nor above U+10FFFF.
  return is_continuation(byte[3]) && pair >= 0xf090 && pair <= 0xf48f ? 4 : 0;
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
    if ((*at & 0x80) == 0) at = skip_ascii(at, end);
    while (end - at >= 4 && (*at & 0x80) != 0) {
      const size_t length = whole_character(at);
      if (length == 0) return false;
      at += length;
    }
    if (end - at >= 4) continue;
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
