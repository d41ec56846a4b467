#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>
#include <string>
#include <utility>

#include "routing/router.h"

namespace {

std::atomic<long> allocations = 0;

}  // namespace

// Not inline: g++ 12 would see free() of what new gave, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace bao::routing {
namespace {

TEST(Router, MatchingDoesNotAllocate) {
  Router::Builder builder;
  const long before_building = allocations;
  builder.add("/health", 0);
  builder.add("/users/:id/posts/:post", 1);
  builder.add("/files/*", 2);
  for (int i = 0; i < 100; ++i) builder.add("/many" + std::to_string(i) + "/:id", 3);
  const Router router = std::move(builder).build();
  ASSERT_GT(allocations, before_building);  // the count works

  const long before = allocations;
  Match match;
  const bool exact = router.match("/health", match);
  const bool parameters = router.match("/users/1/posts/2", match);
  const bool post = match.find("post") == "2";
  const bool wildcard = router.match("/files/a/b/c", match);
  const bool many = router.match("/many99/x", match);
  const bool next = router.next_match("/many99/x", match);
  const bool miss = router.match("/nowhere/at/all", match);
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(exact && parameters && post && wildcard && many && !next && !miss);
}

}  // namespace
}  // namespace bao::routing
