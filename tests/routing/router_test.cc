#include "routing/router.h"

#include <cstring>
#include <gtest/gtest.h>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bao::routing {
namespace {

/// A router that can say by name what matched.
struct Table {
  explicit Table(std::vector<std::string> list) : patterns(std::move(list)) {
    Router::Builder builder;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      builder.add(patterns[i], static_cast<std::uint32_t>(i));
    }
    router = std::move(builder).build();
  }
  Table(std::initializer_list<std::string> list) : Table(std::vector<std::string>(list)) {}

  /// "<pattern> name=value ...", or "-" if nothing matches.
  std::string match(std::string_view path) const {
    // Memory of exactly the path's size: a sanitizer sees each byte too many.
    const std::unique_ptr<char[]> copy(new char[path.size()]);
    if (!path.empty()) std::memcpy(copy.get(), path.data(), path.size());
    Match match;
    return router.match({copy.get(), path.size()}, match) ? text(match) : "-";
  }

  /// All matches of `path`, the most specific first, each followed by ";".
  std::string all(std::string_view path) const {
    std::string list;
    Match match;
    for (bool more = router.match(path, match); more; more = router.next_match(path, match)) {
      list += text(match) + ";";
    }
    return list;
  }

  std::string text(const Match& match) const {
    std::string text = patterns.at(match.route());
    for (std::size_t i = 0; i < match.size(); ++i) {
      text += " " + std::string(match[i].name) + "=" + std::string(match[i].raw_value);
    }
    return text;
  }

  std::vector<std::string> patterns;
  Router router;
};

TEST(Router, AnEmptyTableMatchesNothing) {
  Match match;
  EXPECT_FALSE(Router().match("/", match));
  EXPECT_EQ(Table{}.match("/"), "-");
  EXPECT_EQ(Table{}.match(""), "-");
}

TEST(Router, WhatDoesNotBeginWithASlashMatchesNothing) {
  const Table table{"/", "/*", "/:a"};
  EXPECT_EQ(table.match(""), "-");
  EXPECT_EQ(table.match("*"), "-");  // OPTIONS *, RFC 9112 section 3.2.4
  EXPECT_EQ(table.match("a/b"), "-");
  EXPECT_EQ(table.match("http://host/a"), "-");
}

TEST(Router, ALiteralMatchesItselfOnly) {
  const Table table{"/", "/users", "/users/all"};
  EXPECT_EQ(table.match("/"), "/");
  EXPECT_EQ(table.match("/users"), "/users");
  EXPECT_EQ(table.match("/users/all"), "/users/all");
  EXPECT_EQ(table.match("/user"), "-");
  EXPECT_EQ(table.match("/userss"), "-");
  EXPECT_EQ(table.match("/users/all/x"), "-");
}

TEST(Router, CaseMatters) {
  EXPECT_EQ(Table{"/users"}.match("/Users"), "-");
}

TEST(Router, ATrailingSlashMatters) {
  const Table table{"/a", "/b/", "/c/:p", "/d/:p/"};
  EXPECT_EQ(table.match("/a/"), "-");
  EXPECT_EQ(table.match("/b"), "-");
  EXPECT_EQ(table.match("/b/"), "/b/");
  EXPECT_EQ(table.match("/c/1"), "/c/:p p=1");
  EXPECT_EQ(table.match("/c/1/"), "-");
  EXPECT_EQ(table.match("/d/1"), "-");
  EXPECT_EQ(table.match("/d/1/"), "/d/:p/ p=1");
}

