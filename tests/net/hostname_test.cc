#include "net/hostname.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>

namespace bao::net {
namespace {

std::string fault(std::string_view hostname) {
  return hostname_fault(hostname, "thePort").value_or("");
}

TEST(Hostname, MayBeANameOrAnAddress) {
  for (const char* good : {"", "localhost", "example.org", "a_b", "Z\xC3\xBCrich.test", "127.0.0.1",
                           "0.0.0.0", "::", "::1", "[::]", "[::1]", "::ffff:127.0.0.1",
                           "fe80::1%eth0", "[fe80::1%eth0]", "1:2::3"}) {
    EXPECT_EQ(fault(good), "") << good;
  }
}

TEST(Hostname, HasNoPort) {
  EXPECT_EQ(fault("localhost:3000"),
            "it has a port; give the name alone, \"localhost\"; a port goes into thePort");
  EXPECT_EQ(fault("127.0.0.1:80"),
            "it has a port; give the name alone, \"127.0.0.1\"; a port goes into thePort");
  EXPECT_EQ(fault("[::1]:80"),
            "it has a port; give the name alone, \"[::1]\"; a port goes into thePort");
  EXPECT_EQ(fault(":80"), "it has a port; leave it out; a port goes into thePort");
}

TEST(Hostname, IsNoUrl) {
  const std::string mend =
      "it is a URL or a path; give the name alone, \"localhost\"; a port goes ";
  for (const char* url : {"http://localhost", "https://localhost/", "http://localhost:3000/a?b#c",
                          "//localhost/", "localhost/a", "http://localhost?q"}) {
    EXPECT_EQ(fault(url), mend + "into thePort") << url;
  }
}

TEST(Hostname, AdviceIsNeverRefusedItself) {
  for (const char* wrong : {"http://", "/", "http://a@b:1/", "http://::1/", "[:80", "a:b:80"}) {
    EXPECT_NE(fault(wrong), "") << wrong;
    const std::string said = fault(wrong);
    const auto quote = said.find('"');
    if (quote == said.npos) continue;
    EXPECT_EQ(fault(said.substr(quote + 1, said.find('"', quote + 1) - quote - 1)), "") << said;
  }
}

TEST(Hostname, HoldsNeitherSpacesNorControlCharacters) {
  for (std::string_view wrong :
       {std::string_view(" "), std::string_view("local host"), std::string_view("localhost\n"),
        std::string_view("127.0.0.1\0x", 11), std::string_view("\x7f")}) {
    EXPECT_EQ(fault(wrong),
              "a hostname holds neither spaces nor control characters; take them out");
  }
}

// RFC 4291 section 2.2
TEST(Hostname, WithColonsOrBracketsIsAnIpv6Address) {
  for (const char* wrong : {"[::1", "::1]", "[127.0.0.1]", "[]", "1:2:3", "::1::", "a:"}) {
    EXPECT_EQ(fault(wrong),
              "it is no IPv6 address of the form ::1, [::1] or fe80::1%eth0; correct it; a port "
              "goes into thePort")
        << wrong;
  }
}

}  // namespace
}  // namespace bao::net
