#include "routing/pattern.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace bao::routing {
namespace {

/// The message with which `pattern` is refused, or nothing.
std::string refusal(std::string_view pattern) {
  try {
    parse_pattern(pattern);
  } catch (const PatternError& error) {
    return error.what();
  }
  return {};
}

void expect_refused(std::string_view pattern, std::string_view fault_and_mend) {
  SCOPED_TRACE(pattern);
  const std::string message = refusal(pattern);
  EXPECT_NE(message.find(quote_pattern(pattern)), std::string::npos) << message;
  EXPECT_NE(message.find(fault_and_mend), std::string::npos) << message;
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += std::string(text) + std::to_string(i);
  return all;
}

TEST(Pattern, IsTakenApartAtSlashes) {
  const Pattern pattern = parse_pattern("/users/:id//*");
  ASSERT_EQ(pattern.segments.size(), 4u);
  EXPECT_EQ(pattern.segments[0].kind, SegmentKind::kLiteral);
  EXPECT_EQ(pattern.segments[0].text, "users");
  EXPECT_EQ(pattern.segments[1].kind, SegmentKind::kParameter);
  EXPECT_EQ(pattern.segments[1].text, "id");
  EXPECT_EQ(pattern.segments[2].kind, SegmentKind::kLiteral);
  EXPECT_EQ(pattern.segments[2].text, "");
  EXPECT_EQ(pattern.segments[3].kind, SegmentKind::kWildcard);
  EXPECT_FALSE(pattern.is_literal());
}

TEST(Pattern, RootHasOneEmptySegment) {
  const Pattern pattern = parse_pattern("/");
  ASSERT_EQ(pattern.segments.size(), 1u);
  EXPECT_EQ(pattern.segments[0].text, "");
  EXPECT_TRUE(pattern.is_literal());
}

TEST(Pattern, ShapeLeavesOutTheNames) {
  EXPECT_EQ(parse_pattern("/a/:b/*").shape(), parse_pattern("/a/:c/*").shape());
  EXPECT_NE(parse_pattern("/a/:b").shape(), parse_pattern("/a/b").shape());
  EXPECT_NE(parse_pattern("/a/:b").shape(), parse_pattern("/a/:b/").shape());
  EXPECT_NE(parse_pattern("/a/:b").shape(), parse_pattern("/a/*").shape());
}

TEST(Pattern, NamesAreLettersDigitsUnderscoreDollarAndHyphen) {
  for (const char* name : {"a", "_", "$", "user-id", "a1", "A_b$-2"}) {
    EXPECT_EQ(parse_pattern("/:" + std::string(name)).segments[0].text, name);
  }
  for (const char* name : {"1", "1a", "-a", "a.json", "a-:b", "a:b", "a*", "a(\\d+)", "a b",
                           "\xC3\xBC", "a%20b", "a+", "?"}) {
    expect_refused("/x/:" + std::string(name) + "/y", "\":" + std::string(name) + "\"");
  }
}

TEST(Pattern, AColonInsideASegmentIsLiteral) {
  const Pattern pattern = parse_pattern("/jobs:cancel");
  EXPECT_TRUE(pattern.is_literal());
  EXPECT_EQ(pattern.segments[0].text, "jobs:cancel");
}

TEST(Pattern, MustBeginWithASlash) {
  expect_refused("users", "write \"/users\"");
  expect_refused("*", "write \"/*\"");
  expect_refused(":id", "write \"/:id\"");
  expect_refused("", "write \"/\"");
}

TEST(Pattern, AMethodIsNoPartOfIt) {
  expect_refused("GET /a",
                 "the method is no part of a pattern; list methods as the value of \"/a\"");
  expect_refused("delete  /:id", "list methods as the value of \"/:id\"");
  expect_refused("GET /a b", "list methods as the value of the path");
}

// What a message advises must be good.
TEST(Pattern, AdviceIsNeverRefusedItself) {
  expect_refused("a b", "write \"/a%20b\"");
  expect_refused("a*", "write a path as clients send it, as in \"/users/:id\"");
  expect_refused("/:a/:a/b?c", "take it out");
  expect_refused("/\xC3\xA9/../a", "encode it, too");
  expect_refused("/users/:1?", "is no parameter");
  for (const char* pattern :
       {"GET /a b", "a b/*c", "?", "/a?b c", "/:x/b c/:x", "/{a}/*/b", "../a", "a\\b/:", ":a?"}) {
    const std::string message = refusal(pattern);
    const std::size_t advice = message.find("write \"");
    if (advice == message.npos) continue;
    const std::size_t begin = advice + 7;
    EXPECT_EQ(refusal(message.substr(begin, message.find('"', begin) - begin)), "") << message;
  }
}

TEST(Pattern, AParameterNeedsAName) {
  expect_refused("/:", "no name");
  expect_refused("/a/:/b", "no name");
}

TEST(Pattern, ThereAreNoOptionalSegments) {
  expect_refused("/users/:id?", "two patterns, one with the parameter \":id\"");
}

TEST(Pattern, AStarIsTheWholeLastSegment) {
  for (const char* pattern : {"/a*", "/*a", "/**", "/a/**", "/*/b", "/*/", "/a/*b/c", "/*/*"}) {
    expect_refused(pattern, "make it the whole last segment");
  }
}

TEST(Pattern, ARepeatedNameIsAnError) {
  expect_refused("/:id/x/:id", "\":id\" appears twice");
  EXPECT_EQ(refusal("/:id/x/:Id"), "");
}

// RFC 3986 section 5.2.4: who resolves a reference takes the dot segments out.
TEST(Pattern, DotSegmentsAreErrors) {
  for (const char* pattern : {"/.", "/..", "/a/../b", "/a/./b", "/%2e", "/.%2E/b", "/%2E%2e"}) {
    expect_refused(pattern, "\"..\"");
  }
  for (const char* pattern :
       {"/...", "/.a", "/a.", "/..a", "/.well-known/x", "/%2e%2e%2e", "/%2f"}) {
    EXPECT_EQ(refusal(pattern), "");
  }
}

TEST(Pattern, QueriesAndFragmentsAreErrors) {
  expect_refused("/a/b?x=1", "write \"/a/b\"");
  expect_refused("/a/b#top", "write \"/a/b\"");
}

// RFC 3986 section 3.3 and the URL Standard's path percent-encode set.
TEST(Pattern, BytesThatClientsEncodeAreErrorsThatShowTheEncodedForm) {
  expect_refused("/caf\xC3\xA9", "write \"/caf%C3%A9\"");
  expect_refused("/hello world", "write \"/hello%20world\"");
  expect_refused("/a\\b", "write \"/a%5Cb\"");
  expect_refused("/<\">`", "write \"/%3C%22%3E%60\"");
  expect_refused("/users/{id}", "write \"/users/%7Bid%7D\", or \":name\"");
  expect_refused(std::string_view("/a\0b", 4), "write \"/a%00b\"");
  expect_refused("/a\r\n\x7F", "write \"/a%0D%0A%7F\"");
}

TEST(Pattern, BytesThatClientsSendAsTheyAreAreLiteral) {
  for (int c = 0x21; c < 0x7F; ++c) {
    if (std::string_view("\"#*/<>?\\`{}.").find(static_cast<char>(c)) != std::string_view::npos) {
      continue;
    }
    const std::string text = std::string("/x") + static_cast<char>(c);
    EXPECT_EQ(refusal(text), "") << text;
  }
}

TEST(Pattern, HasAtMost32Parameters) {
  EXPECT_EQ(refusal(repeated("/:p", 32)), "");
  EXPECT_EQ(refusal(repeated("/:p", 31) + "/*"), "");
  expect_refused(repeated("/:p", 33), "33 parameters, at most 32");
  expect_refused(repeated("/:p", 32) + "/*", "33 parameters, at most 32");
}

TEST(Pattern, HasAtMost64Segments) {
  EXPECT_EQ(refusal(repeated("/s", 64)), "");
  EXPECT_EQ(refusal(repeated("/s", 63) + "/*"), "");
  expect_refused(repeated("/s", 65), "65 segments, at most 64");
}

TEST(Pattern, AMessageHoldsNoControlCharacters) {
  EXPECT_EQ(quote_pattern(std::string_view("/a\n\0\x7F", 5)), "\"/a\\x0A\\x00\\x7F\"");
  EXPECT_EQ(refusal("/a\nb").find('\n'), std::string::npos);
}

}  // namespace
}  // namespace bao::routing
