#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace bao::testing {

/// Where an input of some size is cut into pieces: the end of each piece, ascending, the last one
/// being the size.
using Cuts = std::vector<std::size_t>;

inline Cuts whole(std::size_t size) {
  return {size};
}

inline Cuts byte_by_byte(std::size_t size) {
  Cuts cuts;
  for (std::size_t i = 1; i <= size; ++i) cuts.push_back(i);
  if (cuts.empty()) cuts.push_back(0);
  return cuts;
}

/// A few cuts at places that the seed decides.
inline Cuts at_random(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  Cuts cuts{size};
  const std::size_t count = size == 0 ? 0 : 1 + random() % 6;
  for (std::size_t i = 0; i < count; ++i) cuts.push_back(random() % (size + 1));
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

/// The ways in which every input of these tests is fed: whole, byte by byte, and split at random.
inline std::vector<Cuts> all_ways(std::size_t size) {
  std::vector<Cuts> ways{whole(size), byte_by_byte(size)};
  for (std::uint32_t seed = 1; seed <= 5; ++seed) ways.push_back(at_random(size, seed));
  return ways;
}

}  // namespace bao::testing
