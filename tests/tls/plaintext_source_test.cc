#include "tls/plaintext_source.h"

#include <array>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "net/temporary_file.h"

namespace bao::tls {
namespace {

std::vector<iovec> pieces_of(const std::vector<std::string>& texts) {
  std::vector<iovec> pieces;
  for (const std::string& text : texts) {
    pieces.push_back({const_cast<char*>(text.data()), text.size()});
  }
  return pieces;
}

class PlaintextSourceTest : public ::testing::Test {
 protected:
  // All of it, in records of at most `most` bytes.
  static std::vector<std::string> records(PlaintextSource& source, size_t most) {
    std::vector<std::string> all;
    while (source.left() > 0) {
      const std::string_view record = source.next(most);
      if (record.empty()) break;
      all.emplace_back(record);
    }
    return all;
  }
  std::array<char, 64> gather;
};

TEST_F(PlaintextSourceTest, RecordsAreCutWithoutRegardToPieces) {
  const std::vector<std::string> texts = {"ab", "", "cdefghij", "k", "lm"};
  const auto pieces = pieces_of(texts);
  PlaintextSource source(pieces, gather);
  EXPECT_EQ(source.left(), 13u);
  EXPECT_EQ(records(source, 4), (std::vector<std::string>{"abcd", "efgh", "ijkl", "m"}));
}

TEST_F(PlaintextSourceTest, APieceThatFillsARecordIsNotCopied) {
  const std::vector<std::string> texts = {"0123456789"};
  const auto pieces = pieces_of(texts);
  PlaintextSource source(pieces, gather);
  EXPECT_EQ(source.next(4).data(), texts[0].data());
  EXPECT_EQ(source.next(4).data(), texts[0].data() + 4);
  EXPECT_EQ(source.next(4).data(), texts[0].data() + 8) << "the last one, too";
}

TEST_F(PlaintextSourceTest, WhatIsSkippedIsNotGiven) {
  const std::vector<std::string> texts = {"abc", "defg", "hi"};
  const auto pieces = pieces_of(texts);
  const testing::TemporaryFile named("0123456789");
  const net::FileDescriptor file = named.open();
  for (size_t skipped = 0; skipped <= 15; ++skipped) {
    for (const size_t before : {size_t{0}, size_t{2}}) {
      PlaintextSource source(pieces, gather, file.get(), 2, 6);
      std::string all;
      if (before > 0) all += source.next(before);
      const size_t bytes = std::min(skipped, source.left());
      source.skip(bytes);
      for (const std::string& record : records(source, 5)) all += record;
      std::string expected = "abcdefghi234567";
      expected.erase(before, bytes);
      EXPECT_EQ(all, expected) << skipped << " " << before;
    }
  }
}

TEST_F(PlaintextSourceTest, AFileBehindPieces) {
  const std::string content = testing::some_bytes(1'000);
  const testing::TemporaryFile named(content);
  const net::FileDescriptor file = named.open();
  const std::vector<std::string> texts = {"head"};
  const auto pieces = pieces_of(texts);
  for (const size_t most : {1u, 7u, 63u, 64u}) {
    PlaintextSource source(pieces, gather, file.get(), 100, 500);
    EXPECT_EQ(source.left(), 504u);
    std::string all;
    for (const std::string& record : records(source, most)) {
      EXPECT_TRUE(record.size() == most || all.size() + record.size() == 504);
      all += record;
    }
    EXPECT_EQ(all, "head" + content.substr(100, 500));
  }
}

TEST_F(PlaintextSourceTest, AFileThatEndsBefore) {
  const testing::TemporaryFile named("12345");
  const net::FileDescriptor file = named.open();
  PlaintextSource source({}, gather, file.get(), 3, 10);
  EXPECT_EQ(source.next(4), "45");
  EXPECT_EQ(source.next(4), "");
  EXPECT_EQ(source.left(), 8u);
}

}  // namespace
}  // namespace bao::tls