// RFC 3986 section 2.4: components are taken apart before they are decoded.
TEST(Router, PathsAreComparedBeforeDecoding) {
  const Table table{"/lit", "/caf%C3%A9", "/a%2Fb", "/a/:p/b"};
  EXPECT_EQ(table.match("/l%69t"), "-");
  EXPECT_EQ(table.match("/caf%C3%A9"), "/caf%C3%A9");
  EXPECT_EQ(table.match("/caf%c3%a9"), "-");
  EXPECT_EQ(table.match("/caf\xC3\xA9"), "-");
  EXPECT_EQ(table.match("/a%2Fb"), "/a%2Fb");
  EXPECT_EQ(table.match("/a/b"), "-");
  EXPECT_EQ(table.match("/a/x%2Fb"), "-");
  EXPECT_EQ(table.match("/a/x%2Fy/b"), "/a/:p/b p=x%2Fy");
}

TEST(Router, AParameterTakesOneRawSegment) {
  const Table table{"/a/:p/b"};
  EXPECT_EQ(table.match("/a/x/b"), "/a/:p/b p=x");
  EXPECT_EQ(table.match("/a/%FF%00%zz%/b"), "/a/:p/b p=%FF%00%zz%");
  EXPECT_EQ(table.match("/a/:p/b"), "/a/:p/b p=:p");
  EXPECT_EQ(table.match("/a/../b"), "/a/:p/b p=..");
  EXPECT_EQ(table.match("/a/x;v=1+2/b"), "/a/:p/b p=x;v=1+2");
  EXPECT_EQ(table.match("/a/x"), "-");
  EXPECT_EQ(table.match("/a/x/y/b"), "-");
}

TEST(Router, AParameterTakesNoEmptySegment) {
  const Table table{"/a/:p", "/:p/b", "/c/:p/d"};
  EXPECT_EQ(table.match("/a/"), "-");
  EXPECT_EQ(table.match("/a//"), "-");
  EXPECT_EQ(table.match("//b"), "-");
  EXPECT_EQ(table.match("/c//d"), "-");
}

TEST(Router, AnEmptyLiteralMatchesAnEmptySegment) {
  const Table table{"/a//b", "//:p", "/:p//c"};
  EXPECT_EQ(table.match("/a//b"), "/a//b");
  EXPECT_EQ(table.match("/a/b"), "-");
  EXPECT_EQ(table.match("//x"), "//:p p=x");
  EXPECT_EQ(table.match("/x//c"), "/:p//c p=x");
}

TEST(Router, TheWildcardTakesTheRestEvenAnEmptyOne) {
  const Table table{"/files/*", "/:p/x/*"};
  EXPECT_EQ(table.match("/files/a"), "/files/* *=a");
  EXPECT_EQ(table.match("/files/a/b/c.css"), "/files/* *=a/b/c.css");
  EXPECT_EQ(table.match("/files/"), "/files/* *=");
  EXPECT_EQ(table.match("/files//"), "/files/* *=/");
  EXPECT_EQ(table.match("/files//a"), "/files/* *=/a");
  EXPECT_EQ(table.match("/files/%2F/.."), "/files/* *=%2F/..");
  EXPECT_EQ(table.match("/files"), "-");
  EXPECT_EQ(table.match("/filesx"), "-");
  EXPECT_EQ(table.match("/1/x/"), "/:p/x/* p=1 *=");
  EXPECT_EQ(table.match("/1/x/y/z"), "/:p/x/* p=1 *=y/z");
  EXPECT_EQ(table.match("/1/x"), "-");
}

TEST(Router, TheWildcardAtTheRootTakesEveryPath) {
  const Table table{"/*"};
  EXPECT_EQ(table.match("/"), "/* *=");
  EXPECT_EQ(table.match("//"), "/* *=/");
  EXPECT_EQ(table.match("/a/b"), "/* *=a/b");
}

TEST(Router, ALiteralGoesBeforeAParameterAndThatBeforeTheWildcard) {
  for (const std::vector<std::string>& patterns :
       {std::vector<std::string>{"/a/b", "/a/:p", "/a/*", "/*"},
        std::vector<std::string>{"/*", "/a/*", "/a/:p", "/a/b"}}) {
    const Table table(patterns);
    EXPECT_EQ(table.match("/a/b"), "/a/b");
    EXPECT_EQ(table.match("/a/c"), "/a/:p p=c");
    EXPECT_EQ(table.match("/a/"), "/a/* *=");
    EXPECT_EQ(table.match("/a/c/d"), "/a/* *=c/d");
    EXPECT_EQ(table.match("/a"), "/* *=a");
  }
}

