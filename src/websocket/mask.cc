#include "websocket/mask.h"

#include <bit>
#include <cstring>

#include "websocket/wide.h"

namespace bao::websocket {

namespace {

// Combines whole vectors and returns how many bytes that were. The key stands in every word of
// `word`. Inlined, so that it is compiled for the processor that its caller is for.
template <typename Vector>
[[gnu::always_inline]] inline size_t mask_vectors(char* bytes, size_t size, uint64_t word) {
  constexpr size_t kWords = sizeof(Vector) / sizeof(uint64_t);
  Vector key;
  for (size_t i = 0; i < kWords; ++i) key[i] = word;
  auto* at = reinterpret_cast<Vector*>(bytes);
  const Vector* const end = at + size / sizeof(Vector);
  for (; end - at >= 4; at += 4) {
    at[0] ^= key;
    at[1] ^= key;
    at[2] ^= key;
    at[3] ^= key;
  }
  for (; at < end; ++at) *at ^= key;
  return static_cast<size_t>(reinterpret_cast<char*>(at) - bytes);
}

#ifdef BAO_HAS_WIDE_CLONE
BAO_WIDE_CLONE size_t mask_widest(char* bytes, size_t size, uint64_t word) {
  return mask_vectors<Vector32>(bytes, size, word);
}
#endif

void mask_word(char* bytes, uint64_t key) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  word ^= key;
  std::memcpy(bytes, &word, sizeof word);
}

}  // namespace

void apply_mask(std::span<char> bytes, MaskKey key, uint64_t offset) {
  // The key as it meets the first byte, twice in a word, in the order of memory.
  uint64_t word;
  std::memcpy(&word, key.data(), key.size());
  std::memcpy(reinterpret_cast<char*>(&word) + key.size(), key.data(), key.size());
  const auto turn = static_cast<int>(offset % 4 * 8);
  word = std::endian::native == std::endian::little ? std::rotr(word, turn) : std::rotl(word, turn);
  char* at = bytes.data();
  size_t left = bytes.size();
  if (left >= sizeof(Vector16)) {
    size_t done = 0;
#ifdef BAO_HAS_WIDE_CLONE
    if (left >= kWorthAsking && has_wide_vectors()) done = mask_widest(at, left, word);
#endif
    done += mask_vectors<Vector16>(at + done, left - done, word);
    at += done;
    left -= done;
  }
  if (left >= 8) {
    mask_word(at, word);
    at += 8;
    left -= 8;
  }
  char turned[8];
  std::memcpy(turned, &word, sizeof word);
  for (size_t i = 0; i < left; ++i) at[i] = static_cast<char>(at[i] ^ turned[i]);
}

}  // namespace bao::websocket
