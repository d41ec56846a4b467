#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <utility>

#include <bao/bao.h>

#include "api/served.h"

// The bodies of requests, piece by piece.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::RawReply;
using testing::Served;
using testing::turn_until;
using Reason = BodyError::Reason;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

std::string head_of_post(size_t length, std::string_view path = "/") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

std::string post(const std::string& body) {
  return head_of_post(body.size()) + body;
}

Task<Response> count(Request& req) {
  size_t bytes = 0;
  while (std::optional<std::string> piece = co_await req.body().next()) bytes += piece->size();
  co_return Response(std::to_string(bytes));
}

TEST(BodyPiecesTest, AHandlerReadsThePiecesAsTheyArrive) {
  std::string seen;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
    Body body = req.body();
    while (std::optional<std::string> piece = co_await body.next()) seen += *piece + "|";
    EXPECT_EQ(co_await body.next(), std::nullopt) << "the end stays";
    co_return Response(seen);
  }});
  RawClient client = served.connect();
  client.send(head_of_post(6) + "ab");
  ASSERT_TRUE(turn_until([&] { return seen == "ab|"; }));
  client.send("cd");
  ASSERT_TRUE(turn_until([&] { return seen == "ab|cd|"; }));
  client.send("ef");
  EXPECT_EQ(client.read_reply().body, "ab|cd|ef|");
}

TEST(BodyPiecesTest, ABodyThatIsHereNeedsNoWait) {
  Served served({.fetch = count});
  RawClient client = served.connect();
  client.send(post("hello") + "GET / HTTP/1.1\r\nHost: a\r\n\r\n" +
              "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
              "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_reply().body, "5");
  EXPECT_EQ(client.read_reply().body, "0");
  EXPECT_EQ(client.read_reply().body, "7");
}

TEST(BodyPiecesTest, ABufferedHandlerHasTheWholeBodyAsOnePiece) {
  Served served({.fetch = buffered([](Request& req) {
                   Body::Next next = req.body().next();
                   EXPECT_TRUE(next.await_ready());
                   return Response(next.await_resume().value_or("none"));
                 })});
  RawClient client = served.connect();
  client.send(post("hello"));
  EXPECT_EQ(client.read_reply().body, "hello");
}

TEST(BodyPiecesTest, TheBodyIsTakenOnceAsAWholeOrInPieces) {
  Served served({.routes = {{"/pieces",
                             [](Request& req) -> Task<Response> {
                               Body body = req.body();
                               EXPECT_TRUE(req.body_used());
                               EXPECT_THROW(co_await req.text(), std::logic_error);
                               co_return Response((co_await body.next()).value_or(""));
                             }},
                            {"/whole", [](Request& req) -> Task<Response> {
                               std::string text = co_await req.text();
                               EXPECT_THROW(req.body(), std::logic_error);
                               co_return Response(text);
                             }}}});
  RawClient client = served.connect();
  client.send(head_of_post(1, "/pieces") + "a" + head_of_post(1, "/whole") + "b");
  EXPECT_EQ(client.read_reply().body, "a");
  EXPECT_EQ(client.read_reply().body, "b");
}

TEST(BodyPiecesTest, OnlyOneMayWaitForTheNextPiece) {
  bool refused = false;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
    const Body body = req.body();
    auto second = [](Body body, bool& refused) -> Task<> {
      try {
        co_await body.next();
      } catch (const std::logic_error&) {
        refused = true;
      }
    };
    after(0ms, [&, body] { spawn(second(body, refused)); });
    co_return Response((co_await body.next()).value_or(""));
  }});
  RawClient client = served.connect();
  client.send(head_of_post(1));
  ASSERT_TRUE(turn_until([&] { return refused; }));
  client.send("x");
  EXPECT_EQ(client.read_reply().body, "x");
}

// ---- Bodies that do not arrive

TEST(BodyPiecesTest, AClientThatGoesAwayIsAnError) {
  std::optional<Reason> reason;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
    try {
      while (co_await req.body().next()) {
      }
    } catch (const BodyError& error) {
      reason = error.reason();
    }
    co_return Response("nobody reads this");
  }});
  {
    RawClient client = served.connect();
    client.send(head_of_post(100) + "some");
    ASSERT_TRUE(turn_until([&] { return served.server.pending_requests() == 1; }));
  }
  EXPECT_TRUE(turn_until([&] { return reason.has_value(); }));
  EXPECT_EQ(reason, Reason::client_gone);
}

