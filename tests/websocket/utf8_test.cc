#include "websocket/utf8.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "http1/guarded_page.h"

namespace bao::websocket {
namespace {

std::string encode(uint32_t point) {
  std::string text;
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xc0 | point >> 6);
    text += static_cast<char>(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    text += static_cast<char>(0xe0 | point >> 12);
    text += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (point & 0x3f));
  } else {
    text += static_cast<char>(0xf0 | point >> 18);
    text += static_cast<char>(0x80 | (point >> 12 & 0x3f));
    text += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (point & 0x3f));
  }
  return text;
}

// The first byte at which the pieces of one byte fail, or npos.
size_t fails_at(std::string_view text) {
  Utf8Validator validator;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!validator.feed(text.substr(i, 1))) return i;
  }
  return validator.complete() ? text.npos : text.size();
}

// Whole, byte by byte, cut in two everywhere, behind ASCII of all lengths, before an unreadable
// page: always the same answer.
bool valid(std::string_view text) {
  static testing::GuardedPage page(4096);
  const bool answer = is_utf8(page.place(text));
  EXPECT_EQ(fails_at(text) == text.npos, answer);
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    Utf8Validator validator;
    const bool ok = validator.feed(text.substr(0, cut)) && validator.feed(text.substr(cut)) &&
                    validator.complete();
    EXPECT_EQ(ok, answer) << "cut at " << cut;
  }
  for (size_t before : {1u, 7u, 8u, 60u, 64u, 127u, 300u}) {
    const std::string padded =
        std::string(before, 'a') + std::string(text) + std::string(before, 'z');
    // Behind the text an unfinished character fails, too.
    EXPECT_EQ(is_utf8(page.place(padded)), answer) << "behind " << before;
  }
  return answer;
}

// RFC 3629 section 3: every scalar value, no surrogate.
TEST(Utf8, EveryCodePoint) {
  std::string all;
  for (uint32_t point = 0; point <= 0x10ffff; ++point) {
    const std::string text = encode(point);
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    ASSERT_EQ(is_utf8(text), !surrogate) << std::hex << point;
    if (!surrogate) all += text;
  }
  EXPECT_TRUE(is_utf8(all));
}

// Every pair and triple of bytes is judged as the table of RFC 3629 section 4 does.
TEST(Utf8, EveryTwoBytes) {
  for (int a = 0x80; a <= 0xff; ++a) {
    for (int b = 0; b <= 0xff; ++b) {
      const char bytes[] = {static_cast<char>(a), static_cast<char>(b)};
      const bool right = a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf;
      ASSERT_EQ(is_utf8({bytes, 2}), right) << a << " " << b;
    }
  }
}

TEST(Utf8, EveryThreeBytesThatBeginLikeACharacter) {
  for (int a = 0xe0; a <= 0xef; ++a) {
    for (int b = 0; b <= 0xff; ++b) {
      for (int c : {0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff}) {
        const char bytes[] = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c),
                              'x'};
        const bool second = a == 0xe0   ? b >= 0xa0 && b <= 0xbf
                            : a == 0xed ? b >= 0x80 && b <= 0x9f
                                        : b >= 0x80 && b <= 0xbf;
        ASSERT_EQ(is_utf8({bytes, 4}), second && c >= 0x80 && c <= 0xbf)
            << a << " " << b << " " << c;
      }
    }
  }
}

TEST(Utf8, Examples) {
  EXPECT_TRUE(valid(""));
  EXPECT_TRUE(valid("Hello"));
  EXPECT_TRUE(valid("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"));
  EXPECT_TRUE(valid("\xf0\x9f\x98\x80 and \xe2\x82\xac"));
  EXPECT_TRUE(valid(std::string_view("\0", 1)));
  EXPECT_TRUE(valid("\xef\xbf\xbf")) << "noncharacters are characters";
  EXPECT_FALSE(valid("\xff"));
  EXPECT_FALSE(valid("\xc0\xaf")) << "overlong";
  EXPECT_FALSE(valid("\xe0\x80\xaf")) << "overlong";
  EXPECT_FALSE(valid("\xf0\x80\x80\xaf")) << "overlong";
  EXPECT_FALSE(valid("\xed\xa0\x80")) << "surrogate";
  EXPECT_FALSE(valid("\xed\xaf\xbf\xed\xbf\xbf")) << "pair of surrogates";
  EXPECT_FALSE(valid("\xf4\x90\x80\x80")) << "above U+10FFFF";
  EXPECT_FALSE(valid("\xf8\x88\x80\x80\x80")) << "five bytes";
  EXPECT_FALSE(valid("\x80")) << "continuation of nothing";
  EXPECT_FALSE(valid("\xce")) << "cut";
  EXPECT_FALSE(valid("\xf0\x9f\x98")) << "cut";
}

