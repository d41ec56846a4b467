#include "http/cookie.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace bao::http {
namespace {

using Entries = std::vector<RequestCookies::Entry>;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

Entries entries_of(std::string_view field_value) {
  return RequestCookies(field_value).entries();
}

std::string value_of(const std::string& value) {
  return RequestCookies("a=" + value).get("a").value_or("<none>");
}

// RFC 6265 §4.2.1: cookie-string = cookie-pair *( ";" SP cookie-pair )
TEST(CookieTest, SemicolonsSeparateAndTheFirstEqualsSignSplits) {
  EXPECT_EQ(entries_of("a=1; b=2"), (Entries{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(entries_of("a=1;b=2"), (Entries{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(entries_of("a=x=y=z"), (Entries{{"a", "x=y=z"}}));
  EXPECT_EQ(entries_of("a=1,b=2"), (Entries{{"a", "1,b=2"}})) << "a comma is part of a value";
}

TEST(CookieTest, WhitespaceAroundNamesAndValuesIsDropped) {
  EXPECT_EQ(entries_of(" a = 1 ;\tb\t=\t2\t"), (Entries{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(entries_of("a b=1 2"), (Entries{{"a b", "1 2"}})) << "but not inside";
}

TEST(CookieTest, PiecesWithoutANameOrAnEqualsSignAreDropped) {
  EXPECT_EQ(entries_of(""), Entries{});
  EXPECT_EQ(entries_of(";;a=1;;"), (Entries{{"a", "1"}}));
  EXPECT_EQ(entries_of("lonely; =x; =; a=1"), (Entries{{"a", "1"}}));
  EXPECT_EQ(entries_of("a="), (Entries{{"a", ""}}));
}

TEST(CookieTest, QuotesBelongToTheValue) {
  EXPECT_EQ(value_of("\"1\""), "\"1\"");
  EXPECT_EQ(value_of("\""), "\"");
  EXPECT_EQ(entries_of("a=\"1;b=2\""), (Entries{{"a", "\"1"}, {"b", "2\""}}));
}

TEST(CookieTest, ValuesArePercentDecodedAndNamesAreNot) {
  EXPECT_EQ(value_of("%20b%3B%00"), std::string(" b;\0", 4));
  EXPECT_EQ(value_of("%E4%bd%a0"), "\xE4\xBD\xA0");
  EXPECT_EQ(value_of("1+2"), "1+2");
  EXPECT_EQ(value_of("100%25"), "100%");
  EXPECT_EQ(entries_of("%61=1"), (Entries{{"%61", "1"}}));
}

TEST(CookieTest, BadEscapesBecomeReplacementCharacters) {
  const std::string r(kReplacement);
  EXPECT_EQ(value_of("%"), r);
  EXPECT_EQ(value_of("100%"), "100" + r);
  EXPECT_EQ(value_of("%2"), r + "2");
  EXPECT_EQ(value_of("%zz"), r);
  EXPECT_EQ(value_of("%zzab"), r + "ab");
  EXPECT_EQ(value_of("%%41"), r + "1");
  EXPECT_EQ(value_of("%u0041"), r + "041");
  EXPECT_EQ(value_of("%E4%BD%zz"), r + r);
  EXPECT_EQ(value_of("%E4%BD%"), r + r);
}

TEST(CookieTest, IllFormedUtf8BecomesReplacementCharacters) {
  const std::string r(kReplacement);
  EXPECT_EQ(value_of("%ff"), r);
  EXPECT_EQ(value_of("%E4%BDx%A0"), r + "x" + r);
  EXPECT_EQ(value_of("%E4%E4%BD%A0"), r + "\xE4\xBD\xA0");
}

TEST(CookieTest, BytesOutsideOfAsciiAreLatin1) {
  EXPECT_EQ(value_of("\xE4\xBD\xA0"), "\xC3\xA4\xC2\xBD\xC2\xA0");
  EXPECT_EQ(value_of("\xFF%20"), "\xC3\xBF ");
  EXPECT_EQ(value_of("%E4\xBD\xA0"), std::string(kReplacement) + "\xC2\xBD\xC2\xA0");
  EXPECT_EQ(entries_of("\xE4=1"), (Entries{{"\xC3\xA4", "1"}}));
  EXPECT_EQ(value_of("1\xA0"), "1\xC2\xA0") << "no whitespace of the field grammar";
}

// RFC 6265 §5.4: the longest path comes first
TEST(CookieTest, FirstOfRepeatedNamesWins) {
  const RequestCookies cookies("a=1; b=2; a=3");
  EXPECT_EQ(cookies.get("a"), "1");
  EXPECT_EQ(cookies.entries(), (Entries{{"a", "1"}, {"b", "2"}, {"a", "3"}}));
}

TEST(CookieTest, FurtherFieldsFollow) {
  RequestCookies cookies;
  EXPECT_TRUE(cookies.entries().empty());
  cookies.add("a=1;");
  cookies.add("");
  cookies.add("b=2; a=3");
  EXPECT_EQ(cookies.entries(), (Entries{{"a", "1"}, {"b", "2"}, {"a", "3"}}));
  EXPECT_EQ(cookies.get("a"), "1");
}

TEST(CookieTest, NamesAreCaseSensitive) {
  const RequestCookies cookies("a=1");
  EXPECT_TRUE(cookies.has("a"));
  EXPECT_FALSE(cookies.has("A"));
  EXPECT_FALSE(cookies.has(""));
  EXPECT_EQ(cookies.get("A"), std::nullopt);
}

TEST(CookieTest, EntriesOfATemporaryMayBeWalkedOver) {
  std::size_t count = 0;
  for (const auto& [name, value] :
       RequestCookies("a=a value that is too long for a short string").entries()) {
    EXPECT_EQ(name, "a");
    EXPECT_EQ(value, "a value that is too long for a short string");
    ++count;
  }
  EXPECT_EQ(count, 1u);
}

TEST(CookieTest, OwnsItsStrings) {
  auto text = std::make_unique<std::string>("name=a value that is too long for a short string");
  const RequestCookies cookies(*text);
  text.reset();
  EXPECT_EQ(cookies.get("name"), "a value that is too long for a short string");
}

}  // namespace
}  // namespace bao::http
