#include "http/parameters.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bao::http {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Nothing if the field is malformed.
std::optional<Pairs> read(std::string_view field) {
  Parameters parameters(field);
  Pairs pairs;
  std::string_view name;
  for (std::string value; parameters.next(name, value);) pairs.emplace_back(name, value);
  if (parameters.malformed()) return std::nullopt;
  return pairs;
}

// RFC 9110 section 5.6.6
TEST(Parameters, AreTokensAndQuotedStrings) {
  EXPECT_EQ(Parameters(" text/plain ; a=b").first(), "text/plain");
  EXPECT_EQ(read("x"), Pairs{});
  EXPECT_EQ(read("x;a=b;C=\"d e\""), (Pairs{{"a", "b"}, {"C", "d e"}}));
  EXPECT_EQ(read("x ; a=b\t;\tc=\";\" "), (Pairs{{"a", "b"}, {"c", ";"}}));
  EXPECT_EQ(read("x;;a=b; ;"), (Pairs{{"a", "b"}})) << "empty ones are allowed";
  EXPECT_EQ(read("x;a=\"\""), (Pairs{{"a", ""}}));
}

TEST(Parameters, BackslashesEscapeQuotesAndThemselvesOnly) {
  EXPECT_EQ(read(R"(x;a="\"\\\n")"), (Pairs{{"a", "\"\\\\n"}}));
}

TEST(Parameters, MayBeMalformed) {
  for (const char* field : {"x;a", "x;a=", "x;=b", "x;a b=c", "x;a=\"b", "x;a=\"b\"c", "x;a=b c",
                            "x;\"a\"=b", "x;a=\"\\\"", "x;a = b"}) {
    EXPECT_EQ(read(field), std::nullopt) << field;
  }
}

TEST(Parameters, AreFoundByName) {
  EXPECT_EQ(find_parameter("x;A=1;b=2", "a"), "1");
  EXPECT_EQ(find_parameter("x;a=1", "b"), std::nullopt);
  EXPECT_EQ(find_parameter("x;a=1;a=1", "a"), std::nullopt) << "twice";
  EXPECT_EQ(find_parameter("x;a=1;b", "a"), std::nullopt) << "malformed";
}

}  // namespace
}  // namespace bao::http