TEST(BodyPiecesTest, ALimitOfTheRequestIsKept) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
    req.limit_body(10);
    req.limit_body(100);  // cannot be raised
    size_t bytes = 0;
    while (std::optional<std::string> piece = co_await req.body().next()) bytes += piece->size();
    co_return Response(std::to_string(bytes));
  }});
  RawClient client = served.connect();
  client.send(post("0123456789"));
  EXPECT_EQ(client.read_reply().body, "10");
  client.send(post("0123456789a"));
  EXPECT_EQ(client.read_reply().status, 413);
  RawClient chunked = served.connect();
  chunked.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n");
  chunked.send("6\r\n678901\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.read_reply().status, 413);
}

// ---- Beside a reply

TEST(BodyPiecesTest, AProducerMayReadOnWhenTheHandlerHasReturned) {
  Served served({.fetch = [](Request& req) {
    const size_t length = std::stoul(std::string(req.field("Content-Length").value()));
    return Response::stream(
        [body = req.body()](Writer& out) -> Task<> {
          while (std::optional<std::string> piece = co_await body.next())
            co_await out.write(*piece);
        },
        length);
  }});
  RawClient client = served.connect();
  client.send(head_of_post(6) + "abc");
  client.send("def");
  EXPECT_EQ(client.read_reply().body, "abcdef");
  client.send(post("next"));
  EXPECT_EQ(client.read_reply().body, "next");
}

// The client reads nothing before it has sent everything.
TEST(BodyPiecesTest, ABodyThatNoHandleReadsAnyMoreIsThrownAway) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
    const std::optional<std::string> first = co_await req.body().next();
    EXPECT_TRUE(first.has_value());
    co_return Response::stream(
        [](Writer& out) -> Task<> {
          const std::string piece(100'000, 'r');
          for (int i = 0; i < 100; ++i) co_await out.write(piece);
        },
        10'000'000);
  }});
  RawClient client = served.connect();
  client.send(post(std::string(200'000, 'b')));
  EXPECT_EQ(client.read_reply().body.size(), 10'000'000u);
}

TEST(BodyPiecesTest, AHandleThatOutlivesEverythingIsHarmless) {
  std::optional<Body> kept;
  {
    Served served({.fetch = [&](Request& req) -> Task<Response> {
      kept = req.body();
      co_return Response("early");
    }});
    RawClient client = served.connect();
    client.send(head_of_post(100'000) + "some");
    EXPECT_EQ(client.read_reply().body, "early");
    Body::Next next = kept->next();
    EXPECT_TRUE(next.await_ready());
    EXPECT_THROW(next.await_resume(), BodyError);
  }
  Body::Next next = kept->next();
  EXPECT_THROW(next.await_resume(), BodyError);
}

TEST(BodyPiecesTest, AHandlerThatEndsWhileItWaitsForAPieceLeavesNobodyBehind) {
  std::optional<Body> kept;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
    kept = req.body();
    co_await kept->next();
    co_return Response("never");
  }});
  RawClient client = served.connect();
  client.send(head_of_post(10));
  ASSERT_TRUE(turn_until([&] { return kept.has_value(); }));
  Stopping stopping = served.server.stop(true);
  EXPECT_TRUE(turn_until([&] { return stopping.done(); }));
}

// ---- Memory

Task<Response> count_slowly(Request& req) {
  size_t bytes = 0;
  int pieces = 0;
  while (std::optional<std::string> piece = co_await req.body().next()) {
    bytes += piece->size();
    if (++pieces % 256 == 0) co_await sleep(1ms);
  }
  co_return Response(std::to_string(bytes));
}

TEST(BodyPiecesTest, ALargeUploadThroughASlowHandlerHasBoundedMemory) {
  constexpr size_t kSize = 256 << 20;
  Served served({.fetch = count_slowly, .max_request_body_size = kSize});
  RawClient client = served.connect();
  client.send(head_of_post(kSize));
  rusage before{}, after_it{};
  ::getrusage(RUSAGE_SELF, &before);
  const std::string mebibyte(1 << 20, 'x');
  for (size_t sent = 0; sent < kSize; sent += mebibyte.size()) client.send(mebibyte);
  EXPECT_EQ(client.read_reply().body, std::to_string(kSize));
  ::getrusage(RUSAGE_SELF, &after_it);
  // Sanitizers keep what is freed for a while, to find who still uses it.
  if constexpr (!kSanitized) {
    EXPECT_LT(after_it.ru_maxrss - before.ru_maxrss, 16 * 1024) << "KiB";
  }
}

}  // namespace
}  // namespace bao
