#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

// What masking and the check of UTF-8 share: loops over vectors, compiled for what every processor
// of the architecture has and, on x86-64, once more for AVX2, which is chosen at run time.
namespace bao::websocket {

/// 16 bytes, and 32.
using Vector16 = uint64_t __attribute__((vector_size(16)));
using Vector32 = uint64_t __attribute__((vector_size(32)));

/// Reads and writes vectors that lie anywhere among bytes. (An attribute of the types would say so
/// as well, but templates lose it.)
template <typename Vector>
[[gnu::always_inline]] inline void load_vector(Vector& to, const char* from) {
  std::memcpy(&to, from, sizeof to);
}
template <typename Vector>
[[gnu::always_inline]] inline void store_vector(char* to, const Vector& from) {
  std::memcpy(to, &from, sizeof from);
}

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
