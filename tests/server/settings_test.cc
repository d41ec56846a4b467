#include "server/settings.h"

#include <chrono>
#include <cstdint>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bao::server {
namespace {

using namespace std::chrono_literals;
using Variables = std::map<std::string, std::string>;

// Unlike any face's, so that a message that makes up a name is found out.
constexpr OptionNames kNames{
    .port = "thePort",
    .hostname = "theHostname",
    .unix_path = "theUnixPath",
    .reuse_port = "theReusePort",
    .ipv6_only = "theIpv6Only",
    .idle_timeout = "theIdleTimeout",
    .head_timeout = "theHeadTimeout",
    .max_request_body_size = "theBodySize",
    .max_head_size = "theHeadSize",
    .max_head_fields = "theHeadFields",
    .id = "theId",
    .handshake_timeout = "theHandshakeTimeout",
    .max_handshakes = "theHandshakes",
    .session_timeout = "theSessionTimeout",
    .web_socket_max_payload_length = "thePayload",
    .web_socket_backpressure_limit = "theBackpressure",
    .web_socket_idle_timeout = "theSocketTimeout",
    .codings = "theCodings",
};

Settings check(Settings settings, const Variables& variables = {},
               const std::optional<std::string>& argument = {}) {
  return checked(std::move(settings), argument, kNames, [&](const char* name) {
    auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

struct Refusal {
  std::string option;
  std::string sentence;
};

/// Why the settings are refused; empty if they are not.
Refusal refusal(Settings settings, const Variables& variables = {},
                const std::optional<std::string>& argument = {}) {
  try {
    check(std::move(settings), variables, argument);
  } catch (const SettingsError& error) {
    return {error.option(), error.what()};
  }
  return {};
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

// ---- The port: the option > --port > BUN_PORT > PORT > NODE_PORT > 3000

const Variables kAllPorts{{"BUN_PORT", "1"}, {"PORT", "2"}, {"NODE_PORT", "3"}};

TEST(SettingsPort, TheOptionGoesBeforeAll) {
  EXPECT_EQ(check({.port = 7}, kAllPorts, "8").port, 7);
  EXPECT_EQ(check({.port = 0}, kAllPorts, "8").port, 0);
  EXPECT_EQ(check({.port = 65535}).port, 65535);
}

TEST(SettingsPort, TheArgumentGoesBeforeTheEnvironment) {
  EXPECT_EQ(check({}, kAllPorts, "8").port, 8);
}

TEST(SettingsPort, BunPortGoesBeforePortAndNodePort) {
  EXPECT_EQ(check({}, kAllPorts).port, 1);
}

TEST(SettingsPort, PortGoesBeforeNodePort) {
  EXPECT_EQ(check({}, {{"PORT", "2"}, {"NODE_PORT", "3"}}).port, 2);
}

TEST(SettingsPort, NodePortIsTheLastVariable) {
  EXPECT_EQ(check({}, {{"NODE_PORT", "3"}}).port, 3);
}

TEST(SettingsPort, Is3000IfNobodySays) {
  EXPECT_EQ(check({}).port, 3000);
}

TEST(SettingsPort, AnEmptyVariableIsAsIfUnset) {
  EXPECT_EQ(check({}, {{"BUN_PORT", ""}, {"PORT", "2"}}).port, 2);
  EXPECT_EQ(check({}, {{"BUN_PORT", ""}, {"PORT", ""}, {"NODE_PORT", ""}}).port, 3000);
}

TEST(SettingsPort, AVariableMayAskForAnyFreePort) {
  EXPECT_EQ(check({}, {{"PORT", "0"}}).port, 0);
}

TEST(SettingsPort, AWrongOptionIsNamedWithItsValueAndTheMend) {
  for (int64_t wrong :
       {int64_t{-1}, int64_t{65536}, int64_t{4'294'967'296}, INT64_MIN, INT64_MAX}) {
    Refusal found = refusal({.port = wrong});
    EXPECT_EQ(found.option, "thePort");
    EXPECT_EQ(found.sentence, "Option thePort is " + std::to_string(wrong) +
                                  ": give a port from 0 (any free one) to 65535");
  }
}

TEST(SettingsPort, AWrongArgumentIsNamedWithItsValueAndTheMend) {
  for (const char* wrong : {"", "x", "80x", " 80", "80 ", "-1", "+80", "65536", "0x50", "8.0",
                            "99999999999999999999", "NaN"}) {
    Refusal found = refusal({}, {}, wrong);
    EXPECT_EQ(found.option, "--port");
    EXPECT_EQ(found.sentence, "The argument --port is \"" + std::string(wrong) +
                                  "\": give a port from 0 (any free one) to 65535");
  }
}

TEST(SettingsPort, AWrongVariableIsNamedWithItsValueAndTheMend) {
  for (const char* name : {"BUN_PORT", "PORT", "NODE_PORT"}) {
    for (const char* wrong : {"x", " ", "-1", "65536", "80;"}) {
      Refusal found = refusal({}, {{name, wrong}});
      EXPECT_EQ(found.option, name);
      EXPECT_EQ(found.sentence, "The environment variable " + std::string(name) + " is \"" + wrong +
                                    "\": give a port from 0 (any free one) to 65535");
    }
  }
}

TEST(SettingsPort, AWrongVariableThatIsNotAskedForDoesNotMatter) {
  EXPECT_EQ(check({.port = 7}, {{"PORT", "x"}}).port, 7);
  EXPECT_EQ(check({}, {{"BUN_PORT", "1"}, {"PORT", "x"}}).port, 1);
  EXPECT_FALSE(check({.unix_path = "/tmp/s"}, {{"PORT", "x"}}).port);
}

TEST(SettingsPort, AMessageWritesControlCharactersAndNoEndlessText) {
  Refusal found = refusal({}, {{"PORT", "\x1b[2J\n\x7f" + std::string(10'000, 'x')}});
  EXPECT_TRUE(contains(found.sentence, R"("\x1b[2J\n\x7fxxx)")) << found.sentence;
  EXPECT_LT(found.sentence.size(), 300u);
}

// ---- Where to listen

TEST(SettingsAddress, AUnixPathExcludesEveryOptionOfTcp) {
  struct Case {
    Settings settings;
    std::string_view name;
    std::string_view reason;
  };
  const std::vector<Case> cases{
      {{.port = 0, .unix_path = "/tmp/s"}, "thePort", "a unix socket has no port"},
      {{.hostname = "localhost", .unix_path = "/tmp/s"},
       "theHostname",
       "a unix socket has no host"},
      {{.unix_path = "/tmp/s", .reuse_port = true}, "theReusePort", "only a port can be shared"},
      {{.unix_path = "/tmp/s", .ipv6_only = true},
       "theIpv6Only",
       "a unix socket does not speak IP"},
  };
  for (const Case& wrong : cases) {
    Refusal found = refusal(wrong.settings);
    EXPECT_EQ(found.option, "theUnixPath");
    EXPECT_EQ(found.sentence, "Options theUnixPath and " + std::string(wrong.name) +
                                  " exclude each other: " + std::string(wrong.reason) +
                                  ", remove one");
  }
}

TEST(SettingsAddress, AUnixPathNeedsNoPort) {
  EXPECT_FALSE(check({.unix_path = "/tmp/s"}, kAllPorts, "8").port);
  EXPECT_FALSE(check({.unix_path = std::string("\0name", 5)}).port);
}

TEST(SettingsAddress, APathHoldsNoNulButTheFirst) {
  Refusal found = refusal({.unix_path = std::string("/tmp/a\0b", 8)});
  EXPECT_EQ(found.option, "theUnixPath");
  EXPECT_TRUE(
      contains(found.sentence, "Option theUnixPath is \"/tmp/a\\x00b\": a path holds no NUL"));
  // Every byte of an abstract name counts, NULs too (unix(7)).
  EXPECT_EQ(refusal({.unix_path = std::string("\0a\0b", 4)}).sentence, "");
}

TEST(SettingsAddress, AHostnameOfAWrongFormIsNamedWithItsValueAndTheMend) {
  Refusal port = refusal({.hostname = "localhost:3000"});
  EXPECT_EQ(port.option, "theHostname");
  EXPECT_EQ(port.sentence,
            "Option theHostname is \"localhost:3000\": it has a port; give the name alone, "
            "\"localhost\"; a port goes into thePort");
  EXPECT_TRUE(contains(refusal({.hostname = "http://localhost"}).sentence,
                       "is \"http://localhost\": it is a URL or a path; give the name alone, "
                       "\"localhost\""));
  EXPECT_TRUE(contains(refusal({.hostname = " "}).sentence, "theHostname is \" \": "));
  EXPECT_TRUE(contains(refusal({.hostname = std::string("a\0b", 3)}).sentence,
                       R"(theHostname is "a\x00b": a hostname holds neither)"));
  EXPECT_TRUE(contains(refusal({.hostname = "[::1"}).sentence, "is no IPv6 address of the form"));
}

// Whether there is such a place, the listener finds out.
TEST(SettingsAddress, AHostnameOfAGoodFormIsTaken) {
  for (const char* good : {"localhost", "127.0.0.1", "::1", "[::1]", "fe80::1%nowhere", "nobody"}) {
    EXPECT_EQ(refusal({.hostname = good}).sentence, "") << good;
  }
}

// ---- Limits

TEST(SettingsLimits, TimeoutsMayBeZeroOrLong) {
  for (std::chrono::milliseconds good :
       {0ms, 1ms, 255'000ms, std::chrono::milliseconds(24h * 365)}) {
    EXPECT_EQ(check({.idle_timeout = good}).idle_timeout, good);
    EXPECT_EQ(check({.head_timeout = good}).head_timeout, good);
  }
}

TEST(SettingsLimits, ANegativeTimeoutIsNamed) {
  Refusal idle = refusal({.idle_timeout = -1ms});
  EXPECT_EQ(idle.option, "theIdleTimeout");
  EXPECT_EQ(idle.sentence,
            "Option theIdleTimeout is -1 ms: give a duration that is not negative, 0 for none");
  Refusal head = refusal({.head_timeout = -250ms});
  EXPECT_EQ(head.option, "theHeadTimeout");
  EXPECT_EQ(head.sentence,
            "Option theHeadTimeout is -250 ms: give a duration that is not negative, 0 for none");
}

// Sums with it would overflow: a program that means "never" has 0 for that.
TEST(SettingsLimits, ATimeoutOfMoreThanAHundredYearsIsNamed) {
  for (std::chrono::milliseconds wrong :
       {std::chrono::milliseconds::max(), std::chrono::milliseconds(24h * 36501)}) {
    Refusal idle = refusal({.idle_timeout = wrong});
    EXPECT_EQ(idle.option, "theIdleTimeout");
    EXPECT_EQ(idle.sentence, "Option theIdleTimeout is " + std::to_string(wrong.count()) +
                                 " ms: give at most 100 years, 0 for none");
    EXPECT_EQ(refusal({.head_timeout = wrong}).option, "theHeadTimeout");
  }
  EXPECT_EQ(refusal({.idle_timeout = 24h * 36500}).sentence, "");
}

TEST(SettingsLimits, TheSizeOfAHeadHasBounds) {
  for (uint64_t good : {uint64_t{64}, uint64_t{64} << 20}) {
    EXPECT_EQ(check({.max_head_size = good}).max_head_size, good);
  }
  for (uint64_t wrong : {uint64_t{0}, uint64_t{63}, (uint64_t{64} << 20) + 1, UINT64_MAX}) {
    Refusal found = refusal({.max_head_size = wrong});
    EXPECT_EQ(found.option, "theHeadSize");
    EXPECT_EQ(found.sentence,
              "Option theHeadSize is " + std::to_string(wrong) + ": give 64 to 67108864 bytes");
  }
}

TEST(SettingsLimits, TheNumberOfFieldsHasBounds) {
  for (uint64_t good : {uint64_t{1}, uint64_t{100'000}}) {
    EXPECT_EQ(check({.max_head_fields = good}).max_head_fields, good);
  }
  for (uint64_t wrong : {uint64_t{0}, uint64_t{100'001}, UINT64_MAX}) {
    Refusal found = refusal({.max_head_fields = wrong});
    EXPECT_EQ(found.option, "theHeadFields");
    EXPECT_EQ(found.sentence,
              "Option theHeadFields is " + std::to_string(wrong) + ": give 1 to 100000 fields");
  }
}

TEST(SettingsLimits, ABodyMayBeOfAnySize) {
  for (uint64_t good : {uint64_t{0}, UINT64_MAX}) {
    EXPECT_EQ(check({.max_request_body_size = good}).max_request_body_size, good);
  }
}

TEST(SettingsLimits, HaveTheirDefaults) {
  Settings settings = check({});
  EXPECT_EQ(settings.idle_timeout, 10s);
  EXPECT_EQ(settings.head_timeout, 10s);
  EXPECT_EQ(settings.max_request_body_size, 128u << 20);
  EXPECT_EQ(settings.max_head_size, 16u << 10);
  EXPECT_EQ(settings.max_head_fields, 200u);
}

// ---- The rest

TEST(SettingsDevelopment, IsOffOnlyInProduction) {
  EXPECT_EQ(check({}).development, true);
  EXPECT_EQ(check({}, {{"NODE_ENV", ""}}).development, true);
  EXPECT_EQ(check({}, {{"NODE_ENV", "test"}}).development, true);
  EXPECT_EQ(check({}, {{"NODE_ENV", "Production"}}).development, true);
  EXPECT_EQ(check({}, {{"NODE_ENV", "production"}}).development, false);
}

TEST(SettingsDevelopment, TheOptionGoesBeforeTheEnvironment) {
  EXPECT_EQ(check({.development = true}, {{"NODE_ENV", "production"}}).development, true);
  EXPECT_EQ(check({.development = false}).development, false);
}

TEST(SettingsId, IsKeptIfGiven) {
  EXPECT_EQ(check({.id = "mine"}).id, "mine");
}

TEST(SettingsId, HoldsNoControlCharacters) {
  Refusal found = refusal({.id = "a\nb"});
  EXPECT_EQ(found.option, "theId");
  EXPECT_EQ(found.sentence,
            R"(Option theId is "a\nb": a name for logs holds no control characters)");
  EXPECT_EQ(refusal({.id = "a\x7f"}).option, "theId");
  EXPECT_EQ(check({.id = "Zürich 1"}).id, "Zürich 1");
}

TEST(SettingsCompression, TakesItsThreeCodingsOnce) {
  const auto sentence = [](std::vector<std::string> codings) {
    return refusal({.compression = CompressionSettings{.codings = std::move(codings)}}).sentence;
  };
  EXPECT_EQ(sentence({"gzip", "br", "zstd"}), "");
  EXPECT_EQ(sentence({"gzip"}), "");
  EXPECT_EQ(sentence({"deflate"}), "Option theCodings is \"deflate\": name zstd, br or gzip");
  EXPECT_EQ(sentence({"GZIP"}), "Option theCodings is \"GZIP\": name zstd, br or gzip");
  EXPECT_EQ(sentence({"br", "br"}), "Option theCodings is \"br\" twice: name each coding once");
  EXPECT_EQ(sentence({}),
            "Option theCodings is empty: name at least one of zstd, br and gzip, or leave it out");
  EXPECT_EQ(refusal({.compression = CompressionSettings{.codings = {}}}).option, "theCodings");
}

TEST(SettingsId, IsRandomOtherwise) {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    std::string id = check({}).id;
    EXPECT_EQ(id.size(), 16u);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), id.npos);
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 100u);
}

// ---- WebSockets

TEST(WebSocketSettingsTest, WrongOnesAreNamed) {
  Settings settings;
  settings.web_socket.idle_timeout = -1ms;
  EXPECT_EQ(refusal(settings).sentence,
            "Option theSocketTimeout is -1 ms: give a duration that is not negative, 0 for none");
  settings = {};
  settings.web_socket.max_payload_length = uint64_t{1} << 32;
  EXPECT_EQ(refusal(settings).option, "thePayload");
  EXPECT_EQ(refusal(settings).sentence,
            "Option thePayload is 4294967296: give at most 4294967295 bytes");
  settings = {};
  settings.web_socket.backpressure_limit = uint64_t{1} << 32;
  EXPECT_EQ(refusal(settings).option, "theBackpressure");
}

TEST(WebSocketSettingsTest, TheEndsOfTheirRangesAreTaken) {
  WebSocketSettings settings;
  settings.max_payload_length = settings.backpressure_limit = 0xFFFF'FFFF;
  settings.idle_timeout = 0ms;
  EXPECT_NO_THROW(check(settings, kNames));
  settings.max_payload_length = settings.backpressure_limit = 0;
  EXPECT_NO_THROW(check(settings, kNames));
}

}  // namespace
}  // namespace bao::server
