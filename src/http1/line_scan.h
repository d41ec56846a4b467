#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace bao::http1 {

/// True for bytes that may stand inside a line of a head: HTAB, SP, visible characters and obs-text
/// (RFC 9110 section 5.5). CR and LF are not.
constexpr bool is_line_byte(unsigned char byte) {
  return byte >= 0x20 ? byte != 0x7f : byte == '\t';
}

/// The first byte in [from, end) that may not stand inside a line, or `end`. Looks at sixteen bytes
/// at a time where the processor can; never reads outside the range.
inline const char* find_line_end(const char* from, const char* end) {
#if defined(__SSE2__)
  for (; end - from >= 16; from += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    // There is no unsigned comparison, but min(byte, 0x1f) == byte says byte < 0x20.
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i bad = _mm_or_si128(control, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
    // HTAB is a control character that may stand there, and rare.
    for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(bad)); mask != 0; mask &= mask - 1) {
      const char* at = from + __builtin_ctz(mask);
      if (*at != '\t') return at;
    }
  }
#endif
  while (from != end && is_line_byte(static_cast<unsigned char>(*from))) ++from;
  return from;
}

/// The first byte in [from, end) that is neither a letter nor a dash, of which nearly all field
/// names consist; but `from + 16` if all of sixteen bytes are, and perhaps `from` near the end or
/// without vectors. Only a head start.
inline const char* skip_letters(const char* from, const char* end) {
#if defined(__SSE2__)
  if (end - from < 16) return from;
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  const __m128i place = _mm_sub_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
  const __m128i letter = _mm_cmpeq_epi8(_mm_min_epu8(place, _mm_set1_epi8(25)), place);
  const __m128i good = _mm_or_si128(letter, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
  const auto others = static_cast<unsigned>(_mm_movemask_epi8(good)) ^ 0xffffu;
  return from + __builtin_ctz(others | 0x10000u);
#else
  static_cast<void>(end);
  return from;
#endif
}

}  // namespace bao::http1
