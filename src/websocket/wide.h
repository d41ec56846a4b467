#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

// What masking and the check of UTF-8 share: loops over vectors, compiled for what every processor
// of the architecture has and, on x86-64, once more for AVX2, which is chosen at run time.
namespace bao::websocket {

/// 16 bytes, and 32, as they may lie anywhere among bytes.
using Vector16 = uint64_t __attribute__((vector_size(16), aligned(1), may_alias));
using Vector32 = uint64_t __attribute__((vector_size(32), aligned(1), may_alias));

/// Inputs from this size on are worth asking what the processor can.
inline constexpr size_t kWorthAsking = 256;

#if defined(__x86_64__)
#define BAO_HAS_WIDE_CLONE 1
#define BAO_WIDE_CLONE __attribute__((target("avx2")))
/// Whether functions that are marked with BAO_WIDE_CLONE may be called. A test of a word that the
/// compiler's library filled when the program started.
inline bool has_wide_vectors() {
  return __builtin_cpu_supports("avx2") != 0;
}
#endif

}  // namespace bao::websocket
