#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <bao/cookie.h>
#include <bao/fields.h>

#include "http/cookie.h"

namespace bao {
namespace {

using namespace std::chrono_literals;
using Entries = std::vector<Cookies::Entry>;

std::string what_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

// RFC 6265 section 4.1.1; the defaults are Bun's.
TEST(SetCookie, IsForEveryPathAndLaxUnlessTold) {
  EXPECT_EQ(Cookie("a", "b").to_string(), "a=b; Path=/; SameSite=Lax");
}

TEST(SetCookie, HasEveryAttributeInBunsOrder) {
  EXPECT_EQ(Cookie("a", "b")
                .partitioned()
                .same_site(Cookie::SameSite::none)
                .http_only()
                .secure()
                .max_age(5s)
                .expires(std::chrono::system_clock::from_time_t(1000000000))
                .path("/p")
                .domain("x.com")
                .to_string(),
            "a=b; Domain=x.com; Path=/p; Expires=Sun, 09 Sep 2001 01:46:40 GMT; Max-Age=5; Secure; "
            "HttpOnly; Partitioned; SameSite=None");
  EXPECT_EQ(Cookie("a", "").same_site(Cookie::SameSite::strict).path("").to_string(),
            "a=; SameSite=Strict");
  EXPECT_EQ(Cookie("a", "b").secure().secure(false).max_age(-1s).to_string(),
            "a=b; Path=/; Max-Age=-1; SameSite=Lax");
}

TEST(SetCookie, TimesBeforeASecondsEndBelongToThatSecond) {
  const auto before = std::chrono::system_clock::from_time_t(0) - 1ms;
  EXPECT_EQ(Cookie("a", "b").expires(before).to_string(),
            "a=b; Path=/; Expires=Wed, 31 Dec 1969 23:59:59 GMT; SameSite=Lax");
}

// As encodeURIComponent does, so that no value ends the cookie, the field or the head.
TEST(SetCookie, ValuesAreEncoded) {
  const std::string value = "b c;d,e\"f\\g%h=i+\xC3\xA9/?:@!'()*~-_.&\r\n" + std::string(1, '\0');
  EXPECT_EQ(Cookie("a", value).path("").to_string(),
            "a=b%20c%3Bd%2Ce%22f%5Cg%25h%3Di%2B%C3%A9%2F%3F%3A%40!'()*~-_.%26%0D%0A%00; "
            "SameSite=Lax");
  EXPECT_EQ(http::RequestCookies("a=b%20c%3Bd%2Ce%22f%5Cg%25h%3Di%2B%C3%A9%2F%3F%3A%40!'()*~-_.%26"
                                 "%0D%0A%00")
                .get("a"),
            value);
}

TEST(SetCookie, RefusesNamesThatWouldEndIt) {
  for (const char* name : {"", "a b", "a;b", "a=b", "a\r", "a\n", "a\t", "\xC3\xA9", "\x7F"}) {
    EXPECT_THROW(Cookie(name, "v"), std::invalid_argument) << name;
  }
  EXPECT_THROW(Cookie(std::string("a\0", 2), "v"), std::invalid_argument);
  for (const char* name : {"a,b", "a\"", "a/b", "__Host-x", "$a", "a(b)"}) {
    EXPECT_EQ(Cookie(name, "v").path("").to_string(), std::string(name) + "=v; SameSite=Lax");
  }
  EXPECT_EQ(what_of([] { Cookie("a;b", "v"); }),
            "A cookie has the name \"a;b\": give visible ASCII characters but ; and =");
}

TEST(SetCookie, RefusesPathsAndDomainsThatWouldEndIt) {
  for (const char* path : {"/a;b", "/a\r\n", "/\xC3\xA9", "/\x7F", "/\x01", "a"}) {
    EXPECT_THROW(Cookie("n", "v").path(path), std::invalid_argument) << path;
  }
  for (const char* domain : {"a;b", "a\r\n", "\xC3\xA9.com", "a b", "a,b", "a_b", "a:80"}) {
    EXPECT_THROW(Cookie("n", "v").domain(domain), std::invalid_argument) << domain;
  }
  EXPECT_EQ(what_of([] { Cookie("n", "v").path("a;"); }),
            "Cookie \"n\" has the path \"a;\": give one that begins with / and has ASCII "
            "characters but ;");
  EXPECT_EQ(what_of([] { Cookie("n", "v").domain("a;"); }),
            "Cookie \"n\" has the domain \"a;\": give a host of letters, digits, \".\" and \"-\"");
}

// ---- Those of a request

class CookiesTest : public ::testing::Test {
 protected:
  std::string lines() const { return changes == nullptr ? "" : std::string(changes->lines()); }
  Entries entries() const { return {cookies.begin(), cookies.end()}; }

  std::unique_ptr<Fields> changes;
  Cookies cookies{{{"a", "1"}, {"b", "2"}, {"a", "3"}}, changes};
};

TEST_F(CookiesTest, AreReadWithoutAChange) {
  EXPECT_EQ(cookies.get("a"), "1");
  EXPECT_EQ(cookies.get("A"), std::nullopt);
  EXPECT_TRUE(cookies.has("b"));
  EXPECT_EQ(cookies.size(), 3u);
  EXPECT_FALSE(cookies.empty());
  EXPECT_EQ(changes, nullptr);
}

TEST_F(CookiesTest, SettingReplacesAllOfTheName) {
  cookies.set("a", "x y");
  EXPECT_EQ(entries(), (Entries{{"b", "2"}, {"a", "x y"}}));
  EXPECT_EQ(lines(), "Set-Cookie: a=x%20y; Path=/; SameSite=Lax\r\n");
}

TEST_F(CookiesTest, TheLastWordAboutANameIsTold) {
  cookies.set("a", "1");
  cookies.set("c", "2");
  cookies.set(Cookie("a", "3").http_only());
  EXPECT_EQ(lines(),
            "Set-Cookie: c=2; Path=/; SameSite=Lax\r\n"
            "Set-Cookie: a=3; Path=/; HttpOnly; SameSite=Lax\r\n");
}

TEST_F(CookiesTest, ErasingIsTheEndOfTheirTime) {
  cookies.erase("a");
  cookies.erase("unknown", "/p", "x.com");
  EXPECT_EQ(entries(), (Entries{{"b", "2"}}));
  EXPECT_EQ(lines(),
            "Set-Cookie: a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; SameSite=Lax\r\n"
            "Set-Cookie: unknown=; Domain=x.com; Path=/p; Expires=Thu, 01 Jan 1970 00:00:00 GMT; "
            "SameSite=Lax\r\n");
  cookies.set("a", "again");
  EXPECT_EQ(cookies.get("a"), "again");
}

TEST_F(CookiesTest, WhatIsRefusedChangesNothing) {
  EXPECT_THROW(cookies.set("a b", "v"), std::invalid_argument);
  EXPECT_THROW(cookies.erase("a", "/;"), std::invalid_argument);
  EXPECT_EQ(cookies.get("a"), "1");
  EXPECT_EQ(changes, nullptr);
}

}  // namespace
}  // namespace bao
