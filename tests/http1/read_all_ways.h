#pragma once

#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "http1/head_reading.h"

namespace bao::testing {

/// Reads a head whole, byte by byte and split at random. All must come to the same; that is
/// returned.
inline HeadReading read_all_ways(std::string_view text, const http1::HeadLimits& limits = {}) {
  const HeadReading expected = read_head(text, whole(text.size()), limits);
  EXPECT_TRUE(expected.spans_inside);
  for (const Cuts& cuts : all_ways(text.size())) {
    EXPECT_EQ(read_head(text, cuts, limits), expected)
        << "in " << cuts.size() << " pieces, the first of " << cuts.front() << ":\n"
        << ::testing::PrintToString(std::string(text.substr(0, 300)));
  }
  return expected;
}

}  // namespace bao::testing
