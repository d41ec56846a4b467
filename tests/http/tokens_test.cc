#include "http/tokens.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace bao::http {
namespace {

using Elements = std::vector<std::string>;

Elements elements_of(std::string_view list) {
  Elements result;
  ListElements elements(list);
  for (std::string_view element; elements.next(element);) result.emplace_back(element);
  return result;
}

// RFC 9110 §5.6.2
TEST(TokensTest, TokenCharactersAreAsciiWithoutDelimiters) {
  const std::string_view token_chars =
      "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (int c = 0; c < 256; ++c) {
    const bool expected = token_chars.find(static_cast<char>(c)) != std::string_view::npos;
    EXPECT_EQ(is_token_char(static_cast<unsigned char>(c)), expected) << c;
  }
  static_assert(is_token_char('a') && !is_token_char(':'));
}

// RFC 9110 §5.6.2: 1*tchar
TEST(TokensTest, TokenHasAtLeastOneCharacterAndNoOther) {
  EXPECT_TRUE(is_token("GET"));
  EXPECT_TRUE(is_token("M-SEARCH"));
  EXPECT_TRUE(is_token("!"));
  EXPECT_FALSE(is_token(""));
  EXPECT_FALSE(is_token(" GET"));
  EXPECT_FALSE(is_token("Content-Type:"));
  EXPECT_FALSE(is_token("caf\xC3\xA9"));
  EXPECT_FALSE(is_token(std::string_view("a\0b", 3)));
}

// RFC 9110 §5.5, at every place of a value that is longer than a machine word
TEST(TokensTest, FieldValueAllowsVisibleCharactersSpaceTabAndObsText) {
  for (int c = 0; c < 256; ++c) {
    const bool expected = (c >= 0x20 && c != 0x7f) || c == '\t';
    for (std::size_t place = 1; place < 20; ++place) {
      std::string value(21, 'x');
      value[place] = static_cast<char>(c);
      EXPECT_EQ(is_field_value(value), expected) << c << " at " << place;
    }
  }
}

TEST(TokensTest, FieldValueWithTabKeepsLookingForControlCharacters) {
  EXPECT_TRUE(is_field_value("abcdefg\tabcdefghijklmnop"));
  EXPECT_FALSE(is_field_value("abcdefg\tabcdefghij\x01klmnop"));
  EXPECT_FALSE(is_field_value("\x80\xff\x80\xff\x80\xff\x80\x7f\xff"));
}

// RFC 9110 §5.5: a field value has no whitespace at its ends
TEST(TokensTest, FieldValueHasNoWhitespaceAtItsEnds) {
  EXPECT_TRUE(is_field_value(""));
  EXPECT_TRUE(is_field_value("a b"));
  for (std::string_view bad : {" ", "\t", " a", "a ", "\ta", "a\t", "a\r\n", "a\nb"}) {
    EXPECT_FALSE(is_field_value(bad)) << bad;
  }
}

TEST(TokensTest, LowerCaseChangesAsciiLettersOnly) {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const char expected = i >= 'A' && i <= 'Z' ? static_cast<char>(i + 32) : c;
    EXPECT_EQ(to_lower_ascii(c), expected) << i;
  }
}

// RFC 5234 §B.1, in either case
TEST(TokensTest, HexDigitsHaveTheirValues) {
  EXPECT_EQ(hex_digit_value('0'), 0);
  EXPECT_EQ(hex_digit_value('9'), 9);
  EXPECT_EQ(hex_digit_value('a'), 10);
  EXPECT_EQ(hex_digit_value('F'), 15);
  int digits = 0;
  for (int c = 0; c < 256; ++c) digits += hex_digit_value(static_cast<char>(c)) >= 0 ? 1 : 0;
  EXPECT_EQ(digits, 22);
}

