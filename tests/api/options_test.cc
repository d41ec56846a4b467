#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bao/bao.h>
#include <bao/options.h>

#include "api/served.h"

// The options of serve() that say where to listen.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::Served;
using Family = SocketAddress::Family;

struct Refusal {
  std::string option;
  std::string sentence;
};

/// Why serve() refuses; empty if it does not.
Refusal refusal(Options options) {
  try {
    serve(std::move(options)).stop(true);
  } catch (const OptionError& error) {
    return {error.option(), error.what()};
  }
  return {};
}

struct ListenRefusal {
  std::string code;
  std::string sentence;
};

ListenRefusal listen_refusal(Options options) {
  try {
    serve(std::move(options)).stop(true);
  } catch (const ListenError& error) {
    return {error.code(), error.what()};
  }
  return {};
}

/// Sets an environment variable for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

Arguments arguments(std::vector<const char*> line) {
  line.insert(line.begin(), "program");
  return {static_cast<int>(line.size()), line.data()};
}

/// A port that is free just now.
int free_port() {
  Served probe;
  return *probe.server.port();
}

std::string text(int number) {
  return std::to_string(number);
}

bool has_ipv6() {
  return RawClient::tcp(1, {}, "::1").connect_error() == ECONNREFUSED;
}

const Handler kHello = [] { return Response("hello"); };

/// A folder that ends with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() { EXPECT_NE(::mkdtemp(path_.data()), nullptr); }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_ = "/tmp/bao-options-XXXXXX";
};

// ---- port

TEST(OptionPort, ZeroTakesAnyFreePort) {
  Served a({.fetch = kHello}), b({.fetch = kHello});
  EXPECT_GT(*a.server.port(), 0);
  EXPECT_NE(a.server.port(), b.server.port());
  EXPECT_EQ(a.get("/").body, "hello");
  EXPECT_EQ(b.get("/").body, "hello");
}

TEST(OptionPort, IsTakenAsGiven) {
  const int port = free_port();
  Served served({.port = port});
  EXPECT_EQ(served.server.port(), port);
  EXPECT_EQ(served.get("/").status, 404);
}

