#pragma once

#include <chrono>

namespace bao::testing {

// g++ and clang announce sanitizers in different ways.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kAddressSanitized = __has_feature(address_sanitizer);
#else
inline constexpr bool kAddressSanitized = false;
#endif

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kThreadSanitized = __has_feature(thread_sanitizer);
#else
inline constexpr bool kThreadSanitized = false;
#endif

/// Sanitizers bring their own allocator, of which mallinfo2 knows nothing, and make everything
/// several times slower.
inline constexpr bool kSanitized = kAddressSanitized || kThreadSanitized;

/// `count` repetitions, or a part of them where each one takes much longer.
constexpr int repetitions(int count) {
  return kSanitized ? (count + 9) / 10 : count;
}

/// The longest that a test waits for what must come: long enough for a busy machine.
constexpr std::chrono::milliseconds kPatience{kSanitized ? 30'000 : 10'000};

}  // namespace bao::testing

/// Skips a test of memory where the allocator is not the C library's.
#define BAO_SKIP_WITHOUT_MALLINFO()         \
  if constexpr (::bao::testing::kSanitized) \
  GTEST_SKIP() << "a sanitizer's allocator is in place of the one that mallinfo2 reports about"
