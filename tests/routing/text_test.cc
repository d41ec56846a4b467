#include "routing/text.h"

#include <gtest/gtest.h>
#include <string>
#include <unordered_set>

namespace bao::routing {
namespace {

TEST(SameBytes, SeesEveryByteOfEveryLength) {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string text(size, 'x');
    std::string other = text;
    EXPECT_TRUE(same_bytes(text.data(), other.data(), size));
    for (std::size_t i = 0; i < size; ++i) {
      other[i] = 'y';
      EXPECT_FALSE(same_bytes(text.data(), other.data(), size)) << size << " " << i;
      other[i] = 'x';
    }
  }
}

TEST(HashText, DependsOnEveryByteOfEveryLength) {
  std::unordered_set<std::uint64_t> seen;
  std::size_t texts = 0;
  for (std::size_t size = 0; size < 40; ++size) {
    std::string text(size, 'x');
    seen.insert(hash_text(text));
    ++texts;
    for (std::size_t i = 0; i < size; ++i) {
      text[i] = 'y';
      seen.insert(hash_text(text));
      ++texts;
      text[i] = 'x';
    }
  }
  EXPECT_EQ(seen.size(), texts);
}

TEST(HashText, TellsShortTextsApart) {
  std::unordered_set<std::uint64_t> seen;
  std::size_t texts = 0;
  for (int a = 0; a < 256; ++a) {
    seen.insert(hash_text(std::string(1, static_cast<char>(a))));
    ++texts;
    for (int b = 0; b < 256; ++b) {
      seen.insert(hash_text(std::string{static_cast<char>(a), static_cast<char>(b)}));
      ++texts;
    }
  }
  EXPECT_EQ(seen.size(), texts);
}

}  // namespace
}  // namespace bao::routing