TEST(Router, TheFirstSegmentThatDiffersDecides) {
  const Table table{"/:a/x", "/b/:y", "/:a/*", "/c/*", "/:a/:b/d"};
  EXPECT_EQ(table.match("/b/x"), "/b/:y y=x");
  EXPECT_EQ(table.match("/z/x"), "/:a/x a=z");
  EXPECT_EQ(table.match("/z/y"), "/:a/* a=z *=y");
  EXPECT_EQ(table.match("/c/y/d"), "/c/* *=y/d");
  EXPECT_EQ(table.match("/z/y/d"), "/:a/:b/d a=z b=y");
}

TEST(Router, ADeadEndDoesNotHideALessSpecificPattern) {
  const Table table{"/b/:y/z", "/:a/x", "/a/b/c", "/a/:p/d", "/*", "/a/:p/:q/e", "/:r/b/c/d"};
  EXPECT_EQ(table.match("/b/x"), "/:a/x a=b");
  EXPECT_EQ(table.match("/a/b/d"), "/a/:p/d p=b");
  EXPECT_EQ(table.match("/a/b/e"), "/* *=a/b/e");
  EXPECT_EQ(table.match("/a/b/c/e"), "/a/:p/:q/e p=b q=c");
  EXPECT_EQ(table.match("/a/b/c/d"), "/:r/b/c/d r=a");
}

TEST(Router, NextMatchGoesOnToLessSpecificPatterns) {
  const Table table{"/a/b", "/a/:p", "/:q/b", "/a/*", "/:q/:r", "/:q/*", "/*", "/a/c"};
  EXPECT_EQ(table.all("/a/b"),
            "/a/b;/a/:p p=b;/a/* *=b;/:q/b q=a;/:q/:r q=a r=b;/:q/* q=a *=b;/* *=a/b;");
  EXPECT_EQ(table.all("/x"), "/* *=x;");
  EXPECT_EQ((Table{"/a"}.all("/a")), "/a;");
}

TEST(Router, WhereNothingMatchesTheMatchStaysAsItWas) {
  const Table table{"/a/:p"};
  Match match;
  ASSERT_TRUE(table.router.match("/a/1", match));
  EXPECT_FALSE(table.router.next_match("/a/1", match));
  EXPECT_FALSE(table.router.match("/b", match));
  EXPECT_EQ(table.text(match), "/a/:p p=1");
}

TEST(Router, TwoPatternsOfOneShapeAreAnErrorThatNamesBoth) {
  for (const auto& [first, second] :
       {std::pair{"/users/:id", "/users/:name"}, std::pair{"/u/:id/*", "/u/:name/*"}}) {
    Router::Builder builder;
    builder.add(first, 0);
    try {
      builder.add(second, 1);
      FAIL() << second;
    } catch (const PatternError& error) {
      EXPECT_NE(std::string(error.what()).find(first), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find(second), std::string::npos) << error.what();
    }
  }
}

TEST(Router, TheSamePatternTwiceIsAnError) {
  for (const char* pattern : {"/", "/a", "/a/:b", "/*"}) {
    Router::Builder builder;
    builder.add(pattern, 0);
    EXPECT_THROW(builder.add(pattern, 1), PatternError) << pattern;
  }
}

TEST(Router, NamesThatDifferInOnePlaceStayWithTheirPatterns) {
  const Table table{"/users/:id/a", "/users/:name/b", "/users/:who"};
  EXPECT_EQ(table.match("/users/1/a"), "/users/:id/a id=1");
  EXPECT_EQ(table.match("/users/1/b"), "/users/:name/b name=1");
  EXPECT_EQ(table.match("/users/1"), "/users/:who who=1");
}