TEST(Utf8, MixedTexts) {
  std::string mixed;
  for (uint32_t i = 0; i < 400; ++i) {
    mixed += encode(i * 2579 % 0xd800);
    if (i % 3 == 0) mixed.append(i % 17, 'a');
  }
  EXPECT_TRUE(valid(mixed.substr(0, 0)));
  EXPECT_TRUE(is_utf8(mixed));
  // One wrong byte anywhere is seen.
  for (size_t i = 0; i < mixed.size(); ++i) {
    std::string wrong = mixed;
    wrong[i] = '\xff';
    ASSERT_FALSE(is_utf8(wrong)) << i;
  }
}

// RFC 6455 section 8.1: peers expect the failure at the first byte that cannot be mended.
TEST(Utf8, FailsAtTheFirstBadByte) {
  EXPECT_EQ(fails_at("ab\xff"), 2u);
  EXPECT_EQ(fails_at("\xc0"), 0u);
  EXPECT_EQ(fails_at("\xc1"), 0u);
  EXPECT_EQ(fails_at("\xf5"), 0u);
  EXPECT_EQ(fails_at("\xe0\x9f"), 1u);
  EXPECT_EQ(fails_at("\xed\xa0"), 1u);
  EXPECT_EQ(fails_at("\xf0\x8f"), 1u);
  EXPECT_EQ(fails_at("\xf4\x90"), 1u);
  EXPECT_EQ(fails_at("\xf0\x90\x80\x41"), 3u);
  EXPECT_EQ(fails_at("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80"), 12u);
}

// Texts that are long enough are checked in vectors (utf8_wide.h). Every four bytes out of those at
// which the rules change, across the border of two vectors, within one, and at the end: the answer
// is that of the check byte by byte.
TEST(Utf8, VectorsAgreeWithSingleBytes) {
  constexpr uint8_t kBorders[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                  0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
                                  0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
  // One character that is not ASCII at the front, so that vectors begin there.
  const std::string around = "\xc3\xa9" + std::string(94, 'a');
  for (const uint8_t a : kBorders) {
    for (const uint8_t b : kBorders) {
      for (const uint8_t c : kBorders) {
        for (const uint8_t d : kBorders) {
          const std::string bytes{static_cast<char>(a), static_cast<char>(b), static_cast<char>(c),
                                  static_cast<char>(d)};
          const bool right = fails_at(bytes + "a") == bytes.npos;
          for (const size_t place : {2u, 29u, 30u, 31u, 61u, 64u, 90u}) {
            std::string text = around;
            text.replace(place, bytes.size(), bytes);
            ASSERT_EQ(is_utf8(text), right) << ::testing::PrintToString(bytes) << " at " << place;
          }
          const bool right_at_end = fails_at(bytes) == bytes.npos;
          for (const size_t size : {60u, 64u, 65u, 66u, 67u, 92u}) {
            ASSERT_EQ(is_utf8(around.substr(0, size) + bytes), right_at_end)
                << ::testing::PrintToString(bytes) << " behind " << size;
          }
        }
      }
    }
  }
}

// A long text of characters of all sizes with one byte that is another one, before an unreadable
// page, whole and in two pieces.
TEST(Utf8, VectorsFindEveryWrongByte) {
  testing::GuardedPage page(4096);
  std::string text;
  for (uint32_t i = 0; text.size() < 500; ++i)
    text += encode(i * 7919 % 0xd800 + (i % 5) * 0x10000);
  ASSERT_TRUE(is_utf8(text));
  for (size_t i = 0; i < text.size(); ++i) {
    for (const int byte : {0x41, 0x80, 0xbf, 0xc1, 0xc3, 0xe2, 0xed, 0xf0, 0xf4, 0xff}) {
      std::string other = text;
      other[i] = static_cast<char>(byte);
      const bool right = fails_at(other) == other.npos;
      const std::string_view placed = page.place(other);
      ASSERT_EQ(is_utf8(placed), right) << byte << " at " << i;
      Utf8Validator validator;
      const size_t cut = i * 13 % text.size();
      ASSERT_EQ(validator.feed(placed.substr(0, cut)) && validator.feed(placed.substr(cut)) &&
                    validator.complete(),
                right)
          << byte << " at " << i << ", cut at " << cut;
    }
  }
}

TEST(Utf8, ResetBeginsAnew) {
  Utf8Validator validator;
  EXPECT_TRUE(validator.feed("\xe0"));
  EXPECT_FALSE(validator.complete());
  validator.reset();
  EXPECT_TRUE(validator.complete());
  EXPECT_TRUE(validator.feed("\xe1\x80\x80"));
  EXPECT_TRUE(validator.complete());
}

}  // namespace
}  // namespace bao::websocket
