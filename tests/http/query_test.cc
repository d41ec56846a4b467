#include "http/query.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace bao::http {
namespace {

using Entries = std::vector<QueryParameters::Entry>;

Entries entries_of(std::string_view query) {
  return QueryParameters(query).entries();
}

// WHATWG URL Standard §5.1
TEST(QueryTest, AmpersandsSeparateAndTheFirstEqualsSignSplits) {
  EXPECT_EQ(entries_of("a=1&b=2"), (Entries{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(entries_of("a=b=c"), (Entries{{"a", "b=c"}}));
  EXPECT_EQ(entries_of("a;b=1"), (Entries{{"a;b", "1"}}));
  EXPECT_EQ(entries_of("?a=1"), (Entries{{"?a", "1"}})) << "the mark is the caller's to remove";
}

TEST(QueryTest, NamesAndValuesMayBeMissing) {
  EXPECT_EQ(entries_of("a"), (Entries{{"a", ""}}));
  EXPECT_EQ(entries_of("a="), (Entries{{"a", ""}}));
  EXPECT_EQ(entries_of("=1"), (Entries{{"", "1"}}));
  EXPECT_EQ(entries_of("="), (Entries{{"", ""}}));
}

TEST(QueryTest, EmptyParametersAreSkipped) {
  EXPECT_EQ(entries_of(""), Entries{});
  EXPECT_EQ(entries_of("&"), Entries{});
  EXPECT_EQ(entries_of("&&a=1&&b=2&"), (Entries{{"a", "1"}, {"b", "2"}}));
}

TEST(QueryTest, PlusIsASpaceAndAnEncodedPlusIsAPlus) {
  EXPECT_EQ(entries_of("a+b=c+d%2Be"), (Entries{{"a b", "c d+e"}}));
}

TEST(QueryTest, NamesAndValuesArePercentDecodedAfterTheSplit) {
  EXPECT_EQ(entries_of("%61%3D=%26%3d"), (Entries{{"a=", "&="}}));
  EXPECT_EQ(entries_of("a=%E4%BD%A0"), (Entries{{"a", "\xE4\xBD\xA0"}}));
  EXPECT_EQ(entries_of("a=100%&b=%zz&c=%4"), (Entries{{"a", "100%"}, {"b", "%zz"}, {"c", "%4"}}));
}

TEST(QueryTest, IllFormedUtf8BecomesReplacementCharacters) {
  EXPECT_EQ(entries_of("a=%FF&\xFF=1"), (Entries{{"a", "\xEF\xBF\xBD"}, {"\xEF\xBF\xBD", "1"}}));
  EXPECT_EQ(entries_of("a=+%E4+"), (Entries{{"a", " \xEF\xBF\xBD "}}));
}

TEST(QueryTest, RepeatedNamesKeepTheirOrder) {
  const QueryParameters query("a=1&b=2&a=3&%61=4");
  EXPECT_EQ(query.get("a"), "1");
  EXPECT_EQ(query.get_all("a"), (std::vector<std::string>{"1", "3", "4"}));
  EXPECT_EQ(query.entries().size(), 4u);
}

TEST(QueryTest, LooksUpByDecodedCaseSensitiveName) {
  const QueryParameters query("a%20b=1&empty");
  EXPECT_EQ(query.get("a b"), "1");
  EXPECT_EQ(query.get("a%20b"), std::nullopt);
  EXPECT_EQ(query.get("A b"), std::nullopt);
  EXPECT_EQ(query.get("empty"), "");
  EXPECT_TRUE(query.has("empty"));
  EXPECT_FALSE(query.has("other"));
  EXPECT_TRUE(query.get_all("other").empty());
}

TEST(QueryTest, EntriesOfATemporaryMayBeWalkedOver) {
  std::size_t count = 0;
  for (const auto& [name, value] :
       QueryParameters("a=a value that is too long for a short string").entries()) {
    EXPECT_EQ(name, "a");
    EXPECT_EQ(value, "a value that is too long for a short string");
    ++count;
  }
  EXPECT_EQ(count, 1u);
}

TEST(QueryTest, OwnsItsStrings) {
  auto text = std::make_unique<std::string>("name=a value that is too long for a short string");
  const QueryParameters query(*text);
  text.reset();
  EXPECT_EQ(query.get("name"), "a value that is too long for a short string");
}

}  // namespace
}  // namespace bao::http
