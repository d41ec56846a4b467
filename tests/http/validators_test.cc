#include "http/validators.h"

#include <gtest/gtest.h>
#include <set>
#include <string>

namespace bao::http {
namespace {

// RFC 9110 §8.8.3: entity-tag = [ weak ] opaque-tag
TEST(ValidatorsTest, EntityTagIsQuotedAndPerhapsWeak) {
  for (std::string_view good : {R"("xyzzy")", R"(W/"xyzzy")", R"("")", R"(W/"")", R"("a,b")",
                                R"("back\slash")", "\"\x80\xff\"", R"("!#~")"}) {
    EXPECT_TRUE(is_entity_tag(good)) << good;
  }
  for (std::string_view bad :
       {"", "xyzzy", R"(")", R"("a)", R"(a")", R"(w/"a")", R"(W"a")", "W/", R"(W/a)", R"("a"b")",
        R"("a b")", "\"a\tb\"", "\"a\x7f\"", R"( "a")", R"("a" )", "*", R"(W/ "a")"}) {
    EXPECT_FALSE(is_entity_tag(bad)) << bad;
  }
}

// RFC 9110 §8.8.3.2, the table of examples
TEST(ValidatorsTest, ComparisonsOfTheRfc) {
  EXPECT_FALSE(strong_compare(R"(W/"1")", R"(W/"1")"));
  EXPECT_TRUE(weak_compare(R"(W/"1")", R"(W/"1")"));
  EXPECT_FALSE(strong_compare(R"(W/"1")", R"(W/"2")"));
  EXPECT_FALSE(weak_compare(R"(W/"1")", R"(W/"2")"));
  EXPECT_FALSE(strong_compare(R"(W/"1")", R"("1")"));
  EXPECT_TRUE(weak_compare(R"(W/"1")", R"("1")"));
  EXPECT_TRUE(strong_compare(R"("1")", R"("1")"));
  EXPECT_TRUE(weak_compare(R"("1")", R"("1")"));
}

TEST(ValidatorsTest, WhatIsNoEntityTagEqualsNothing) {
  for (std::string_view text : {"", "1", "*", R"("1)"}) {
    EXPECT_FALSE(strong_compare(text, text)) << text;
    EXPECT_FALSE(weak_compare(text, text)) << text;
  }
}

TEST(ValidatorsTest, StrongEtagIsSixteenQuotedHexDigits) {
  for (std::string_view bytes : {"", "a", "hello, world"}) {
    const std::string etag = make_strong_etag(bytes);
    EXPECT_EQ(etag.size(), 18u);
    EXPECT_TRUE(is_entity_tag(etag)) << etag;
    EXPECT_EQ(etag.find_first_not_of("0123456789abcdef", 1), 17u) << etag;
  }
}

// Tags are kept by caches and compared with those of other servers: they may not change by
// accident.
TEST(ValidatorsTest, StrongEtagIsTheSameEverywhere) {
  EXPECT_EQ(make_strong_etag(""), R"("f05ee3a3290c2751")");
  EXPECT_EQ(make_strong_etag("hello"), R"("c4bc9a6567ad6080")");
  EXPECT_EQ(make_strong_etag("hello, wide world of entity tags"), R"("b304eb58adc66209")");
}

TEST(ValidatorsTest, StrongEtagDependsOnEveryBitAndOnTheLength) {
  std::set<std::string> tags;
  std::size_t made = 0;
  for (std::size_t length = 0; length <= 40; ++length) {
    const std::string zeros(length, '\0');
    tags.insert(make_strong_etag(zeros));
    ++made;
    for (std::size_t bit = 0; bit < 8 * length; ++bit) {
      std::string changed = zeros;
      changed[bit / 8] = static_cast<char>(1 << (bit % 8));
      tags.insert(make_strong_etag(changed));
      ++made;
    }
  }
  EXPECT_EQ(tags.size(), made);
}

TEST(ValidatorsTest, StrongEtagDependsOnTheOrderOfWords) {
  EXPECT_NE(make_strong_etag("aaaaaaaabbbbbbbb"), make_strong_etag("bbbbbbbbaaaaaaaa"));
}

TEST(ValidatorsTest, StrongEtagChangesAboutHalfOfItsBitsWithOneBit) {
  const std::string content(64, 'x');
  const auto hash_of = [](const std::string& bytes) {
    return std::stoull(make_strong_etag(bytes).substr(1, 16), nullptr, 16);
  };
  const unsigned long long before = hash_of(content);
  int changed_bits = 0;
  for (std::size_t bit = 0; bit < 512; ++bit) {
    std::string changed = content;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const int count = __builtin_popcountll(before ^ hash_of(changed));
    EXPECT_GT(count, 10) << "bit " << bit;
    changed_bits += count;
  }
  EXPECT_NEAR(changed_bits / 512.0, 32.0, 1.5);
}

// RFC 9110 §13.1.2
TEST(ValidatorsTest, IfNoneMatchComparesWeakly) {
  EXPECT_TRUE(if_none_match(R"("a")", R"("a")"));
  EXPECT_TRUE(if_none_match(R"(W/"a")", R"("a")"));
  EXPECT_TRUE(if_none_match(R"("a")", R"(W/"a")"));
  EXPECT_FALSE(if_none_match(R"("a")", R"("A")"));
}

TEST(ValidatorsTest, IfNoneMatchReadsLists) {
  EXPECT_TRUE(if_none_match(R"("x", W/"y" ,"a")", R"("a")"));
  EXPECT_TRUE(if_none_match(R"("a", "x")", R"("a")"));
  EXPECT_TRUE(if_none_match(R"(, "a",, ,"b",)", R"("b")")) << "empty elements are allowed";
  EXPECT_TRUE(if_none_match(R"("x","a,b")", R"("a,b")")) << "a comma inside a tag";
  EXPECT_TRUE(if_none_match(R"("x\","a")", R"("a")")) << "a backslash escapes nothing in a tag";
  EXPECT_FALSE(if_none_match(R"("x", "y")", R"("a")"));
  EXPECT_FALSE(if_none_match(R"("x,"a",")", R"("a")"));
  EXPECT_FALSE(if_none_match("", R"("a")"));
  EXPECT_FALSE(if_none_match(",", R"("a")"));
}

TEST(ValidatorsTest, StarStandsAloneAndMatchesAnything) {
  EXPECT_TRUE(if_none_match("*", R"("a")"));
  EXPECT_TRUE(if_none_match(" * ", ""));
  EXPECT_FALSE(if_none_match(R"(*, "a")", R"("a")"));
  EXPECT_FALSE(if_none_match(R"("a", *)", R"("a")"));
  EXPECT_TRUE(if_match("*", R"(W/"a")"));
}

TEST(ValidatorsTest, MalformedListsNeverMatch) {
  for (std::string_view list : {R"(a)", R"("a" "b")", R"("a""b")", R"("a", b)", R"("a", "b)",
                                R"("a", w/"b")", R"("a"; "b")", R"("a", W/)", "\"a\", \"\x01\""}) {
    EXPECT_FALSE(if_none_match(list, R"("a")")) << list;
    EXPECT_FALSE(if_match(list, R"("a")")) << list;
  }
}

// RFC 9110 §13.1.1
TEST(ValidatorsTest, IfMatchComparesStrongly) {
  EXPECT_TRUE(if_match(R"("a")", R"("a")"));
  EXPECT_TRUE(if_match(R"("x", "a")", R"("a")"));
  EXPECT_FALSE(if_match(R"(W/"a")", R"("a")"));
  EXPECT_FALSE(if_match(R"("a")", R"(W/"a")"));
  EXPECT_FALSE(if_match(R"(W/"a")", R"(W/"a")"));
  EXPECT_FALSE(if_match(R"("x")", R"("a")"));
}

}  // namespace
}  // namespace bao::http
