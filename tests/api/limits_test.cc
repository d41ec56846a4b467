#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"

// The options of serve() that say how to behave and how much is too much.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::RawReply;
using testing::Served;
using testing::turn_for;
using Clock = std::chrono::steady_clock;

std::string refusal(Options options, std::string_view option) {
  options.port = 0;
  try {
    serve(std::move(options)).stop(true);
  } catch (const OptionError& error) {
    EXPECT_EQ(error.option(), option);
    return error.what();
  }
  return "";
}

Response throws() {
  throw std::runtime_error("a secret of the program");
}

/// Never replies; ends with its loop or its stop.
Task<Response> waits(Request& req) {
  while (!req.stop_token().stop_requested()) co_await sleep(5ms);
  co_return Response("too late");
}

// ---- development

TEST(OptionDevelopment, ShowsErrorsInAPage) {
  Served served({.fetch = throws, .development = true});
  EXPECT_TRUE(served.server.development());
  RawReply reply = served.get("/");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.field("Content-Type"), "text/html;charset=utf-8");
  EXPECT_NE(reply.body.find("a secret of the program"), std::string::npos);
}

TEST(OptionDevelopment, OffShowsNothing) {
  Served served({.fetch = throws, .development = false});
  EXPECT_FALSE(served.server.development());
  RawReply reply = served.get("/");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body, "");
  EXPECT_FALSE(reply.has("Content-Type"));
}

TEST(OptionDevelopment, IsOnUnlessTheEnvironmentSaysProduction) {
  auto development = [] {
    Server server = serve({.port = 0, .hostname = "127.0.0.1"});
    server.stop(true);
    return server.development();
  };
  ::unsetenv("NODE_ENV");
  EXPECT_TRUE(development());
  ::setenv("NODE_ENV", "test", 1);
  EXPECT_TRUE(development());
  ::setenv("NODE_ENV", "production", 1);
  EXPECT_FALSE(development());
  ::unsetenv("NODE_ENV");
}

// ---- idle_timeout

TEST(OptionIdleTimeout, EndsAConnectionThatWaitsForItsNextRequest) {
  Served served({.fetch = [] { return Response("hi"); }, .idle_timeout = 150ms});
  RawClient client = served.connect();
  EXPECT_EQ(client.get("/").status, 200);
  const auto start = Clock::now();
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  EXPECT_GE(Clock::now() - start, 100ms);
  EXPECT_EQ(client.received(), "");
}

TEST(OptionIdleTimeout, EndsAConnectionThatNeverSaysAnything) {
  Served served({.idle_timeout = 150ms});
  RawClient client = served.connect();
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  EXPECT_EQ(client.received(), "");
}

TEST(OptionIdleTimeout, HoldsAlsoWhileAHandlerWorks) {
  bool stopped = false;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
                   while (!req.stop_token().stop_requested()) co_await sleep(5ms);
                   stopped = true;
                   co_return Response("too late");
                 },
                 .idle_timeout = 150ms});
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.wait_for_end(), RawClient::End::open);
  EXPECT_EQ(client.received(), "");
  EXPECT_TRUE(testing::turn_until([&] { return stopped; }));
}

TEST(OptionIdleTimeout, CountsFromTheLastByte) {
  Served served({.fetch = [] { return Response("hi"); }, .idle_timeout = 300ms});
  RawClient client = served.connect();
  for (int i = 0; i < 8; ++i) {
    turn_for(100ms);
    EXPECT_EQ(client.get("/").status, 200);
  }
}

TEST(OptionIdleTimeout, ABodyThatStopsComingIs408) {
  Served served(
      {.fetch = [](Request& req) -> Task<Response> { co_return Response(co_await req.text()); },
       .idle_timeout = 150ms});
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
  RawReply reply = client.read_reply();
  EXPECT_EQ(reply.status, 408);
  EXPECT_EQ(reply.field("Connection"), "close");
}

TEST(OptionIdleTimeout, ZeroMeansNever) {
  Served served({.fetch = waits, .idle_timeout = 0ms});
  RawClient idle = served.connect(), busy = served.connect();
  busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  turn_for(400ms);
  EXPECT_EQ(idle.end(), RawClient::End::open);
  EXPECT_EQ(busy.end(), RawClient::End::open);
}

TEST(OptionIdleTimeout, MayBeLongerThanBuns) {
  Served served({.fetch = [] { return Response("hi"); }, .idle_timeout = 1h});
  EXPECT_EQ(served.get("/").status, 200);
}

TEST(OptionIdleTimeout, AWrongOneIsNamed) {
  EXPECT_EQ(refusal({.idle_timeout = -5ms}, ".idle_timeout"),
            "Option .idle_timeout is -5 ms: give a duration that is not negative, 0 for none");
  EXPECT_EQ(refusal({.idle_timeout = std::chrono::milliseconds::max()}, ".idle_timeout"),
            "Option .idle_timeout is 9223372036854775807 ms: give at most 100 years, 0 for none");
}

// ---- head_timeout

TEST(OptionHeadTimeout, AHeadThatStopsComingIs408) {
  Served served({.head_timeout = 150ms});
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHo");
  RawReply reply = client.read_reply();
  EXPECT_EQ(reply.status, 408);
  EXPECT_EQ(reply.field("Connection"), "close");
  EXPECT_TRUE(reply.has("Date"));
}

// One byte now and then is no reason to wait for ever (what Slowloris does).
TEST(OptionHeadTimeout, DripsDoNotProlongIt) {
  Served served({.head_timeout = 300ms});
  RawClient client = served.connect();
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: " + std::string(1000, 'x');
  size_t sent = 0;
  for (; sent < head.size() && client.received().empty(); ++sent) {
    client.send_some(std::string_view(head).substr(sent, 1));
    turn_for(20ms);
  }
  EXPECT_LT(sent, head.size());
  EXPECT_EQ(client.read_reply().status, 408);
}

