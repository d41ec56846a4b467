#include "websocket/utf8_wide.h"

#include <array>
#include <cstdint>

#include "websocket/wide.h"

#ifdef BAO_HAS_WIDE_CLONE
#include <immintrin.h>
#endif

// Whether two neighbouring bytes may stand beside each other is seen from three of their half
// bytes: what kinds of errors each of them allows stands in a table of 16 entries, which the
// processor looks up for 32 bytes at once, and what all three allow is an error. Third and fourth
// bytes of characters, which have a continuation before them, are known by the byte two or three
// places before. The idea is that of J. Keiser and D. Lemire, Validating UTF-8 In Less Than One
// Instruction Per Byte, 2020.
namespace bao::websocket {

#ifdef BAO_HAS_WIDE_CLONE

namespace {

// Values of a half byte, as bits.
using Halves = uint16_t;

constexpr Halves from_to(int first, int last) {
  return static_cast<Halves>((1u << (last + 1)) - (1u << first));
}

// An error: the halves of the first byte and the high half of the second (RFC 3629 section 4).
struct Error {
  Halves first_high;
  Halves first_low;
  Halves second_high;
};

constexpr Halves kAny = from_to(0, 15);
constexpr Halves kContinuation = from_to(8, 0xb);

// The number of an error is its bit in the tables.
constexpr std::array<Error, 8> kErrors{{
    {from_to(0xc, 0xf), kAny, from_to(0, 7) | from_to(0xc, 0xf)},         // too short
    {from_to(0, 7), kAny, kContinuation},                                 // of nothing
    {from_to(0xc, 0xc), from_to(0, 1), kContinuation},                    // overlong, of two bytes
    {from_to(0xe, 0xe), from_to(0, 0), from_to(8, 9)},                    // overlong, of three
    {from_to(0xe, 0xe), from_to(0xd, 0xd), from_to(0xa, 0xb)},            // surrogates
    {from_to(0xf, 0xf), from_to(4, 0xf), from_to(9, 0xb)},                // above U+10FFFF
    {from_to(0xf, 0xf), from_to(0, 0) | from_to(5, 0xf), from_to(8, 8)},  // overlong, or above
    {kContinuation, kAny, kContinuation},                                 // two continuations
}};
constexpr uint8_t kTwoContinuations = 0x80;

// For each value of a half byte the errors that it allows; twice, as vectors have two halves too.
template <Halves Error::* Part>
constexpr std::array<uint8_t, 32> make_table() {
  std::array<uint8_t, 32> table{};
  for (size_t value = 0; value < table.size(); ++value) {
    for (size_t bit = 0; bit < kErrors.size(); ++bit) {
      if ((kErrors[bit].*Part >> (value % 16) & 1) != 0) {
        table[value] = static_cast<uint8_t>(table[value] | 1u << bit);
      }
    }
  }
  return table;
}

constexpr auto kFirstHigh = make_table<&Error::first_high>();
constexpr auto kFirstLow = make_table<&Error::first_low>();
constexpr auto kSecondHigh = make_table<&Error::second_high>();

#define BAO_INLINE_WIDE [[gnu::always_inline]] BAO_WIDE_CLONE inline

BAO_INLINE_WIDE __m256i load(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

BAO_INLINE_WIDE __m256i all(int byte) {
  return _mm256_set1_epi8(static_cast<char>(byte));
}

BAO_INLINE_WIDE __m256i high_halves(__m256i bytes) {
  return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), all(0x0f));
}

// Errors at each byte of `now`, before which `before` stands.
BAO_INLINE_WIDE __m256i errors(__m256i before, __m256i now) {
  const __m256i joint = _mm256_permute2x128_si256(before, now, 0x21);
  const __m256i one = _mm256_alignr_epi8(now, joint, 15);
  const __m256i two = _mm256_alignr_epi8(now, joint, 14);
  const __m256i three = _mm256_alignr_epi8(now, joint, 13);
  const __m256i pairs = _mm256_and_si256(
      _mm256_and_si256(
          _mm256_shuffle_epi8(load(kFirstHigh.data()), high_halves(one)),
          _mm256_shuffle_epi8(load(kFirstLow.data()), _mm256_and_si256(one, all(0x0f)))),
      _mm256_shuffle_epi8(load(kSecondHigh.data()), high_halves(now)));
  // 0x80 and more where a third or fourth byte must stand: there, and only there, two continuations
  // are no error but their lack is one.
  const __m256i third = _mm256_subs_epu8(two, all(0xe0 - 0x80));
  const __m256i fourth = _mm256_subs_epu8(three, all(0xf0 - 0x80));
  const __m256i due = _mm256_and_si256(_mm256_or_si256(third, fourth), all(kTwoContinuations));
  return _mm256_xor_si256(due, pairs);
}

// Whole vectors of the text. False if one of them cannot be.
BAO_WIDE_CLONE bool check_vectors(const char* at, const char* end) {
  __m256i before = _mm256_setzero_si256();
  bool plain = true;  // the vector before
  for (; at < end; at += sizeof before) {
    const __m256i now = load(at);
    const bool ascii = _mm256_movemask_epi8(now) == 0;
    if (!ascii || !plain) {
      const __m256i wrong = errors(before, now);
      if (_mm256_testz_si256(wrong, wrong) == 0) return false;
    }
    before = now;
    plain = ascii;
  }
  return true;
}

// How many of the last bytes are a character that has only begun.
size_t begun(std::string_view text) {
  for (size_t size = 1; size <= 3; ++size) {
    const auto byte = static_cast<uint8_t>(text[text.size() - size]);
    if ((byte & 0xc0) == 0x80) continue;
    const size_t whole = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return whole > size ? size : 0;
  }
  return 0;
}

}  // namespace

size_t check_wide(std::string_view text) {
  const size_t size = text.size() / sizeof(__m256i) * sizeof(__m256i);
  if (size == 0 || !has_wide_vectors()) return 0;
  if (!check_vectors(text.data(), text.data() + size)) return text.npos;
  return size - begun(text.substr(0, size));
}

#else

size_t check_wide(std::string_view) {
  return 0;
}

#endif

}  // namespace bao::websocket
