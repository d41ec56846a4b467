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
  const __m128i space = _mm_set1_epi8(0x20);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - from >= 16; from += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    // There is no unsigned comparison, but max(byte, 0x20) == byte says byte >= 0x20.
    const __m128i printable = _mm_cmpeq_epi8(_mm_max_epu8(bytes, space), bytes);
    const __m128i good = _mm_or_si128(printable, _mm_cmpeq_epi8(bytes, tab));
    const __m128i bad =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, del), _mm_xor_si128(good, _mm_set1_epi8(-1)));
    if (int mask = _mm_movemask_epi8(bad); mask != 0)
      return from + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  while (from != end && is_line_byte(static_cast<unsigned char>(*from))) ++from;
  return from;
}

}  // namespace bao::http1
