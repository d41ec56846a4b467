#include "websocket/mask.h"

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
  size_t at = 0;
  for (; at + 4 * sizeof(Vector) <= size; at += 4 * sizeof(Vector)) {
    Vector parts[4];
    std::memcpy(parts, bytes + at, sizeof parts);
    for (Vector& part : parts) part ^= key;
    std::memcpy(bytes + at, parts, sizeof parts);
  }
  for (; at + sizeof(Vector) <= size; at += sizeof(Vector)) {
    Vector part;
    std::memcpy(&part, bytes + at, sizeof part);
    part ^= key;
    std::memcpy(bytes + at, &part, sizeof part);
  }
  return at;
}

#ifdef BAO_HAS_WIDE_CLONE
BAO_WIDE_CLONE size_t mask_widest(char* bytes, size_t size, uint64_t word) {
  return mask_vectors<Vector32>(bytes, size, word);
}
#endif

template <typename Word>
void mask_word(char* bytes, uint64_t key) {
  Word word;
  std::memcpy(&word, bytes, sizeof word);
  word = static_cast<Word>(word ^ static_cast<Word>(key));
  std::memcpy(bytes, &word, sizeof word);
}

}  // namespace

void apply_mask(std::span<char> bytes, MaskKey key, uint64_t offset) {
  // The key as it meets the first byte, twice in a word, in the order of memory.
  uint8_t turned[8];
  for (size_t i = 0; i < 8; ++i) turned[i] = key[(offset + i) % 4];
  uint64_t word;
  std::memcpy(&word, turned, sizeof word);
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
    mask_word<uint64_t>(at, word);
    at += 8;
    left -= 8;
  }
  for (size_t i = 0; i < left; ++i) at[i] = static_cast<char>(at[i] ^ turned[i]);
}

}  // namespace bao::websocket
