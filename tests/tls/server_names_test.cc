#include "tls/server_names.h"

#include <gtest/gtest.h>

namespace bao::tls {
namespace {

std::optional<size_t> find(const ServerNames& names, const char* name) {
  return names.find(name);
}

TEST(ServerNamesTest, ExactNames) {
  ServerNames names;
  names.add("one.example", 1);
  names.add("Two.Example.", 2);
  EXPECT_EQ(find(names, "one.example"), 1u);
  EXPECT_EQ(find(names, "two.example"), 2u);
  EXPECT_EQ(find(names, "three.example"), std::nullopt);
  EXPECT_EQ(find(names, ""), std::nullopt);
}

TEST(ServerNamesTest, AStarStandsForExactlyOneLabel) {
  ServerNames names;
  names.add("*.example.com", 1);
  EXPECT_EQ(find(names, "a.example.com"), 1u);
  EXPECT_EQ(find(names, "a.b.example.com"), std::nullopt);
  EXPECT_EQ(find(names, "example.com"), std::nullopt);
  EXPECT_EQ(find(names, "aexample.com"), std::nullopt);
}

TEST(ServerNamesTest, ALoneStarStandsForNamesOfOneLabel) {
  ServerNames names;
  names.add("*", 1);
  EXPECT_EQ(find(names, "localhost"), 1u);
  EXPECT_EQ(find(names, "a.b"), std::nullopt);
}

TEST(ServerNamesTest, ExactNamesComeFirst) {
  ServerNames names;
  names.add("a.example.com", 1);
  names.add("*.example.com", 2);
  EXPECT_EQ(find(names, "a.example.com"), 1u);
  EXPECT_EQ(find(names, "b.example.com"), 2u);
}

TEST(ServerNamesTest, LaterEntriesWin) {
  ServerNames names;
  names.add("a.example", 1);
  names.add("A.EXAMPLE.", 2);
  names.add("*.example", 3);
  names.add("*.example.", 4);
  EXPECT_EQ(find(names, "a.example"), 2u);
  EXPECT_EQ(find(names, "b.example"), 4u);
}

TEST(ServerNamesTest, WhatCannotBeAName) {
  for (const char* good : {"a", "a.b", "*.a", "*", "xn--bcher-kva.example", "A_1-b.c."}) {
    EXPECT_EQ(ServerNames::fault(good), std::nullopt) << good;
  }
  for (const char* wrong : {"", ".", "a..b", "a b", "https://a", "a:443"}) {
    EXPECT_EQ(ServerNames::fault(wrong), "give a host name, as in \"example.com\"") << wrong;
  }
  for (const char* wrong : {"a*.b", "a.*", "*.*.a", "**", "*a"}) {
    EXPECT_EQ(ServerNames::fault(wrong),
              "a * stands for the whole first label, as in \"*.example.com\"")
        << wrong;
  }
  EXPECT_EQ(ServerNames::fault("b\xC3\xBC"
                               "cher.example"),
            "give the name's ASCII form, as in \"xn--bcher-kva.example\"");
}

}  // namespace
}  // namespace bao::tls