TEST(Router, ABuilderIsAsBeforeAfterAnError) {
  Router::Builder builder;
  builder.add("/a/:b", 7);
  EXPECT_THROW(builder.add("/a/:c", 8), PatternError);
  EXPECT_THROW(builder.add("/:a/:a", 9), PatternError);
  builder.add("/:c/:a", 10);
  const Router router = std::move(builder).build();
  Match match;
  ASSERT_TRUE(router.match("/a/1", match));
  EXPECT_EQ(match.route(), 7u);
  ASSERT_TRUE(router.match("/x/1", match));
  EXPECT_EQ(match.route(), 10u);
}

TEST(Router, ReportsTheCallersNumberWhateverItIs) {
  Router::Builder builder;
  builder.add("/a", UINT32_MAX);
  builder.add("/:b/", UINT32_MAX);
  const Router router = std::move(builder).build();
  Match match;
  ASSERT_TRUE(router.match("/a", match));
  EXPECT_EQ(match.route(), UINT32_MAX);
  ASSERT_TRUE(router.match("/x/", match));
  EXPECT_EQ(match.route(), UINT32_MAX);
}

TEST(Router, AParameterIsFoundByName) {
  const Table table{"/:a/:b/*"};
  Match match;
  ASSERT_TRUE(table.router.match("/1/2/3/4", match));
  EXPECT_EQ(match.find("a"), "1");
  EXPECT_EQ(match.find("b"), "2");
  EXPECT_EQ(match.find("*"), "3/4");
  EXPECT_EQ(match.find("c"), std::nullopt);
}

TEST(Router, AMatchMovesToACopyOfThePath) {
  const Table table{"/:a/*"};
  std::string path = "/one/two";
  Match match;
  ASSERT_TRUE(table.router.match(path, match));
  const std::string copy = path;
  match.rebase(copy.data());
  path.assign(path.size(), '#');
  EXPECT_EQ(match.find("a"), "one");
  EXPECT_EQ(match.find("*"), "two");
}

TEST(Router, AMatchOutlivesTheMoveOfItsRouter) {
  Table table{"/:a/:b"};
  Match match;
  ASSERT_TRUE(table.router.match("/1/2", match));
  const Router moved = std::move(table.router);
  EXPECT_EQ(match[0].name, "a");
  EXPECT_EQ(match[1].name, "b");
  static_assert(!std::is_copy_constructible_v<Router>);
}

TEST(Router, ThirtyTwoParametersMatch) {
  std::string pattern;
  std::string path;
  for (int i = 0; i < 32; ++i) {
    pattern += "/x/:p" + std::to_string(i);
    path += "/x/" + std::to_string(i);
  }
  const Table table(std::vector<std::string>{pattern});
  Match match;
  ASSERT_TRUE(table.router.match(path, match));
  ASSERT_EQ(match.size(), 32u);
  for (std::size_t i = 0; i < 32; ++i) {
    EXPECT_EQ(match[i].name, "p" + std::to_string(i));
    EXPECT_EQ(match[i].raw_value, std::to_string(i));
  }
  EXPECT_EQ(table.match(path + "/"), "-");
  EXPECT_EQ(table.match(path + "/x/1"), "-");
}

TEST(Router, PathsOf64KiBMatch) {
  const Table table{"/:a", "/b/*", "/c/:d/e"};
  const std::string big(65000, 'a');
  EXPECT_EQ(table.match("/" + big), "/:a a=" + big);
  EXPECT_EQ(table.match("/c/" + big + "/e"), "/c/:d/e d=" + big);
  std::string slashes(65000, '/');
  EXPECT_EQ(table.match("/b/" + slashes), "/b/* *=" + slashes);
  EXPECT_EQ(table.match(slashes), "-");
}

