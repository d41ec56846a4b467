#include "http/displayed_text.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace bao::http {
namespace {

using namespace std::string_view_literals;

TEST(EscapeHtml, MarkupIsText) {
  EXPECT_EQ(escape_html("<b>&amp;</b>"), "&lt;b&gt;&amp;amp;&lt;/b&gt;");
}

TEST(EscapeHtml, QuotesCannotEndAnAttribute) {
  EXPECT_EQ(escape_html(R"(" onload='x')"), "&quot; onload=&#39;x&#39;");
}

TEST(EscapeHtml, TextOfAnyScriptStays) {
  const auto text = "Zürich 東京 🥟\ttab\nline"sv;
  EXPECT_EQ(escape_html(text), text);
}

TEST(EscapeHtml, ControlCharactersBecomePictures) {
  EXPECT_EQ(escape_html("a\0b"sv),
            "a\xE2\x90\x80"
            "b");
  EXPECT_EQ(escape_html("\x1b[31m"), "\xE2\x90\x9B[31m");
  EXPECT_EQ(escape_html("\x7f"), "\xEF\xBF\xBD");
  EXPECT_EQ(escape_html("\xC2\x9B"), "\xEF\xBF\xBD");
}

TEST(EscapeHtml, DirectionMarksAreReplaced) {
  EXPECT_EQ(escape_html("\xE2\x80\xAE"
                        "abc"),
            "\xEF\xBF\xBD"
            "abc");
  EXPECT_EQ(escape_html("\xE2\x81\xA6"), "\xEF\xBF\xBD");
}

// RFC 3629 section 3
TEST(EscapeHtml, BytesThatAreNotUtf8AreReplaced) {
  constexpr auto kReplacement = "\xEF\xBF\xBD"sv;
  for (std::string_view byte : {"\x80"sv, "\xC3"sv, "\xFF"sv, "\xF5"sv}) {
    EXPECT_EQ(escape_html(byte), kReplacement);
    EXPECT_EQ(escape_html(std::string(byte) + "<"), std::string(kReplacement) + "&lt;");
  }
  for (std::string_view sequence : {"\xC0\xBC"sv, "\xC1\xBF"sv}) {
    EXPECT_EQ(escape_html(sequence), std::string(kReplacement) + std::string(kReplacement));
  }
  for (std::string_view sequence : {"\xE0\x80\xBC"sv, "\xED\xA0\x80"sv}) {
    EXPECT_EQ(escape_html(sequence).size(), 3 * kReplacement.size());
  }
  EXPECT_EQ(escape_html("\xF4\x90\x80\x80").size(), 4 * kReplacement.size());
  EXPECT_EQ(escape_html("\xE2\x82").size(), 2 * kReplacement.size());
}

TEST(EscapeHtml, LongTextsAreCutAtACharacter) {
  const std::string exact(kMaxDisplayedBytes, 'x');
  EXPECT_EQ(escape_html(exact), exact);
  EXPECT_EQ(escape_html(exact + "yy"), exact + "\xE2\x80\xA6 (2 more bytes)");
  const std::string before(kMaxDisplayedBytes - 1, 'x');
  EXPECT_EQ(escape_html(before + "\xC3\xBC"), before + "\xE2\x80\xA6 (2 more bytes)");
}

TEST(EscapeTerminal, ControlCharactersAreWritten) {
  EXPECT_EQ(escape_terminal("a\nb\tc\rd\0e"sv), R"(a\nb\tc\x0dd\x00e)");
  EXPECT_EQ(escape_terminal("\x1b]0;title\x07"), R"(\x1b]0;title\x07)");
  EXPECT_EQ(escape_terminal("\x7f"), R"(\x7f)");
}

TEST(EscapeTerminal, ControlCharactersBeyondAsciiAreWritten) {
  EXPECT_EQ(escape_terminal("\xC2\x9B"
                            "31m"),
            R"(\u009b31m)");
  EXPECT_EQ(escape_terminal("\xE2\x80\xAE"), R"(\u202e)");
  EXPECT_EQ(escape_terminal("\xE2\x80\xA8"), R"(\u2028)");
}

TEST(EscapeTerminal, BytesThatAreNotUtf8AreWritten) {
  EXPECT_EQ(escape_terminal("\x9B"
                            "31m\xFF"),
            R"(\x9b31m\xff)");
}

TEST(EscapeTerminal, TextStays) {
  EXPECT_EQ(escape_terminal("<b> Zürich 🥟"), "<b> Zürich 🥟");
}

TEST(Quote, ShowsSpacesAndWritesControlCharacters) {
  EXPECT_EQ(quote("X Y"), "\"X Y\"");
  EXPECT_EQ(quote("a\0b\n"sv), R"("a\x00b\n")");
  EXPECT_EQ(quote(""), "\"\"");
}

TEST(Quote, ShowsTheBeginningOfLongTexts) {
  EXPECT_EQ(quote(std::string(1000, 'x')), "\"" + std::string(80, 'x') + "\"");
}

TEST(DisplayedFieldValue, CredentialsAreMasked) {
  for (std::string_view name :
       {"Authorization", "authorization", "COOKIE", "Proxy-Authorization"}) {
    const DisplayedValue shown = displayed_field_value(name, "secret");
    EXPECT_TRUE(shown.masked) << name;
    EXPECT_EQ(shown.text, "(hidden, 6 bytes)");
  }
  EXPECT_EQ(displayed_field_value("cookie", "x").text, "(hidden, 1 byte)");
}

TEST(DisplayedFieldValue, OtherFieldsAreShown) {
  for (std::string_view name : {"Host", "Cookies", "X-Authorization", ""}) {
    const DisplayedValue shown = displayed_field_value(name, "value");
    EXPECT_FALSE(shown.masked) << name;
    EXPECT_EQ(shown.text, "value");
  }
}

}  // namespace
}  // namespace bao::http
