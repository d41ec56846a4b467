#include "websocket/mask.h"

#include <bit>
#include <cstring>

#include "websocket/wide.h"

namespace bao::websocket {

namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;

// Combines whole vectors and returns how many bytes that were; `any` gets all bits that came out.
// The key stands in every word of `word`. Inlined, so that it is compiled for the processor that
// its caller is for.
template <typename Vector>
[[gnu::always_inline]] inline size_t mask_vectors(char* bytes, size_t size, uint64_t word,
                                                  uint64_t& any) {
  constexpr size_t kWords = sizeof(Vector) / sizeof(uint64_t);
  Vector key;
  for (size_t i = 0; i < kWords; ++i) key[i] = word;
  Vector seen = key ^ key;
  auto* at = reinterpret_cast<Vector*>(bytes);
  const Vector* const end = at + size / sizeof(Vector);
  for (; end - at >= 4; at += 4) {
    const Vector a = at[0] ^ key, b = at[1] ^ key, c = at[2] ^ key, d = at[3] ^ key;
    at[0] = a;
    at[1] = b;
    at[2] = c;
    at[3] = d;
    seen |= (a | b) | (c | d);
  }
  for (; at < end; ++at) {
    *at ^= key;
    seen |= *at;
  }
  for (size_t i = 0; i < kWords; ++i) any |= seen[i];
  return static_cast<size_t>(reinterpret_cast<char*>(at) - bytes);
}

#ifdef BAO_HAS_WIDE_CLONE
BAO_WIDE_CLONE size_t mask_widest(char* bytes, size_t size, uint64_t word, uint64_t& any) {
  return mask_vectors<Vector32>(bytes, size, word, any);
}
#endif

}  // namespace

bool apply_mask(std::span<char> bytes, MaskKey key, uint64_t offset) {
  // The key as it meets the first byte, twice in a word, in the order of memory.
  uint64_t word;
  std::memcpy(&word, key.data(), key.size());
  std::memcpy(reinterpret_cast<char*>(&word) + key.size(), key.data(), key.size());
  const auto turn = static_cast<int>(offset % 4 * 8);
  word = std::endian::native == std::endian::little ? std::rotr(word, turn) : std::rotl(word, turn);
  char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t any = 0;
  if (left >= sizeof(Vector16)) {
    size_t done = 0;
#ifdef BAO_HAS_WIDE_CLONE
    if (left >= kWorthAsking && has_wide_vectors()) done = mask_widest(at, left, word, any);
#endif
    done += mask_vectors<Vector16>(at + done, left - done, word, any);
    at += done;
    left -= done;
  }
  if (left >= 8) {
    uint64_t text;
    std::memcpy(&text, at, sizeof text);
    text ^= word;
    std::memcpy(at, &text, sizeof text);
    any |= text;
    at += 8;
    left -= 8;
  }
  char turned[8];
  std::memcpy(turned, &word, sizeof word);
  for (size_t i = 0; i < left; ++i) {
    at[i] = static_cast<char>(at[i] ^ turned[i]);
    any |= static_cast<uint8_t>(at[i]);
  }
  return (any & kHighBits) == 0;
}

}  // namespace bao::websocket
