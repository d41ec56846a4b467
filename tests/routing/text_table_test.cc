#include "routing/text_table.h"

#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bao::routing {
namespace {

struct SlotCounter {
  void slot() { ++slots; }
  std::size_t slots = 0;
};

TextTable table_of(const std::vector<std::string>& keys) {
  std::vector<std::pair<std::string_view, std::uint32_t>> entries;
  for (const std::string& key : keys) {
    entries.emplace_back(key, static_cast<std::uint32_t>(entries.size()));
  }
  return TextTable(entries);
}

/// Looks `key` up from memory of exactly its size, so that a sanitizer sees each byte too many.
std::int64_t lookup(const TextTable& table, std::string_view key) {
  const std::unique_ptr<char[]> copy(new char[key.size()]);
  if (!key.empty()) std::memcpy(copy.get(), key.data(), key.size());
  SlotCounter counter;
  const std::uint32_t* value = table.find({copy.get(), key.size()}, counter);
  EXPECT_LE(counter.slots, table.longest_run());
  return value != nullptr ? std::int64_t{*value} : -1;
}

TEST(TextTable, AnEmptyTableHoldsNothing) {
  EXPECT_EQ(lookup(TextTable(), ""), -1);
  EXPECT_EQ(lookup(TextTable(), "a"), -1);
  EXPECT_EQ(lookup(table_of({}), ""), -1);
}

TEST(TextTable, FindsKeysOfEveryLengthAndNoneThatDiffersInOneByte) {
  std::vector<std::string> keys;
  for (std::size_t size = 0; size < 80; ++size) {
    std::string key;
    for (std::size_t i = 0; i < size; ++i) key += static_cast<char>('a' + (i * 7 + size) % 26);
    keys.push_back(key);
  }
  const TextTable table = table_of(keys);
  for (std::size_t size = 0; size < keys.size(); ++size) {
    EXPECT_EQ(lookup(table, keys[size]), static_cast<std::int64_t>(size));
    for (std::size_t i = 0; i < size; ++i) {
      std::string other = keys[size];
      other[i] = '#';
      EXPECT_EQ(lookup(table, other), -1);
    }
  }
}

TEST(TextTable, NulIsAByteLikeOthers) {
  const std::string one("\0", 1);
  const std::string two("\0\0", 2);
  const TextTable table = table_of({"", one, two, two + "a"});
  EXPECT_EQ(lookup(table, ""), 0);
  EXPECT_EQ(lookup(table, one), 1);
  EXPECT_EQ(lookup(table, two), 2);
  EXPECT_EQ(lookup(table, two + "a"), 3);
  EXPECT_EQ(lookup(table, two + one), -1);
}

TEST(TextTable, AnyNumberIsAValue) {
  const TextTable table({{"a", UINT32_MAX}, {"b", 0}});
  EXPECT_EQ(lookup(table, "a"), std::int64_t{UINT32_MAX});
  EXPECT_EQ(lookup(table, "b"), 0);
}

TEST(TextTable, ALongerKeyThanAnyIsRefusedBeforeItIsLookedAt) {
  const TextTable table = table_of({"abc", "defgh"});
  SlotCounter counter;
  EXPECT_EQ(table.find({nullptr, 6}, counter), nullptr);
  EXPECT_EQ(counter.slots, 0u);
}

TEST(TextTable, RunsAreShort) {
  std::vector<std::string> keys;
  for (int i = 0; i < 20000; ++i) keys.push_back("/api/v1/resource" + std::to_string(i));
  const TextTable table = table_of(keys);
  EXPECT_LE(table.longest_run(), 16u);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    ASSERT_EQ(lookup(table, keys[i]), static_cast<std::int64_t>(i));
  }
}

}  // namespace
}  // namespace bao::routing