TEST(OptionPort, AWrongOneIsNamedWithItsValueAndTheMend) {
  Refusal found = refusal({.port = 70'000});
  EXPECT_EQ(found.option, ".port");
  EXPECT_EQ(found.sentence, "Option .port is 70000: give a port from 0 (any free one) to 65535");
  EXPECT_EQ(refusal({.port = -1}).option, ".port");
  EXPECT_EQ(refusal({.port = std::int64_t{1} << 32}).option, ".port");
}

TEST(OptionPort, TheOptionGoesBeforeArgumentsAndEnvironment) {
  Variable bun("BUN_PORT", "x"), port("PORT", "y");
  Served served({.port = 0, .arguments = arguments({"--port", "z"})});
  EXPECT_GT(*served.server.port(), 0);
}

TEST(OptionPort, TheArgumentGoesBeforeTheEnvironment) {
  Variable bun("BUN_PORT", "x");
  const std::string port = text(free_port());
  Options options{.hostname = "127.0.0.1", .arguments = arguments({"--port", port.c_str()})};
  Server server = serve(options);
  EXPECT_EQ(text(*server.port()), port);
  server.stop(true);
}

TEST(OptionPort, ComesFromTheEnvironmentInTheOrderBunPortPortNodePort) {
  const std::string one = text(free_port()), two = text(free_port()), three = text(free_port());
  auto port = [] {
    Server server = serve({.hostname = "127.0.0.1"});
    server.stop(true);
    return text(*server.port());
  };
  Variable node("NODE_PORT", three.c_str());
  EXPECT_EQ(port(), three);
  Variable plain("PORT", two.c_str());
  EXPECT_EQ(port(), two);
  Variable bun("BUN_PORT", one.c_str());
  EXPECT_EQ(port(), one);
}

TEST(OptionPort, AWrongArgumentOrVariableIsNamed) {
  Refusal argument = refusal({.arguments = arguments({"--port=http"})});
  EXPECT_EQ(argument.option, "--port");
  EXPECT_EQ(argument.sentence,
            "The argument --port is \"http\": give a port from 0 (any free one) to 65535");
  for (const char* name : {"NODE_PORT", "PORT", "BUN_PORT"}) {
    Variable variable(name, "808O");
    Refusal found = refusal({});
    EXPECT_EQ(found.option, name);
    EXPECT_EQ(found.sentence, "The environment variable " + std::string(name) +
                                  " is \"808O\": give a port from 0 (any free one) to 65535");
  }
}

TEST(OptionPort, Is3000IfNobodySays) {
  // The port may be taken on this machine, which then says so.
  try {
    Server server = serve({.hostname = "127.0.0.1"});
    EXPECT_EQ(server.port(), 3000);
    server.stop(true);
  } catch (const ListenError& error) {
    EXPECT_EQ(std::string(error.what()).find("Port 3000 on 127.0.0.1 is in use"), 0u)
        << error.what();
  }
}

TEST(OptionPort, OneThatIsInUseIsAListenErrorThatNamesIt) {
  Served served;
  const int port = *served.server.port();
  ListenRefusal found = listen_refusal({.port = port, .hostname = "127.0.0.1"});
  EXPECT_EQ(found.code, "EADDRINUSE");
  EXPECT_EQ(found.sentence,
            "Port " + text(port) +
                " on 127.0.0.1 is in use already: stop what uses it, choose another port, or use "
                "port 0 for any free one.");
  EXPECT_EQ(served.get("/").status, 404);
}

TEST(OptionPort, CanBeTakenAgainAtOnce) {
  int port = 0;
  {
    Served served({.fetch = kHello});
    port = *served.server.port();
    EXPECT_EQ(served.get("/").status, 200);
  }
  Served again({.port = port, .fetch = kHello});
  EXPECT_EQ(again.get("/").status, 200);
}

// ---- arguments

TEST(Arguments, TakesThePortInBothForms) {
  EXPECT_EQ(arguments({"--port", "80"}).port(), "80");
  EXPECT_EQ(arguments({"--port=81"}).port(), "81");
  EXPECT_EQ(arguments({"a", "-x", "--port=82", "b"}).port(), "82");
}

TEST(Arguments, TheLastOneCounts) {
  EXPECT_EQ(arguments({"--port=1", "--port", "2"}).port(), "2");
}

TEST(Arguments, LeavesTheRestOfTheLineAlone) {
  EXPECT_EQ(Arguments().port(), std::nullopt);
  EXPECT_EQ(Arguments(0, nullptr).port(), std::nullopt);
  EXPECT_EQ(arguments({}).port(), std::nullopt);
  EXPECT_EQ(arguments({"--ports=1", "--portable", "-port", "port", "--por"}).port(), std::nullopt);
  EXPECT_EQ(arguments({"--", "--port=1"}).port(), std::nullopt);
  const char* only_name[] = {"--port=1"};
  EXPECT_EQ(Arguments(1, only_name).port(), std::nullopt);
}

TEST(Arguments, AMissingValueIsNamed) {
  EXPECT_EQ(arguments({"--port"}).port(), "");
  EXPECT_EQ(arguments({"--port="}).port(), "");
  EXPECT_EQ(refusal({.arguments = arguments({"--port"})}).sentence,
            "The argument --port is \"\": give a port from 0 (any free one) to 65535");
}

TEST(Arguments, TakesWhatMainGets) {
  char name[] = "program", flag[] = "--port=83";
  char* argv[] = {name, flag, nullptr};
  EXPECT_EQ(Arguments(2, argv).port(), "83");
}

// ---- hostname

TEST(OptionHostname, MayBeAnIpv4Address) {
  Served served({.hostname = "127.0.0.2", .fetch = kHello});
  EXPECT_EQ(served.server.hostname(), "127.0.0.2");
  EXPECT_EQ(served.server.address(),
            (SocketAddress{"127.0.0.2", *served.server.port(), Family::ipv4}));
  EXPECT_EQ(RawClient::tcp(*served.server.port(), Served::turn, "127.0.0.2").get("/").body,
            "hello");
  EXPECT_EQ(RawClient::tcp(*served.server.port(), Served::turn, "127.0.0.1").connect_error(),
            ECONNREFUSED);
}

TEST(OptionHostname, MayBeAnIpv6Address) {
  if (!has_ipv6()) GTEST_SKIP() << "this machine has no ::1";
  for (const char* form : {"::1", "[::1]"}) {
    Served served({.hostname = form, .fetch = kHello});
    EXPECT_EQ(served.server.address().address, "::1");
    EXPECT_EQ(served.server.address().family, Family::ipv6);
    EXPECT_EQ(served.server.hostname(), form);
    EXPECT_EQ(served.server.url(), "http://[::1]:" + text(*served.server.port()) + "/");
    EXPECT_EQ(served.get("/").body, "hello");
  }
}

TEST(OptionHostname, MayBeAName) {
  Served served({.hostname = "localhost", .fetch = kHello});
  EXPECT_EQ(served.server.hostname(), "localhost");
  EXPECT_EQ(served.server.url(), "http://localhost:" + text(*served.server.port()) + "/");
  EXPECT_EQ(served.get("/").body, "hello");
}

TEST(OptionHostname, EmptyMeansAllInterfacesOfBothFamilies) {
  Server server = serve({.port = 0, .fetch = kHello, .development = false});
  EXPECT_EQ(server.hostname(), "localhost");
  EXPECT_EQ(server.url(), "http://localhost:" + text(*server.port()) + "/");
  for (const char* ip : {"127.0.0.1", "127.1.2.3", "::1"}) {
    if (std::string_view(ip) == "::1" && !has_ipv6()) continue;
    EXPECT_EQ(RawClient::tcp(*server.port(), Served::turn, ip).get("/").body, "hello") << ip;
  }
  server.stop(true);
}

TEST(OptionHostname, AllOfIpv4) {
  Served served({.hostname = "0.0.0.0", .fetch = kHello});
  EXPECT_EQ(served.server.address().address, "0.0.0.0");
  EXPECT_EQ(served.get("/").body, "hello");
}

TEST(OptionHostname, WhatIsNotOfThisMachineIsAListenError) {
  ListenRefusal foreign = listen_refusal({.port = 0, .hostname = "192.0.2.1"});  // RFC 5737
  EXPECT_EQ(foreign.code, "EADDRNOTAVAIL");
  EXPECT_NE(foreign.sentence.find("192.0.2.1"), std::string::npos);
}

TEST(OptionHostname, AWrongFormIsNamedWithItsValueAndTheMend) {
  for (const char* wrong : {"localhost:3000", "http://localhost", " ", "::1::", "[::1"}) {
    EXPECT_EQ(refusal({.port = 0, .hostname = wrong}).option, ".hostname") << wrong;
  }
  EXPECT_EQ(refusal({.port = 0, .hostname = "localhost:3000"}).sentence,
            "Option .hostname is \"localhost:3000\": it has a port; give the name alone, "
            "\"localhost\"; a port goes into .port");
}

// ---- unix_path

TEST(OptionUnixPath, ListensOnAPath) {
  TemporaryFolder folder;
  const std::string path = folder / "socket";
  {
    Served served({.unix_path = path, .fetch = kHello});
    EXPECT_EQ(served.server.port(), std::nullopt);
    EXPECT_EQ(served.server.hostname(), std::nullopt);
    EXPECT_EQ(served.server.address(), (SocketAddress{path, 0, Family::unix_domain}));
    EXPECT_EQ(served.server.url(), "unix://" + path);
    EXPECT_EQ(served.get("/").body, "hello");
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path)) << "the file goes when the server stops";
}

TEST(OptionUnixPath, MayBeAnAbstractName) {
  const std::string name = std::string("\0bao-options-", 13) + text(::getpid());
  Served served({.unix_path = name, .fetch = kHello});
  EXPECT_EQ(served.server.address().address, name);
  EXPECT_EQ(served.server.url(), "abstract://" + name.substr(1));
  EXPECT_EQ(served.server.port(), std::nullopt);
  EXPECT_EQ(served.get("/").body, "hello");
}

TEST(OptionUnixPath, ARelativePathStaysAsItWasGiven) {
  const std::string path = "./bao-options-" + text(::getpid()) + ".sock";
  Served served({.unix_path = path, .fetch = kHello});
  EXPECT_EQ(served.server.url(), "unix://" + path);
  EXPECT_EQ(served.get("/").body, "hello");
}

TEST(OptionUnixPath, ALiveServerIsLeftAlone) {
  TemporaryFolder folder;
  const std::string path = folder / "socket";
  Served served({.unix_path = path, .fetch = kHello});
  ListenRefusal found = listen_refusal({.unix_path = path});
  EXPECT_EQ(found.code, "EADDRINUSE");
  EXPECT_EQ(found.sentence, "The unix socket " + path +
                                " is in use already: stop what uses it or choose another path.");
  EXPECT_EQ(served.get("/").body, "hello");
}

TEST(OptionUnixPath, AMissingFolderIsAListenError) {
  EXPECT_EQ(listen_refusal({.unix_path = "/nowhere/at/all"}).code, "ENOENT");
  EXPECT_EQ(listen_refusal({.unix_path = "/tmp/" + std::string(200, 'x')}).code, "ENAMETOOLONG");
}

TEST(OptionUnixPath, ExcludesTheOptionsOfTcp) {
  const std::string both = "Options .unix_path and ";
  const std::string rest = " exclude each other: ";
  EXPECT_EQ(refusal({.port = 0, .unix_path = "/tmp/s"}).sentence,
            both + ".port" + rest + "a unix socket has no port, remove one");
  EXPECT_EQ(refusal({.hostname = "localhost", .unix_path = "/tmp/s"}).sentence,
            both + ".hostname" + rest + "a unix socket has no host, remove one");
  EXPECT_EQ(refusal({.unix_path = "/tmp/s", .reuse_port = true}).sentence,
            both + ".reuse_port" + rest + "only a port can be shared, remove one");
  EXPECT_EQ(refusal({.unix_path = "/tmp/s", .ipv6_only = true}).sentence,
            both + ".ipv6_only" + rest + "a unix socket does not speak IP, remove one");
  EXPECT_EQ(refusal({.port = 0, .unix_path = "/tmp/s"}).option, ".unix_path");
}

TEST(OptionUnixPath, PortsOfTheSurroundingsDoNotMatter) {
  Variable port("PORT", "80");
  TemporaryFolder folder;
  Served served(
      {.unix_path = folder / "s", .arguments = arguments({"--port=81"}), .fetch = kHello});
  EXPECT_EQ(served.get("/").body, "hello");
}

// ---- reuse_port, ipv6_only

TEST(OptionReusePort, LetsServersShareAPort) {
  int first_requests = 0, second_requests = 0;
  Served first({.reuse_port = true, .fetch = [&] { return ++first_requests, Response("1"); }});
  Served second({.port = *first.server.port(), .reuse_port = true, .fetch = [&] {
                   return ++second_requests, Response("2");
                 }});
  EXPECT_EQ(first.server.port(), second.server.port());
  // The kernel spreads connections by a hash of both ends: with 64 of them one side is empty once
  // in 2^63 runs.
  for (int i = 0; i < 64; ++i) first.get("/");
  EXPECT_EQ(first_requests + second_requests, 64);
  EXPECT_GT(first_requests, 0);
  EXPECT_GT(second_requests, 0);
}

TEST(OptionReusePort, BothMustAgree) {
  Served first({.reuse_port = true});
  EXPECT_EQ(listen_refusal({.port = *first.server.port(), .hostname = "127.0.0.1"}).code,
            "EADDRINUSE");
  Served alone;
  ListenRefusal found =
      listen_refusal({.port = *alone.server.port(), .hostname = "127.0.0.1", .reuse_port = true});
  EXPECT_EQ(found.code, "EADDRINUSE");
  EXPECT_NE(found.sentence.find("does not share it"), std::string::npos) << found.sentence;
}

TEST(OptionIpv6Only, KeepsIpv4Out) {
  if (!has_ipv6()) GTEST_SKIP() << "this machine has no ::1";
  Served served({.hostname = "::", .ipv6_only = true, .fetch = kHello});
  EXPECT_EQ(served.get("/").body, "hello");
  EXPECT_EQ(RawClient::tcp(*served.server.port(), Served::turn).connect_error(), ECONNREFUSED);
}

TEST(OptionIpv6Only, ContradictsAnIpv4Host) {
  EXPECT_EQ(listen_refusal({.port = 0, .hostname = "127.0.0.1", .ipv6_only = true}).code, "EINVAL");
}

// ---- All of them

// The order of the members is part of the interface; this compiles only if it is kept.
TEST(OptionId, HoldsNoControlCharacters) {
  EXPECT_EQ(refusal({.port = 0, .id = "a\nb"}).option, ".id");
}

TEST(Options, KeepTheirOrder) {
  Options options{.port = 0,
                  .hostname = "",
                  .unix_path = "",
                  .reuse_port = false,
                  .ipv6_only = false,
                  .arguments = {},
                  .routes = {},
                  .fetch = {},
                  .error = {},
                  .development = {},
                  .idle_timeout = 10s,
                  .head_timeout = 10s,
                  .max_request_body_size = 1,
                  .max_head_size = 1024,
                  .max_head_fields = 10,
                  .id = "",
                  .log = {}};
  ReloadOptions reload{.routes = {}, .fetch = {}, .error = {}};
  FetchOptions fetch{.method = "GET", .fields = {}, .body = ""};
  EXPECT_EQ(options.id, "");
  EXPECT_FALSE(reload.fetch);
  EXPECT_EQ(fetch.method, "GET");
}

TEST(Options, AreCopiedFreely) {
  const Options options{
      .port = 0, .hostname = "127.0.0.1", .routes = {{"/a", Response("a")}}, .fetch = kHello};
  Served first(options), second(options);
  EXPECT_EQ(first.get("/a").body, "a");
  EXPECT_EQ(second.get("/a").body, "a");
  EXPECT_EQ(second.get("/b").body, "hello");
}

// Nothing of a server that could not start is left.
TEST(Options, AFailedStartLeavesNothingBehind) {
  auto kept = std::make_shared<int>(1);
  std::weak_ptr<int> alive = kept;
  EXPECT_NE(
      listen_refusal({.port = 0, .hostname = "192.0.2.1", .fetch = [kept] { return Response(); }})
          .code,
      "");
  EXPECT_NE(refusal({.port = -1, .fetch = [kept] { return Response(); }}).option, "");
  EXPECT_NE(refusal({.port = 0, .routes = {{"x", [kept] { return Response(); }}}}).option, "");
  kept.reset();
  EXPECT_TRUE(alive.expired());
  EXPECT_FALSE(Loop::current().alive());
}

}  // namespace
}  // namespace bao