TEST(OptionHeadTimeout, ASilentNewcomerIsSentAway) {
  Served served({.head_timeout = 150ms});
  RawClient client = served.connect();
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  EXPECT_EQ(client.received(), "");
}

TEST(OptionHeadTimeout, DoesNotHoldForHandlersAndBodies) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
                   co_await sleep(300ms);
                   co_return Response(co_await req.text());
                 },
                 .head_timeout = 150ms});
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1");
  turn_for(200ms);
  client.send("2");
  EXPECT_EQ(client.read_reply().body, "12");
}

TEST(OptionHeadTimeout, AWrongOneIsNamed) {
  EXPECT_EQ(refusal({.head_timeout = -1s}, ".head_timeout"),
            "Option .head_timeout is -1000 ms: give a duration that is not negative, 0 for none");
}

// ---- max_request_body_size

TEST(OptionMaxRequestBodySize, IsInclusive) {
  Served served(
      {.fetch = [](Request& req) -> Task<Response> { co_return Response(co_await req.text()); },
       .max_request_body_size = 5});
  EXPECT_EQ(served.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345").body,
            "12345");
  EXPECT_EQ(served
                .exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                          "chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n")
                .body,
            "12345");
}

TEST(OptionMaxRequestBodySize, ALongerLengthIs413BeforeTheHandlerRuns) {
  int runs = 0;
  Served served({.fetch = [&] { return ++runs, Response(); }, .max_request_body_size = 5});
  RawReply reply = served.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n123456");
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.field("Connection"), "close");
  EXPECT_EQ(runs, 0);
}

TEST(OptionMaxRequestBodySize, ALongerChunkedBodyIs413WhileItIsRead) {
  BodyError::Reason reason{};
  Served served({.fetch = [&](Request& req) -> Task<Response> {
                   try {
                     co_await req.text();
                   } catch (const BodyError& error) {
                     reason = error.reason();
                     throw;
                   }
                   co_return Response("whole");
                 },
                 .max_request_body_size = 5});
  RawReply reply = served.exchange(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\n123\r\n3\r\n456\r\n0\r\n\r\n");
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reason, BodyError::Reason::too_large);
  EXPECT_EQ(served.log, "");
}

TEST(OptionMaxRequestBodySize, ZeroTakesNone) {
  Served served({.fetch = [] { return Response("hi"); }, .max_request_body_size = 0});
  EXPECT_EQ(served.get("/").status, 200);
  EXPECT_EQ(served.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").status, 200);
  EXPECT_EQ(served.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1").status,
            413);
}

// ---- max_head_size, max_head_fields

TEST(OptionMaxHeadSize, LongRequestLinesAre414AndLargeHeads431) {
  Served served({.fetch = [] { return Response("hi"); }, .max_head_size = 100});
  EXPECT_EQ(served.get("/" + std::string(100, 'x')).status, 414);
  EXPECT_EQ(served.exchange("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(100, 'x') + "\r\n\r\n")
                .status,
            431);
  // Exactly 100 bytes, the empty line included.
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n";
  head.insert(head.size() - 4, 100 - head.size(), 'x');
  EXPECT_EQ(served.exchange(head).status, 200);
  head.insert(head.size() - 4, 1, 'x');
  EXPECT_EQ(served.exchange(head).status, 431);
}

TEST(OptionMaxHeadSize, AWrongOneIsNamed) {
  EXPECT_EQ(refusal({.max_head_size = 63}, ".max_head_size"),
            "Option .max_head_size is 63: give 64 to 67108864 bytes");
  EXPECT_EQ(refusal({.max_head_size = std::uint64_t{1} << 32}, ".max_head_size"),
            "Option .max_head_size is 4294967296: give 64 to 67108864 bytes");
}

TEST(OptionMaxHeadFields, MoreAre431) {
  Served served({.fetch = [] { return Response("hi"); }, .max_head_fields = 3});
  EXPECT_EQ(served.exchange("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n").status, 200);
  EXPECT_EQ(served.exchange("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n").status,
            431);
}

TEST(OptionMaxHeadFields, AWrongOneIsNamed) {
  EXPECT_EQ(refusal({.max_head_fields = 0}, ".max_head_fields"),
            "Option .max_head_fields is 0: give 1 to 100000 fields");
}

// ---- id, log

TEST(OptionId, NamesTheServer) {
  Served named({.id = "mine"}), other, third;
  EXPECT_EQ(named.server.id(), "mine");
  EXPECT_NE(other.server.id(), "");
  EXPECT_NE(other.server.id(), third.server.id());
}

TEST(OptionLog, GetsLinesWithoutAFinalNewline) {
  std::vector<std::string> logged;
  Served served(
      {.fetch = throws, .log = [&](std::string_view lines) { logged.emplace_back(lines); }});
  served.get("/x");
  ASSERT_EQ(logged.size(), 1u);
  EXPECT_NE(logged[0].find("a secret of the program"), std::string::npos);
  EXPECT_NE(logged[0].find("GET /x HTTP/1.1"), std::string::npos);
  EXPECT_FALSE(logged[0].ends_with('\n'));
}

TEST(OptionLog, IsStderrIfUnset) {
  Server server =
      serve({.port = 0, .hostname = "127.0.0.1", .fetch = throws, .development = false});
  ::testing::internal::CaptureStderr();
  RawClient::tcp(*server.port(), Served::turn).get("/x");
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("a secret of the program"), std::string::npos);
  EXPECT_TRUE(said.ends_with('\n'));
  EXPECT_FALSE(said.ends_with("\n\n"));
  server.stop(true);
}

}  // namespace
}  // namespace bao
