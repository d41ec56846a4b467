#include "http/relative_path.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace bao::http {
namespace {

std::string names_of(std::string_view encoded) {
  const auto path = parse_relative_path(encoded);
  return path ? path->names : "none";
}

TEST(RelativePath, NamesAFile) {
  EXPECT_EQ(names_of("a.txt"), "a.txt");
  EXPECT_EQ(names_of("a/b/c.txt"), "a/b/c.txt");
  EXPECT_FALSE(parse_relative_path("a/b")->names_folder);
}

TEST(RelativePath, NamesAFolderByItsSlash) {
  EXPECT_EQ(names_of(""), "");
  EXPECT_TRUE(parse_relative_path("")->names_folder);
  EXPECT_EQ(names_of("a/"), "a");
  EXPECT_TRUE(parse_relative_path("a/b/")->names_folder);
}

// RFC 3986 section 2.1
TEST(RelativePath, DecodesOnce) {
  EXPECT_EQ(names_of("a%20b"), "a b");
  EXPECT_EQ(names_of("%C3%A9.txt"), "\xC3\xA9.txt");
  EXPECT_EQ(names_of("%c3%a9.txt"), "\xC3\xA9.txt");
  EXPECT_EQ(names_of("100%25"), "100%");
  EXPECT_EQ(names_of("%252e%252e"), "%2e%2e") << "what was decoded is not decoded again";
  EXPECT_EQ(names_of("%252F"), "%2F");
  EXPECT_EQ(names_of("a%3Fb"), "a?b");
}

// Reserved characters mean something else encoded than not, so both spellings are used (section
// 2.2).
TEST(RelativePath, TakesReservedCharactersInBothSpellings) {
  EXPECT_EQ(names_of("a+b,c;d=e"), "a+b,c;d=e");
  EXPECT_EQ(names_of("a%2Bb%2Cc%3Bd%3De"), "a+b,c;d=e");
  EXPECT_EQ(names_of("[x]|{y}"), "[x]|{y}");
}

// RFC 3986 section 2.3
TEST(RelativePath, RefusesNeedlessEscapes) {
  for (std::string_view path : {"%61", "%41.txt", "a%2Etxt", "a%2ehtml", "%7Ea", "a%2Db", "a%5Fb",
                                "%30", "%2e", "%2E%2E/x", ".%2e", "%2e."}) {
    EXPECT_FALSE(parse_relative_path(path)) << path;
  }
}

TEST(RelativePath, RefusesMalformedEscapes) {
  for (std::string_view path :
       {"%", "%4", "a%", "a%2", "%zz", "%2", "%G0", "%%", "% 20", "%u0041"}) {
    EXPECT_FALSE(parse_relative_path(path)) << path;
  }
}

TEST(RelativePath, RefusesDotSegments) {
  for (std::string_view path : {".", "..", "./", "../", "a/.", "a/..", "a/../b", "./a", "a/./b"}) {
    EXPECT_FALSE(parse_relative_path(path)) << path;
  }
}

TEST(RelativePath, RefusesEmptySegments) {
  for (std::string_view path : {"/", "//", "/a", "a//b", "a//"}) {
    EXPECT_FALSE(parse_relative_path(path)) << path;
  }
}

TEST(RelativePath, RefusesWhatNoNameHolds) {
  for (std::string_view path : {"a%2Fb", "a%2fb", "%2F", "a%00", "%00", "a%00.txt", "a\\b", "a%5Cb",
                                "..%5C", "a%0Ab", "%1F", "a%7F", "%0D%0A"}) {
    EXPECT_FALSE(parse_relative_path(path)) << path;
  }
}

// RFC 3629 section 4: overlong forms of `.` and `/` among them
TEST(RelativePath, RefusesWhatIsNoUtf8) {
  for (std::string_view path : {"%C0%AE%C0%AE", "%c0%af", "%E0%80%AF", "%F0%80%80%AF", "%FF", "%E9",
                                "a%C3", "%ED%A0%80", "%C1%9C"}) {
    EXPECT_FALSE(parse_relative_path(path)) << path;
  }
}

TEST(RelativePath, SeesDotNames) {
  EXPECT_TRUE(parse_relative_path(".git/config")->has_dot_name);
  EXPECT_TRUE(parse_relative_path("a/.env")->has_dot_name);
  EXPECT_TRUE(parse_relative_path("...")->has_dot_name);
  EXPECT_FALSE(parse_relative_path("a.b/c.d")->has_dot_name);
}

TEST(RelativePath, SaysWhichNamesCanBeAskedFor) {
  for (std::string_view name : {"a", "a b", "a:b", "...", ".x", "%2e", "\xC3\xA9"}) {
    EXPECT_TRUE(is_servable_name(name)) << name;
  }
  for (std::string_view name : {"", ".", "..", "a/b", "a\\b", "a\nb", "\x7F", "\xC3"}) {
    EXPECT_FALSE(is_servable_name(name)) << name;
  }
}

}  // namespace
}  // namespace bao::http
