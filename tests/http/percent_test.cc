#include "http/percent.h"

#include <gtest/gtest.h>
#include <string>

namespace bao::http {
namespace {

using namespace std::string_literals;

std::string all_bytes() {
  std::string bytes;
  for (int c = 0; c < 256; ++c) bytes.push_back(static_cast<char>(c));
  return bytes;
}

// RFC 3986 §2.1
TEST(PercentTest, DecodesEscapesInEitherCase) {
  EXPECT_EQ(percent_decode("a%20b%2Fc%2fd"), "a b/c/d");
  EXPECT_EQ(percent_decode("%E4%bd%A0"), "\xE4\xBD\xA0");
  EXPECT_EQ(percent_decode("%00"), "\0"s);
  EXPECT_EQ(percent_decode("%ff"), "\xFF");
}

TEST(PercentTest, TextWithoutEscapesIsItsOwnDecoding) {
  EXPECT_EQ(percent_decode(""), "");
  EXPECT_EQ(percent_decode("plain+text"), "plain+text");
  EXPECT_EQ(percent_decode(std::string_view()), "");
}

TEST(PercentTest, BadEscapesAreKept) {
  for (std::string_view text :
       {"%", "%%", "%4", "a%", "%g1", "%1g", "%zz", "100% of it", "%u0041"}) {
    EXPECT_EQ(percent_decode(text), text);
  }
  EXPECT_EQ(percent_decode("%%41"), "%A");
  EXPECT_EQ(percent_decode("%4%41"), "%4A");
}

TEST(PercentTest, DecodesOnce) {
  EXPECT_EQ(percent_decode("%2541"), "%41");
}

// RFC 3629 §4: the first and the last character of each length, and what lies next to them
TEST(PercentTest, ValidUtf8) {
  for (const std::string& text :
       {""s, "\0\x7F"s, "\xC2\x80"s, "\xDF\xBF"s, "\xE0\xA0\x80"s, "\xED\x9F\xBF"s, "\xEE\x80\x80"s,
        "\xEF\xBF\xBF"s, "\xF0\x90\x80\x80"s, "\xF4\x8F\xBF\xBF"s, "12345678\xC3\xA4 12345678"s}) {
    EXPECT_TRUE(is_valid_utf8(text)) << text;
    EXPECT_EQ(to_valid_utf8(text), text);
  }
}

TEST(PercentTest, InvalidUtf8) {
  for (const std::string& text :
       {"\x80"s, "\xBF"s, "\xC0\x80"s, "\xC1\xBF"s, "\xC2"s, "\xC2\x7F"s, "\xC2\xC0"s,
        "\xE0\x9F\xBF"s, "\xE1\x80"s, "\xE1\x80\x7F"s, "\xED\xA0\x80"s, "\xF0\x8F\xBF\xBF"s,
        "\xF1\x80\x80"s, "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFF"s, "12345678\xFF"s,
        "1234567\xC3"s}) {
    EXPECT_FALSE(is_valid_utf8(text)) << text;
    EXPECT_TRUE(is_valid_utf8(to_valid_utf8(text))) << text;
  }
}

// WHATWG Encoding Standard, UTF-8 decoder: one U+FFFD for each maximal subpart
TEST(PercentTest, EachMaximalSubpartBecomesOneReplacementCharacter) {
  const std::string r(kReplacementCharacter);
  EXPECT_EQ(to_valid_utf8("a\xFFz"), "a" + r + "z");
  EXPECT_EQ(to_valid_utf8("\xE4\xBD"), r) << "cut at the end";
  EXPECT_EQ(to_valid_utf8("\xF0\x9F\x8Dz"), r + "z") << "cut by another character";
  EXPECT_EQ(to_valid_utf8("\xC0\x80"), r + r) << "overlong";
  EXPECT_EQ(to_valid_utf8("\xE0\x80\xAF"), r + r + r) << "overlong";
  EXPECT_EQ(to_valid_utf8("\xED\xA0\x80"), r + r + r) << "surrogate";
  EXPECT_EQ(to_valid_utf8("\xF4\x90\x80\x80"), r + r + r + r) << "above U+10FFFF";
  EXPECT_EQ(to_valid_utf8("\xE4\xE4\xBD\xA0"), r + "\xE4\xBD\xA0") << "a new start";
  // The example of the Unicode Standard, table 3-8.
  EXPECT_EQ(to_valid_utf8("a\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            "a" + r + r + r + "b" + r + "c" + r + r + "d");
}

TEST(PercentTest, ByteOrderMarkIsKept) {
  EXPECT_EQ(to_valid_utf8("\xEF\xBB\xBFx"), "\xEF\xBB\xBFx");
}

TEST(PercentTest, DecodeUtf8RepairsWhatTheEscapesMade) {
  const std::string r(kReplacementCharacter);
  EXPECT_EQ(percent_decode_utf8("%E4%BD%A0%20x"), "\xE4\xBD\xA0 x");
  EXPECT_EQ(percent_decode_utf8("%E4%BDx"), r + "x");
  EXPECT_EQ(percent_decode_utf8("\xE4%BD%A0"), "\xE4\xBD\xA0") << "half of it unescaped";
  EXPECT_EQ(percent_decode_utf8("\xFF"), r) << "without any escape";
  EXPECT_EQ(percent_decode_utf8("%zz"), "%zz");
  EXPECT_EQ(percent_decode_utf8("plain"), "plain");
}

// RFC 3986 §3.3: pchar = unreserved / pct-encoded / sub-delims / ":" / "@"
TEST(PercentTest, PathSegmentEncodesAllButPchar) {
  EXPECT_EQ(percent_encode("a b/c?d#e%", PercentEncodeSet::kPathSegment), "a%20b%2Fc%3Fd%23e%25");
  EXPECT_EQ(percent_encode("-._~!$&'()*+,;=:@", PercentEncodeSet::kPathSegment),
            "-._~!$&'()*+,;=:@");
  EXPECT_EQ(percent_encode("\xC3\xA4\0"s, PercentEncodeSet::kPathSegment), "%C3%A4%00");
}

// RFC 3986 §2.3; `+`, `&` and `=` mean something in a query
TEST(PercentTest, QueryComponentEncodesAllButUnreserved) {
  EXPECT_EQ(percent_encode("a+b&c=d e/", PercentEncodeSet::kQueryComponent),
            "a%2Bb%26c%3Dd%20e%2F");
  EXPECT_EQ(percent_encode("-._~azAZ09", PercentEncodeSet::kQueryComponent), "-._~azAZ09");
}

TEST(PercentTest, EveryByteComesBackFromItsEncoding) {
  for (auto set : {PercentEncodeSet::kPathSegment, PercentEncodeSet::kQueryComponent}) {
    EXPECT_EQ(percent_decode(percent_encode(all_bytes(), set)), all_bytes());
  }
}

}  // namespace
}  // namespace bao::http
