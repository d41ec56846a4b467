#include "websocket/turn_memory.h"

#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>

namespace bao::websocket {
namespace {

TEST(TurnMemory, FillsBehindWhatWasGiven) {
  TurnMemory memory;
  char* first = memory.reserve(10);
  memory.commit(10);
  EXPECT_EQ(memory.reserve(10), first + 10);
  EXPECT_EQ(memory.reserve(10), first + 10) << "not committed";
}

TEST(TurnMemory, WhatIsInUseStaysWhereItIs) {
  TurnMemory memory;
  memory.add_user();
  char* first = memory.reserve(60'000);
  std::memset(first, 'a', 60'000);
  memory.commit(60'000);
  char* second = memory.reserve(60'000);
  std::memset(second, 'b', 60'000);
  memory.commit(60'000);
  EXPECT_EQ(first[59'999], 'a');
  EXPECT_GE(memory.capacity(), 120'000u);
}

TEST(TurnMemory, KeepsOneBlockWhenNobodyUsesIt) {
  TurnMemory memory;
  memory.add_user();
  memory.add_user();
  char* first = memory.reserve(100);
  memory.commit(100);
  memory.reserve(1 << 20);
  memory.commit(1 << 20);
  memory.remove_user();
  EXPECT_GT(memory.capacity(), size_t{1} << 20) << "one is left";
  memory.remove_user();
  EXPECT_EQ(memory.capacity(), 64u * 1024);
  EXPECT_EQ(memory.reserve(100), first);
}

TEST(TurnMemory, GivesALargeFirstBlockBack) {
  TurnMemory memory;
  memory.add_user();
  memory.reserve(1 << 20);
  memory.remove_user();
  EXPECT_EQ(memory.capacity(), 0u);
}

TEST(TurnMemory, Aligns) {
  TurnMemory memory;
  memory.reserve(3);
  memory.commit(3);
  memory.align(8);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.reserve(8)) % 8, 0u);
  memory.reserve(64 * 1024 - 11);
  memory.commit(64 * 1024 - 11);  // three bytes are left
  memory.align(8);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.reserve(24)) % 8, 0u);
}

}  // namespace
}  // namespace bao::websocket
