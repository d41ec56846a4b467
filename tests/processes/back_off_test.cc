#include "processes/back_off.h"

#include <chrono>
#include <gtest/gtest.h>

namespace bao::processes {
namespace {

using namespace std::chrono_literals;

TEST(BackOff, DoublesUpToTheLongest) {
  BackOff back_off(100ms, 1s);
  for (const auto expected : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    EXPECT_EQ(back_off.after_crash(0ms), expected);
  }
}

TEST(BackOff, BeginsAnewAfterALongLife) {
  BackOff back_off(100ms, 1s);
  back_off.after_crash(0ms);
  EXPECT_EQ(back_off.after_crash(1s), 200ms) << "as long as the longest is not longer";
  EXPECT_EQ(back_off.after_crash(1001ms), 100ms);
  EXPECT_EQ(back_off.after_crash(0ms), 200ms);
}

TEST(BackOff, MayStayTheSame) {
  BackOff back_off(10ms, 10ms);
  EXPECT_EQ(back_off.after_crash(0ms), 10ms);
  EXPECT_EQ(back_off.after_crash(0ms), 10ms);
}

TEST(BackOff, NeverOverflows) {
  const BackOff::Duration longest = std::chrono::hours(24 * 365);
  BackOff back_off(longest - 1s, longest);
  back_off.after_crash(0ms);
  EXPECT_EQ(back_off.after_crash(0ms), longest);
}

}  // namespace
}  // namespace bao::processes
