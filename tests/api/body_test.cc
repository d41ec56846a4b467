#include <chrono>
#include <cstddef>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bao/bao.h>
#include <bao/json.h>

#include "api/served.h"

namespace app {
struct Point {
  int x = 0;
  int y = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Point, x, y)
}  // namespace app

// The bodies of requests.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::RawReply;
using testing::Served;
using testing::turn_until;
using Reason = BodyError::Reason;

std::string post(const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}
const std::string kChunkedHead = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

Task<Response> echo(Request& req) {
  co_return Response::bytes(co_await req.text());
}

/// Reads the body; keeps why it could not.
struct Reader {
  Task<Response> operator()(Request& req) {
    try {
      started = true;
      std::string text = co_await req.text();
      co_return Response(std::move(text));
    } catch (const BodyError& error) {
      reason = error.reason();
      what = error.what();
      throw;
    }
  }
  bool& started;
  std::optional<Reason>& reason;
  std::string& what;
};

class BodyErrors : public ::testing::Test {
 protected:
  Handler reader() { return Reader{started, reason, what}; }
  bool started = false;
  std::optional<Reason> reason;
  std::string what;
};

// ---- text, bytes, json

TEST(Body, IsGivenAsText) {
  Served served({.fetch = echo});
  const std::string bytes("\0\x01\xFF\r\n text", 10);
  EXPECT_EQ(served.exchange(post(bytes)).body, bytes);
  EXPECT_EQ(served.exchange(post("")).body, "");
  EXPECT_EQ(served.get("/").body, "");
  EXPECT_EQ(
      served.exchange(kChunkedHead + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n").body,
      "abcde");
}

TEST(Body, IsGivenAsBytes) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
    std::vector<std::byte> bytes = co_await req.bytes();
    co_return Response::bytes(bytes);
  }});
  EXPECT_EQ(served.exchange(post(std::string("\0a\xFF", 3))).body, std::string("\0a\xFF", 3));
  EXPECT_EQ(served.exchange(post("")).body, "");
}

TEST(Body, IsGivenAsJson) {
  Served served({.routes = {{"/any",
                             [](Request& req) -> Task<Response> {
                               bao::json value = co_await req.json<bao::json>();
                               co_return Response::json(value["list"]);
                             }},
                            {"/struct", [](Request& req) -> Task<Response> {
                               auto point = co_await req.json<app::Point>();
                               std::swap(point.x, point.y);
                               co_return Response::json(point);
                             }}}});
  auto send = [&](const std::string& path, const std::string& body) {
    return served.exchange("POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  RawReply any = send("/any", "{\"list\": [1, \"\xE2\x82\xAC\", null]}");
  EXPECT_EQ(any.body, "[1,\"\xE2\x82\xAC\",null]");
  EXPECT_EQ(any.field("Content-Type"), "application/json;charset=utf-8");
  EXPECT_EQ(send("/struct", R"({"x": 1, "y": 2})").body, R"({"x":2,"y":1})");
  EXPECT_EQ(send("/struct", "no json").status, 500);
  EXPECT_EQ(send("/struct", R"({"x": 1})").status, 500);
}

TEST(Body, JsonThatIsNoUtf8IsWrittenWithReplacements) {
  EXPECT_EQ(Response::json(std::string("a\xFFz")).body(), "\"a\xEF\xBF\xBDz\"");
}

TEST(Body, MayBeTakenOnce) {
  std::string said;
  bool used_before = true, used_after = false;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
    used_before = req.body_used();
    std::string text = co_await req.text();
    used_after = req.body_used();
    try {
      co_await req.bytes();
    } catch (const std::logic_error& error) {
      said = error.what();
    }
    co_return Response(text);
  }});
  EXPECT_EQ(served.exchange(post("abc")).body, "abc");
  EXPECT_FALSE(used_before);
  EXPECT_TRUE(used_after);
  EXPECT_EQ(said,
            "The body of this request was taken before: keep what text(), bytes() or json() gave");
}

TEST(Body, ComesInPieces) {
  Served served({.fetch = echo});
  RawClient client = served.connect();
  const std::string request = kChunkedHead + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
  for (char c : request) {
    client.send({&c, 1});
    Loop::current().turn();
  }
  EXPECT_EQ(client.read_reply().body, "hello world");
}

TEST(Body, OfManyMegabytesArrives) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
    std::string text = co_await req.text();
    co_return Response(std::to_string(text.size()) + text.substr(text.size() - 3));
  }});
  const std::string large = std::string(5'000'000, 'x') + "end";
  RawClient client = served.connect();
  EXPECT_EQ(client.exchange(post(large)).body, "5000003end");
  EXPECT_EQ(client.exchange(post("abc")).body, "3abc");
}

