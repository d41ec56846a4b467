#include "http/url.h"

#include <gtest/gtest.h>
#include <string>

namespace bao::http {
namespace {

void expect_target(std::string_view target, std::string_view path, std::string_view query,
                   bool has_query) {
  const TargetParts parts = split_target(target);
  EXPECT_EQ(parts.path, path) << target;
  EXPECT_EQ(parts.query, query) << target;
  EXPECT_EQ(parts.has_query, has_query) << target;
}

// RFC 9112 §3.2.1: origin-form = absolute-path [ "?" query ]
TEST(UrlTest, TargetIsSplitAtItsFirstQuestionMark) {
  expect_target("/a/b", "/a/b", "", false);
  expect_target("/a?", "/a", "", true);
  expect_target("/a?b=c", "/a", "b=c", true);
  expect_target("/a?b?c/d", "/a", "b?c/d", true);
  expect_target("/%3F?x", "/%3F", "x", true);
  expect_target("", "", "", false);
}

// RFC 3986 §3.2.2: reg-name = *( unreserved / pct-encoded / sub-delims )
TEST(UrlTest, HostMayBeARegisteredName) {
  for (std::string_view good : {"example.com", "EXAMPLE", "a_b.test", "a-b", "xn--4gq.test", "~",
                                "caf%C3%A9.test", "!$&'()*+,;=", "example.com.", "localhost"}) {
    EXPECT_TRUE(is_valid_host(good)) << good;
  }
  for (std::string_view bad :
       {"a b", "a/b", "a?b", "a#b", "a\\b", "a%", "a%4", "a%4g", "a%zz", "caf\xC3\xA9", "a<b",
        "a\"b", "a|b", "a^b", "a`b", "a{b", " a", "a "}) {
    EXPECT_FALSE(is_valid_host(bad)) << bad;
  }
  EXPECT_FALSE(is_valid_host(std::string_view("a\0b", 3)));
}

// RFC 9110 §7.2: Host is empty where the target URI has no authority
TEST(UrlTest, HostMayBeEmpty) {
  EXPECT_TRUE(is_valid_host(""));
}

// RFC 9110 §4.2.1: an http URI with an empty host is invalid
TEST(UrlTest, PortWithoutHostIsInvalid) {
  EXPECT_FALSE(is_valid_host(":"));
  EXPECT_FALSE(is_valid_host(":80"));
}

// RFC 9110 §4.2.4
TEST(UrlTest, HostHasNoUserinfo) {
  EXPECT_FALSE(is_valid_host("user@example.com"));
  EXPECT_FALSE(is_valid_host("user:password@example.com"));
  EXPECT_FALSE(is_valid_host("@"));
}

// RFC 3986 §3.2.3: port = *DIGIT
TEST(UrlTest, PortIsDigitsUpTo65535) {
  for (std::string_view good : {"a:", "a:0", "a:80", "a:65535", "a:00080", "127.0.0.1:8080"}) {
    EXPECT_TRUE(is_valid_host(good)) << good;
  }
  for (std::string_view bad : {"a:65536", "a:99999999999999999999", "a:-1", "a:+1", "a:8a", "a: 80",
                               "a:80:80", "a::80", "a:80 "}) {
    EXPECT_FALSE(is_valid_host(bad)) << bad;
  }
}

// RFC 3986 §3.2.2: every alternative of IPv6address
TEST(UrlTest, HostMayBeAnIpv6Address) {
  for (std::string_view good :
       {"[::]", "[::1]", "[1::]", "[1:2:3:4:5:6:7:8]", "[::2:3:4:5:6:7:8]", "[1::3:4:5:6:7:8]",
        "[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6::8]", "[fe80::1]", "[ABCD:ef01::0000]",
        "[::ffff:192.0.2.1]", "[1:2:3:4:5:6:192.0.2.1]", "[::192.0.2.1]", "[1:2:3:4:5::192.0.2.1]",
        "[::1]:80", "[::1]:"}) {
    EXPECT_TRUE(is_valid_host(good)) << good;
  }
}

TEST(UrlTest, MalformedIpv6AddressesAreInvalid) {
  for (std::string_view bad : {"[]",
                               "[",
                               "]",
                               "[::1",
                               "::1",
                               "[:]",
                               "[:::]",
                               "[1]",
                               "[1:2:3:4:5:6:7]",
                               "[1:2:3:4:5:6:7:]",
                               "[1:2:3:4:5:6:7:8:]",
                               "[::1:]",
                               "[:1:2:3:4:5:6:7]",
                               "[1:2:3:4:5:6:7:8:9]",
                               "[1::2::3]",
                               "[1:::2]",
                               "[1:2:3:4::5:6:7:8]",
                               "[::1:2:3:4:5:6:7:8]",
                               "[1:2:3:4:5:6:7:8::]",
                               "[12345::]",
                               "[g::]",
                               "[::1%25eth0]",
                               "[::1%eth0]",
                               "[::1.2.3]",
                               "[::1.2.3.4.5]",
                               "[::256.0.0.1]",
                               "[::01.2.3.4]",
                               "[::1.2.3.4:5]",
                               "[1.2.3.4::]",
                               "[1.2.3.4]",
                               "[1:2:3:4:5:6:7:1.2.3.4]",
                               "[1:2:3:4:5:6::1.2.3.4]",
                               "[::1.2.3.]",
                               "[::1]a",
                               "[::1]80",
                               "[::1]:x",
                               "a[::1]",
                               "[ ::1]",
                               "[[::1]]",
                               "[::1]]"}) {
    EXPECT_FALSE(is_valid_host(bad)) << bad;
  }
}

// RFC 3986 §3.2.2: dec-octet has no leading zeros and is at most 255
TEST(UrlTest, EmbeddedIpv4OctetsAreExact) {
  for (int octet = 0; octet < 300; ++octet) {
    EXPECT_EQ(is_valid_host("[::1.1.1." + std::to_string(octet) + "]"), octet <= 255) << octet;
  }
  EXPECT_FALSE(is_valid_host("[::1.1.1.00]"));
  EXPECT_FALSE(is_valid_host("[::1.1.1.001]"));
}

// RFC 3986 §3.2.2: IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )
TEST(UrlTest, HostMayBeAFutureAddress) {
  for (std::string_view good : {"[v1.a]", "[VF0.:]", "[v1.a:b!$&'()*+,;=-._~]"}) {
    EXPECT_TRUE(is_valid_host(good)) << good;
  }
  for (std::string_view bad :
       {"[v.a]", "[v1.]", "[v1]", "[vg.a]", "[v1.%41]", "[v1.a/b]", "[1.a]"}) {
    EXPECT_FALSE(is_valid_host(bad)) << bad;
  }
}

void expect_absolute(std::string_view target, std::string_view scheme, std::string_view authority,
                     std::string_view path_and_query) {
  const auto parts = parse_absolute_form(target);
  ASSERT_TRUE(parts) << target;
  EXPECT_EQ(parts->scheme, scheme) << target;
  EXPECT_EQ(parts->authority, authority) << target;
  EXPECT_EQ(parts->path_and_query, path_and_query) << target;
}

// RFC 9112 §3.2.2
TEST(UrlTest, AbsoluteFormIsTakenApart) {
  expect_absolute("http://example.com/a?b", "http", "example.com", "/a?b");
  expect_absolute("HTTPS://[::1]:443/", "HTTPS", "[::1]:443", "/");
  expect_absolute("http://example.com", "http", "example.com", "");
  expect_absolute("http://example.com?q=/", "http", "example.com", "?q=/");
  expect_absolute("http://example.com:", "http", "example.com:", "");
  expect_absolute("http://a/http://b", "http", "a", "/http://b");
}

// RFC 9110 §4.2.1, §4.2.4
TEST(UrlTest, AbsoluteFormNeedsAnHttpSchemeAndAValidHost) {
  for (std::string_view bad : {"",
                               "/",
                               "http:",
                               "http:/",
                               "http://",
                               "http:///a",
                               "http://:80/",
                               "http://?q",
                               "ftp://example.com/",
                               "ws://example.com/",
                               "httpx://a/",
                               " http://a/",
                               "://a/",
                               "http//a/",
                               "example.com:443",
                               "http://u@a/",
                               "http://u:p@a/",
                               "http://a b/",
                               "http://a#b",
                               "http://[::1/",
                               "http://a:65536/",
                               "http://a:x/",
                               "/x?u=http://a/",
                               "http:\\\\a"}) {
    EXPECT_FALSE(parse_absolute_form(bad)) << bad;
  }
}

// RFC 9112 §3.2.3: authority-form = uri-host ":" port; RFC 9110 §9.3.6: the port is not empty
TEST(UrlTest, AuthorityFormNeedsHostAndPort) {
  for (std::string_view good : {"example.com:443", "[::1]:1", "1.2.3.4:80", "a:65535"}) {
    EXPECT_TRUE(is_valid_authority_form(good)) << good;
  }
  for (std::string_view bad : {"", "example.com", "example.com:", ":443", "[::1]", "[::1]:", "a:x",
                               "a:65536", "u@a:1", "http://a:1", "a:1/", "/"}) {
    EXPECT_FALSE(is_valid_authority_form(bad)) << bad;
  }
}

}  // namespace
}  // namespace bao::http