TEST(TokensTest, EqualsIgnoringCaseIgnoresTheCaseOfAsciiLettersOnly) {
  EXPECT_TRUE(equals_ignoring_case("", ""));
  EXPECT_TRUE(equals_ignoring_case("Content-Length", "cONTENT-lENGTH"));
  EXPECT_FALSE(equals_ignoring_case("Content-Length", "Content-Lengt"));
  EXPECT_FALSE(equals_ignoring_case("a", "b"));
  EXPECT_FALSE(equals_ignoring_case("@", "`"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
  EXPECT_FALSE(equals_ignoring_case("\xC4", "\xE4"));
}

// RFC 9110 §5.6.3
TEST(TokensTest, TrimTakesSpacesAndTabsOnly) {
  EXPECT_EQ(trim_whitespace(" \t a b\t "), "a b");
  EXPECT_EQ(trim_whitespace(" \t "), "");
  EXPECT_EQ(trim_whitespace(""), "");
  EXPECT_EQ(trim_whitespace("\r\na\v"), "\r\na\v");
}

// RFC 9110 §5.6.1.2
TEST(TokensTest, ListElementsAreSplitAtCommasTrimmedAndNotEmpty) {
  EXPECT_EQ(elements_of("foo ,bar,\tcharlie"), (Elements{"foo", "bar", "charlie"}));
  EXPECT_EQ(elements_of("foo , ,bar,charlie"), (Elements{"foo", "bar", "charlie"}));
  EXPECT_EQ(elements_of(",foo,"), (Elements{"foo"}));
  EXPECT_EQ(elements_of(""), Elements{});
  EXPECT_EQ(elements_of(",   ,"), Elements{});
  EXPECT_EQ(elements_of("a b"), (Elements{"a b"}));
}

// RFC 9110 §5.6.4
TEST(TokensTest, CommasInQuotedStringsDoNotSeparate) {
  EXPECT_EQ(elements_of(R"("a,b", c)"), (Elements{R"("a,b")", "c"}));
  EXPECT_EQ(elements_of(R"(x;p="1,2";q=3, y)"), (Elements{R"(x;p="1,2";q=3)", "y"}));
  EXPECT_EQ(elements_of(R"("a\",b", c)"), (Elements{R"("a\",b")", "c"}));
  EXPECT_EQ(elements_of(R"("a\\", c)"), (Elements{R"("a\\")", "c"}));
  EXPECT_EQ(elements_of(R"("", c)"), (Elements{R"("")", "c"}));
  EXPECT_EQ(elements_of(R"(a\,b)"), (Elements{R"(a\)", "b"})) << "an escape needs quotes";
}

TEST(TokensTest, UnterminatedQuotedStringTakesTheRest) {
  EXPECT_EQ(elements_of(R"(a, "b, c)"), (Elements{"a", R"("b, c)"}));
  EXPECT_EQ(elements_of(R"(a, "b, c\)"), (Elements{"a", R"("b, c\)"}));
}

TEST(TokensTest, ElementIsLeftAloneAtTheEnd) {
  std::string_view element = "untouched";
  EXPECT_FALSE(ListElements(" , ").next(element));
  EXPECT_EQ(element, "untouched");
}

// RFC 9110 §7.6.1
TEST(TokensTest, ListContainsTokenIgnoresCaseAndWantsTheWholeElement) {
  EXPECT_TRUE(list_contains_token("Upgrade, Keep-Alive", "keep-alive"));
  EXPECT_TRUE(list_contains_token("close", "close"));
  EXPECT_FALSE(list_contains_token("closed, not-close", "close"));
  EXPECT_FALSE(list_contains_token("close;q=1", "close"));
  EXPECT_FALSE(list_contains_token(R"("close")", "close"));
  EXPECT_FALSE(list_contains_token(R"("a, close")", "close"));
  EXPECT_FALSE(list_contains_token("", "close"));
  EXPECT_FALSE(list_contains_token(",", ""));
}

}  // namespace
}  // namespace bao::http