TEST(Body, OneThatNobodyReadsIsThrownAway) {
  Served served({.fetch = [] { return Response("unread"); }});
  RawClient client = served.connect();
  EXPECT_EQ(client.exchange(post(std::string(100'000, 'x'))).body, "unread");
  EXPECT_EQ(client.exchange(kChunkedHead + "3\r\nabc\r\n0\r\n\r\n").body, "unread");
  EXPECT_EQ(client.get("/").body, "unread");
}

// ---- get(): without a coroutine

TEST(BodyGet, ThrowsIfTheBodyHasNotArrived) {
  std::string said;
  Served served({.fetch = [&](Request& req) {
    try {
      return Response(req.text().get());
    } catch (const BodyNotReady& error) {
      said = error.what();
      return Response("not ready").status(503);
    }
  }});
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab");
  EXPECT_EQ(client.read_reply().status, 503);
  EXPECT_EQ(said,
            "The body has not arrived yet: write co_await req.text() in a handler that returns "
            "bao::Task<bao::Response>, or wrap the handler in bao::buffered(…)");
  // The rest is thrown away, so the connection goes on.
  client.send("c");
  EXPECT_EQ(client.get("/").status, 200);
}

TEST(BodyGet, GivesABodyThatCameWithItsHead) {
  Served served(
      {.routes = {{"/bytes", [](Request& req) { return Response::bytes(req.bytes().get()); }},
                  {"/json",
                   [](Request& req) { return Response(std::to_string(req.json<int>().get())); }}},
       .fetch = [](Request& req) { return Response(req.text().get()); }});
  EXPECT_EQ(served.exchange(post("abc")).body, "abc");
  EXPECT_EQ(served.get("/").body, "");
  EXPECT_EQ(served.exchange("POST /bytes HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nb").body,
            "b");
  EXPECT_EQ(served.exchange("POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n42").body,
            "42");
}

// ---- buffered

TEST(Buffered, RunsTheHandlerWhenTheBodyIsHere) {
  int runs = 0;
  Served served({.fetch = buffered([&](Request& req) {
                   ++runs;
                   return Response(req.text().get() + " of " + std::string(req.path()));
                 })});
  RawClient client = served.connect();
  client.send("POST /path HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  testing::turn_for(30ms);
  EXPECT_EQ(runs, 0);
  client.send("def");
  EXPECT_EQ(client.read_reply().body, "abcdef of /path");
  EXPECT_EQ(client.get("/none").body, " of /none");
  EXPECT_EQ(runs, 2);
}

TEST(Buffered, WorksForEveryKindOfHandler) {
  Served served(
      {.routes = {
           {"/task", buffered([](Request& req) -> Task<Response> {
              std::string text = req.text().get();
              co_await sleep(1ms);
              co_return Response(text + "!");
            })},
           {"/methods",
            methods{.post = buffered([](Request& req) { return Response(req.text().get()); })}},
           {"/throws", buffered([](Request&) -> Response { throw std::runtime_error("no"); })},
           {"/nothing", buffered([]() -> std::optional<Response> { return std::nullopt; })}}});
  auto send = [&](const std::string& path) {
    RawClient client = served.connect();
    client.send("POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
    testing::turn_for(5ms);
    client.send("b");
    return client.read_reply();
  };
  EXPECT_EQ(send("/task").body, "ab!");
  EXPECT_EQ(send("/methods").body, "ab");
  EXPECT_EQ(send("/throws").status, 500);
  EXPECT_EQ(send("/nothing").status, 204);
}

TEST(Buffered, NeverRunsForABodyThatDoesNotArrive) {
  int runs = 0;
  Served served({.fetch = buffered([&] { return ++runs, Response(); }),
                 .idle_timeout = 150ms,
                 .max_request_body_size = 9});
  EXPECT_EQ(served.exchange(kChunkedHead + "a\r\n0123456789\r\n0\r\n\r\n").status, 413);
  EXPECT_EQ(served.exchange(kChunkedHead + "zz\r\n").status, 400);
  EXPECT_EQ(served.exchange(kChunkedHead + "1\r\na\r\n").status, 408);
  RawClient gone = served.connect();
  gone.send(kChunkedHead + "1\r\na\r\n");
  testing::turn_for(20ms);
  gone.reset();
  EXPECT_TRUE(turn_until([&] { return served.server.counters().connections_open == 0; }));
  EXPECT_EQ(runs, 0);
}

// ---- Expect: 100-continue (RFC 9110 section 10.1.1)

const std::string kExpecting =
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";

TEST(Continue, IsSentWhenTheBodyIsWanted) {
  Served served({.fetch = echo});
  RawClient client = served.connect();
  EXPECT_EQ(client.exchange(kExpecting).status, 100);
  EXPECT_EQ(client.exchange("abc").body, "abc");
  EXPECT_EQ(client.get("/").status, 200);
}

TEST(Continue, IsSentForABufferedHandler) {
  Served served({.fetch = buffered([](Request& req) { return Response(req.text().get()); })});
  RawClient client = served.connect();
  EXPECT_EQ(client.exchange(kExpecting).status, 100);
  EXPECT_EQ(client.exchange("abc").body, "abc");
}

TEST(Continue, IsSentWhenASuspendedHandlerWantsTheBodyAtLast) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
    co_await sleep(20ms);
    co_return Response(co_await req.text());
  }});
  RawClient client = served.connect();
  EXPECT_EQ(client.exchange(kExpecting).status, 100);
  EXPECT_EQ(client.exchange("abc").body, "abc");
}

TEST(Continue, IsNotSentIfNobodyWantsTheBody) {
  Served served({.fetch = [] { return Response("no need").status(403); }});
  RawClient client = served.connect();
  RawReply reply = client.exchange(kExpecting);
  EXPECT_EQ(reply.status, 403);
  // The client may or may not send its body now, so only the end of the connection is unambiguous.
  EXPECT_EQ(reply.field("Connection"), "close");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
}

TEST(Continue, OtherExpectationsAre417) {
  Served served({.fetch = echo});
  EXPECT_EQ(
      served.exchange("POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\na")
          .status,
      417);
}

// ---- Why a body does not arrive

TEST_F(BodyErrors, ClientGone) {
  Served served({.fetch = reader()});
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(turn_until([&] { return started; }));
  client.reset();
  EXPECT_TRUE(turn_until([&] { return reason.has_value(); }));
  EXPECT_EQ(reason, Reason::client_gone);
  EXPECT_EQ(what, "The client went away before the body had arrived");
  EXPECT_EQ(served.log, "");
}

TEST_F(BodyErrors, ClientGoneAlsoIfItOnlyStopsSending) {
  Served served({.fetch = reader()});
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  client.finish_writing();
  EXPECT_EQ(client.read_reply().status, 400);
  EXPECT_EQ(reason, Reason::client_gone);
}

TEST_F(BodyErrors, TimedOut) {
  Served served({.fetch = reader(), .idle_timeout = 150ms});
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(client.read_reply().status, 408);
  EXPECT_EQ(reason, Reason::timed_out);
  EXPECT_EQ(what, "The body did not arrive before the idle timeout");
  EXPECT_EQ(served.log, "");
}

TEST_F(BodyErrors, TooLarge) {
  Served served({.fetch = reader(), .max_request_body_size = 3});
  EXPECT_EQ(served.exchange(kChunkedHead + "4\r\nabcd\r\n").status, 413);
  EXPECT_EQ(reason, Reason::too_large);
  EXPECT_EQ(what, "The body is larger than max_request_body_size, or limit_body, allows");
  EXPECT_EQ(served.log, "");
}

TEST_F(BodyErrors, Malformed) {
  Served served({.fetch = reader()});
  RawClient client = served.connect();
  client.send(kChunkedHead + "3\r\nabc\r\n");
  EXPECT_TRUE(turn_until([&] { return started; }));
  EXPECT_EQ(client.exchange("xyz\r\n").status, 400);
  EXPECT_EQ(reason, Reason::malformed);
  EXPECT_EQ(what, "The body violates the chunked transfer coding");
  EXPECT_EQ(served.log, "");
}

TEST_F(BodyErrors, AbortedByTheProgram) {
  Request* request = nullptr;
  Served served({.routes = {{"/abort",
                             [&](Request&, Server& server) {
                               return Response(server.abort(*request) ? "aborted" : "over");
                             }}},
                 .fetch = [&, read = Reader{started, reason, what}](Request& req) mutable {
                   request = &req;
                   return read(req);
                 }});
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(turn_until([&] { return started; }));
  EXPECT_EQ(served.get("/abort").body, "aborted");
  EXPECT_EQ(reason, Reason::aborted);
  EXPECT_EQ(what, "The request was aborted before its body had arrived");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
}

TEST_F(BodyErrors, StoppedByForce) {
  Served served({.fetch = reader()});
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(turn_until([&] { return started; }));
  served.server.stop(true);
  EXPECT_EQ(reason, Reason::aborted);
}

TEST_F(BodyErrors, AreToldToWhoAsksAfterwards) {
  std::vector<Reason> reasons;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
    while (!req.stop_token().stop_requested()) co_await sleep(2ms);
    for (int i = 0; i < 2; ++i) {
      try {
        co_await req.text();
      } catch (const BodyError& error) {
        reasons.push_back(error.reason());
      }
    }
    co_return Response();
  }});
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 1; }));
  client.reset();
  EXPECT_TRUE(turn_until([&] { return reasons.size() == 2; }));
  EXPECT_EQ(reasons, (std::vector<Reason>{Reason::client_gone, Reason::client_gone}));
}

// A handler may answer although the body did not arrive; the client has its answer already.
TEST_F(BodyErrors, AReplyAfterOneIsIgnored) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
                   try {
                     co_await req.text();
                   } catch (const BodyError&) {
                   }
                   co_return Response("second");
                 },
                 .max_request_body_size = 3});
  RawClient client = served.connect();
  EXPECT_EQ(client.exchange(kChunkedHead + "4\r\nabcd\r\n").status, 413);
  client.wait_for_end();
  EXPECT_EQ(client.received(), "");
}

}  // namespace
}  // namespace bao
