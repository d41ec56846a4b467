#include "http1/line_scan.h"

#include <gtest/gtest.h>
#include <random>
#include <string>

#include "http1/guarded_page.h"

namespace bao::http1 {
namespace {

// RFC 9110 section 5.5 and RFC 5234: VCHAR, SP, HTAB, obs-text
TEST(LineScanTest, ControlCharactersButHtabEndALine) {
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(is_line_byte(static_cast<unsigned char>(byte)),
              byte == '\t' || (byte >= 0x20 && byte != 0x7f))
        << byte;
  }
}

// Every byte, at every place of every length up to a few blocks, in front of a page that may not be
// read.
TEST(LineScanTest, FindsTheFirstBadByteWhereverItIs) {
  testing::GuardedPage page(100);
  for (size_t length = 0; length <= 50; ++length) {
    const std::string good(length, 'a');
    std::string_view text = page.place(good);
    EXPECT_EQ(find_line_end(text.data(), text.data() + length), text.data() + length);
    for (size_t at = 0; at < length; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string changed = good;
        changed[at] = static_cast<char>(byte);
        text = page.place(changed);
        const size_t expected = is_line_byte(static_cast<unsigned char>(byte)) ? length : at;
        const char* found = find_line_end(text.data(), text.data() + length);
        ASSERT_EQ(found - text.data(), static_cast<std::ptrdiff_t>(expected))
            << byte << " at " << at << " of " << length;
      }
    }
  }
}

TEST(LineScanTest, AgreesWithALoopOnRandomBytes) {
  std::mt19937 random(7);
  testing::GuardedPage page(300);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& c : bytes)
      c = static_cast<char>(random() % 8 == 0 ? random() : 0x20 + random() % 95);
    const std::string_view text = page.place(bytes);
    for (size_t from = 0; from <= text.size(); from += 1 + random() % 20) {
      size_t expected = from;
      while (expected < text.size() && is_line_byte(static_cast<unsigned char>(text[expected]))) {
        ++expected;
      }
      const char* found = find_line_end(text.data() + from, text.data() + text.size());
      ASSERT_EQ(static_cast<size_t>(found - text.data()), expected) << "from " << from;
    }
  }
}

// The head start stops at the first byte that is no letter and no dash, whatever it is, and at the
// end of sixteen bytes. Where there are fewer it may give none.
TEST(LineScanTest, SkipsLettersAndDashesOnly) {
  testing::GuardedPage page(100);
  for (size_t length = 0; length <= 40; ++length) {
    for (size_t at = 0; at <= length; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(length, at % 2 == 0 ? 'Q' : '-');
        if (at < length) text[at] = static_cast<char>(byte);
        const std::string_view placed = page.place(text);
        const auto letter = [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
        };
        size_t expected = 0;
        while (expected < length && expected < 16 && letter(text[expected])) ++expected;
        const char* found = skip_letters(placed.data(), placed.data() + length);
        const auto skipped = static_cast<size_t>(found - placed.data());
        ASSERT_TRUE(skipped == expected || (length < 16 && skipped == 0))
            << skipped << " of " << expected << ": " << byte << " at " << at << " of " << length;
      }
    }
  }
}

}  // namespace
}  // namespace bao::http1
