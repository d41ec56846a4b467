#include <array>
#include <chrono>
#include <cstdint>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"

// Server::counters and Server::pending_requests.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::RawReply;
using testing::Served;
using testing::turn_until;

using Classes = std::array<std::uint64_t, 6>;

TEST(Counters, BeginAtZero) {
  Served served;
  Counters counters = served.server.counters();
  EXPECT_EQ(counters.connections_open, 0u);
  EXPECT_EQ(counters.connections_total, 0u);
  EXPECT_EQ(counters.requests_pending, 0u);
  EXPECT_EQ(counters.requests_total, 0u);
  EXPECT_EQ(counters.bytes_in, 0u);
  EXPECT_EQ(counters.bytes_out, 0u);
  EXPECT_EQ(counters.replies_by_class, Classes{});
}

TEST(Counters, CountConnections) {
  Served served({.fetch = [] { return Response("x"); }});
  {
    RawClient a = served.connect(), b = served.connect();
    a.get("/");
    b.get("/");
    EXPECT_EQ(served.server.counters().connections_open, 2u);
  }
  EXPECT_TRUE(turn_until([&] { return served.server.counters().connections_open == 0; }));
  served.get("/");
  EXPECT_EQ(served.server.counters().connections_total, 3u);
}

TEST(Counters, CountRequestsUnderWay) {
  bool open = false;
  Served served({.fetch = [&]() -> Task<Response> {
    while (!open) co_await sleep(1ms);
    co_return Response();
  }});
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(served.connect());
    // What is pipelined behind it has not begun.
    clients.back().send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 3; }));
  EXPECT_EQ(served.server.counters().requests_pending, 3u);
  EXPECT_EQ(served.server.counters().requests_total, 3u);
  open = true;
  for (RawClient& client : clients) {
    EXPECT_EQ(client.read_reply().status, 200);
    EXPECT_EQ(client.read_reply().status, 200);
  }
  EXPECT_EQ(served.server.pending_requests(), 0u);
  EXPECT_EQ(served.server.counters().requests_total, 6u);
}

TEST(Counters, CountARequestWhileItsHandlerRuns) {
  std::uint64_t pending = 0;
  Served served({.fetch = [&](Request&, Server& server) {
    pending = server.pending_requests();
    return Response();
  }});
  served.get("/");
  EXPECT_EQ(pending, 1u);
}

TEST(Counters, CountLocalRequestsAsUnderWayOnly) {
  bool open = false;
  Served served({.fetch = [&]() -> Task<Response> {
    while (!open) co_await sleep(1ms);
    co_return Response();
  }});
  spawn([](Server server) -> Task<void> { co_await server.fetch("/"); }(served.server));
  EXPECT_EQ(served.server.pending_requests(), 1u);
  EXPECT_EQ(served.server.counters().requests_pending, 1u);
  EXPECT_EQ(served.server.counters().requests_total, 0u);
  open = true;
  EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 0; }));
}

TEST(Counters, RequestsThatFailAreNoLongerUnderWay) {
  Served served({.fetch = [](Request& req, Server& server) -> Task<Response> {
    if (req.path() == "/throw") throw std::runtime_error("x");
    if (req.path() == "/abort") server.abort(req);
    if (req.path() == "/body") co_await req.text();
    co_return Response();
  }});
  served.get("/throw");
  RawClient aborted = served.connect();
  aborted.send("GET /abort HTTP/1.1\r\nHost: a\r\n\r\n");
  aborted.wait_for_end();
  RawClient gone = served.connect();
  gone.send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
  EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 1; }));
  gone.reset();
  EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 0; }));
  EXPECT_EQ(served.server.counters().requests_total, 3u);
}

TEST(Counters, CountRepliesByClass) {
  Served served(
      {.routes = {{"/:status",
                   [](Request& req) { return Response::empty(std::stoi(req.param("status"))); }},
                  {"/", Response("prepared")}}});
  for (const char* path : {"/", "/204", "/302", "/404", "/418", "/500"}) served.get(path);
  EXPECT_EQ(served.server.counters().replies_by_class, (Classes{0, 0, 2, 1, 2, 1}));
  // What the protocol layer refuses counts as a reply, not as a request.
  served.exchange("nonsense\r\n\r\n");
  served.get("/" + std::string(20'000, 'x'));
  EXPECT_EQ(served.server.counters().replies_by_class, (Classes{0, 0, 2, 1, 4, 1}));
  EXPECT_EQ(served.server.counters().requests_total, 6u);
}

TEST(Counters, CountBytes) {
  Served served({.fetch = [] { return Response(std::string(1'000'000, 'x')); }});
  RawClient client = served.connect();
  const std::string request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde";
  client.send(request);
  RawReply reply = client.read_reply();
  EXPECT_EQ(served.server.counters().bytes_in, request.size());
  EXPECT_EQ(served.server.counters().bytes_out, reply.head.size() + 2 + reply.body.size());
}

TEST(Counters, AreEachServersOwn) {
  Served a({.fetch = [] { return Response(); }}), b;
  a.get("/");
  EXPECT_EQ(a.server.counters().requests_total, 1u);
  EXPECT_EQ(b.server.counters().requests_total, 0u);
}

}  // namespace
}  // namespace bao
