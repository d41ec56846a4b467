#include <cstdlib>
#include <gtest/gtest.h>
#include <unistd.h>

#include "robustness/sanitizers.h"

// mallinfo2 counts what malloc's thread cache keeps as given out, up to 200 KiB that come and go.
// Without that cache the figures are exact. It can only be switched off before the process begins,
// so the process begins twice.
int main(int argc, char** argv) {
  constexpr const char* kTunables = "GLIBC_TUNABLES";
  if (!bao::testing::kSanitized && std::getenv(kTunables) == nullptr) {
    ::setenv(kTunables, "glibc.malloc.tcache_count=0", 1);
    ::execv("/proc/self/exe", argv);
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