/// More than 64 patterns with parameters make the sets of ranks longer than one word, more than
/// 4096 make each bit of their summaries stand for several words.
class RouterOfSize : public testing::TestWithParam<int> {};

TEST_P(RouterOfSize, FindsEachPatternAmongMany) {
  const int count = GetParam();
  std::vector<std::string> patterns;
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    patterns.push_back("/svc" + n + "/:id");
    patterns.push_back("/:tenant/svc" + n);
    patterns.push_back("/svc" + n + "/*");
    patterns.push_back("/svc" + n + "/home");
  }
  patterns.push_back("/:a/:b");
  patterns.push_back("/*");
  const Table table(patterns);
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_EQ(table.match("/svc" + n + "/home"), "/svc" + n + "/home");
    ASSERT_EQ(table.match("/svc" + n + "/7"), "/svc" + n + "/:id id=7");
    ASSERT_EQ(table.match("/t/svc" + n), "/:tenant/svc" + n + " tenant=t");
    ASSERT_EQ(table.match("/svc" + n + "/7/"), "/svc" + n + "/* *=7/");
    ASSERT_EQ(table.all("/svc" + n + "/svc0"),
              "/svc" + n + "/:id id=svc0;/svc" + n + "/* *=svc0;/:tenant/svc0 tenant=svc" + n +
                  ";/:a/:b a=svc" + n + " b=svc0;/* *=svc" + n + "/svc0;");
  }
  EXPECT_EQ(table.match("/nope/x"), "/:a/:b a=nope b=x");
  EXPECT_EQ(table.match("/nope"), "/* *=nope");
}

INSTANTIATE_TEST_SUITE_P(Sizes, RouterOfSize,
                         testing::Values(1, 20, 21, 22, 500, 1364, 1366, 3000));

// The table of all patterns of `depth` segments that are each a literal or a parameter makes a
// walk with backtracking visit every one of its 2^depth patterns for a path that none matches.
TEST(Router, AnAdversarialTableCostsNoMoreThanTheStatedBound) {
  constexpr std::size_t kDepth = 11;
  std::vector<std::string> patterns;
  for (std::size_t bits = 0; bits < 1u << kDepth; ++bits) {
    std::string pattern;
    for (std::size_t i = 0; i < kDepth; ++i) {
      pattern += (bits >> i & 1) != 0 ? "/a" : "/:p" + std::to_string(i);
    }
    patterns.push_back(pattern + "/end");
  }
  const Table table(patterns);
  const std::size_t ranked = patterns.size() - 1;  // one has no parameter
  const std::size_t longest_lookup = 8;

  std::string path;
  for (std::size_t i = 0; i < kDepth; ++i) path += "/a";
  for (const char* end : {"/no", "/end", "/no/no", "/", ""}) {
    const MatchEffort effort = table.router.effort(path + end);
    EXPECT_LE(effort.segments, kDepth + 1);
    EXPECT_LE(effort.slots, (kDepth + 2) * longest_lookup);
    EXPECT_LE(effort.words, (kDepth + 2) * (1 + (ranked + 63) / 64));
  }
  EXPECT_EQ(table.match(path + "/no"), "-");
  EXPECT_EQ(table.match(path + "/end"), path + "/end");
}

TEST(Router, APathDeeperThanAllPatternsIsReadNoFurtherThanTheyReach) {
  const Table table{"/a/:b/c", "/a/*"};
  std::string path = "/a";
  for (int i = 0; i < 30000; ++i) path += "/b";
  const MatchEffort effort = table.router.effort(path);
  EXPECT_LE(effort.segments, 3u);
  EXPECT_LE(effort.slots, 12u);
  EXPECT_LE(effort.words, 8u);
}

TEST(Router, AMissOnTheFirstSegmentStopsThere) {
  const Table table{"/a/:b/c", "/b/*"};
  EXPECT_EQ(table.router.effort("/x/y/z").segments, 1u);
}

}  // namespace
}  // namespace bao::routing
