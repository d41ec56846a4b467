#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"

// Server::abort and Server::timeout: what a handler may do to its own connection, or another one's.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::Served;
using testing::turn_for;
using testing::turn_until;
using Clock = std::chrono::steady_clock;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// ---- abort

TEST(Abort, InsideAHandlerCutsTheConnection) {
  bool first = false, second = true;
  Served served({.fetch = [&](Request& req, Server& server) {
    first = server.abort(req);
    second = server.abort(req);
    return Response("ignored");
  }});
  RawClient client = served.connect();
  client.send(kGet + kGet);
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
  EXPECT_EQ(client.received(), "");
  EXPECT_TRUE(first);
  EXPECT_FALSE(second);
  EXPECT_TRUE(turn_until([&] { return served.server.counters().connections_open == 0; }));
  EXPECT_EQ(served.server.pending_requests(), 0u);
  EXPECT_EQ(served.log, "");
}

TEST(Abort, InsideACoroutineBeforeAndAfterItSuspended) {
  for (bool suspend_first : {false, true}) {
    bool went_on = false;
    Served served({.fetch = [&](Request& req, Server& server) -> Task<Response> {
      if (suspend_first) co_await sleep(1ms);
      EXPECT_TRUE(server.abort(req));
      EXPECT_TRUE(req.stop_token().stop_requested());
      EXPECT_EQ(req.path(), "/");
      co_await sleep(1ms);
      went_on = true;
      co_return Response("ignored");
    }});
    RawClient client = served.connect();
    client.send(kGet);
    EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
    EXPECT_EQ(client.received(), "");
    EXPECT_TRUE(turn_until([&] { return went_on; }));
  }
}

TEST(Abort, LaterFromAnotherHandler) {
  std::vector<Request*> waiting;
  int stopped = 0, ended = 0;
  bool open = false;
  Served served({.routes = {{"/abort",
                             [&](Request&, Server& server) {
                               int count = 0;
                               for (Request* req : waiting) count += server.abort(*req);
                               return Response(std::to_string(count));
                             }}},
                 .fetch = [&](Request& req) -> Task<Response> {
                   waiting.push_back(&req);
                   while (!req.stop_token().stop_requested()) co_await sleep(1ms);
                   ++stopped;
                   while (!open) co_await sleep(1ms);
                   ++ended;
                   co_return Response("ignored");
                 }});
  RawClient a = served.connect(), b = served.connect();
  a.send(kGet);
  b.send(kGet);
  EXPECT_TRUE(turn_until([&] { return waiting.size() == 2; }));
  EXPECT_EQ(served.get("/abort").body, "2");
  EXPECT_EQ(a.wait_for_end(), RawClient::End::reset);
  EXPECT_EQ(b.wait_for_end(), RawClient::End::reset);
  EXPECT_TRUE(turn_until([&] { return stopped == 2; }));
  EXPECT_EQ(served.get("/abort").body, "0") << "they are over, though their handlers are not";
  open = true;
  EXPECT_TRUE(turn_until([&] { return ended == 2; }));
}

TEST(Abort, OfARequestWhoseClientIsGoneIsFalse) {
  std::optional<bool> aborted;
  Served served({.fetch = [&](Request& req, Server& server) -> Task<Response> {
    while (!req.stop_token().stop_requested() || req.address()) co_await sleep(1ms);
    aborted = server.abort(req);
    co_return Response();
  }});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 1; }));
  client.reset();
  EXPECT_TRUE(turn_until([&] { return aborted.has_value(); }));
  EXPECT_EQ(aborted, false);
}

TEST(Abort, WhatIsThrownAfterwardsIsNotTold) {
  Served served({.fetch = [&](Request& req, Server& server) -> Response {
                   server.abort(req);
                   throw std::runtime_error("nobody waits");
                 },
                 .error = [](const std::exception&) -> Response {
                   ADD_FAILURE() << "the error handler has nobody to answer";
                   return {};
                 }});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
  EXPECT_EQ(served.log, "");
}

TEST(Abort, InsideAnErrorHandler) {
  Request* failed = nullptr;
  Served served({.fetch = [](Request&) -> Response { throw std::runtime_error("x"); },
                 .error =
                     [&](const std::exception&, Request& req) {
                       failed = &req;
                       EXPECT_TRUE(served.server.abort(req));
                       return Response("ignored");
                     }});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
  EXPECT_NE(failed, nullptr);
}

TEST(Abort, OnAUnixSocketEndsTheConnection) {
  Served served({.unix_path = std::string("\0bao-abort-", 11) + std::to_string(::getpid()),
                 .fetch = [&](Request& req, Server& server) {
                   EXPECT_TRUE(server.abort(req));
                   return Response("ignored");
                 }});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_NE(client.wait_for_end(), RawClient::End::open);
  EXPECT_EQ(client.received(), "");
}

TEST(Abort, ByAStopCallbackOfAnother) {
  Request* other = nullptr;
  int aborted = 0, ended = 0;
  Served served({.routes = {{"/first",
                             [&](Request& req, Server& server) -> Task<Response> {
                               std::stop_callback callback(
                                   req.stop_token(), [&] { aborted += server.abort(*other); });
                               while (aborted == 0) co_await sleep(1ms);
                               ++ended;
                               co_return Response();
                             }}},
                 .fetch = [&](Request& req) -> Task<Response> {
                   other = &req;
                   while (!req.stop_token().stop_requested()) co_await sleep(1ms);
                   ++ended;
                   co_return Response();
                 }});
  RawClient first = served.connect(), second = served.connect();
  first.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
  second.send(kGet);
  EXPECT_TRUE(
      turn_until([&] { return other != nullptr && served.server.pending_requests() == 2; }));
  first.reset();
  EXPECT_EQ(second.wait_for_end(), RawClient::End::reset);
  EXPECT_EQ(aborted, 1);
  EXPECT_TRUE(turn_until([&] { return ended == 2; }));
}

// A forced stop ends the first; its stop token ends the second in the middle of the walk over all
// connections.
TEST(Abort, WhileTheServerIsStoppedByForce) {
  std::vector<Request*> waiting;
  Served served({.fetch = [&](Request& req, Server& server) -> Task<Response> {
    waiting.push_back(&req);
    std::stop_callback callback(req.stop_token(), [&] {
      for (Request* other : waiting) server.abort(*other);
    });
    bool stopped = false;
    while (!stopped) {
      co_await sleep(1ms);
      stopped = req.stop_token().stop_requested();
    }
    co_return Response();
  }});
  std::vector<RawClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(served.connect());
    clients.back().send(kGet);
  }
  EXPECT_TRUE(turn_until([&] { return waiting.size() == 10; }));
  Stopping stopping = served.server.stop(true);
  EXPECT_TRUE(stopping.done());
  for (RawClient& client : clients) EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
}

// ---- timeout

/// Sleeps, at most until the client is gone.
Task<void> nap(Request& req, std::chrono::milliseconds time) {
  const auto deadline = Clock::now() + time;
  while (Clock::now() < deadline && !req.stop_token().stop_requested()) co_await sleep(1ms);
}

/// Replies after `delay`, with that idle timeout.
Handler replies_after(std::chrono::milliseconds delay, std::chrono::milliseconds timeout) {
  return [=](Request& req, Server& server) -> Task<Response> {
    server.timeout(req, timeout);
    co_await nap(req, delay);
    co_return Response("in time");
  };
}

TEST(Timeout, MayBeLongerThanTheServers) {
  Served served({.fetch = replies_after(500ms, 1h), .idle_timeout = 150ms});
  EXPECT_EQ(served.get("/").body, "in time");
}

TEST(Timeout, MayBeNone) {
  Served served({.fetch = replies_after(500ms, 0ms), .idle_timeout = 150ms});
  EXPECT_EQ(served.get("/").body, "in time");
}

TEST(Timeout, MayBeShorterThanTheServers) {
  Served served({.fetch = replies_after(1h, 150ms), .idle_timeout = 1h});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_NE(client.wait_for_end(), RawClient::End::open);
  EXPECT_EQ(client.received(), "");
}

TEST(Timeout, MayBeSetWhereTheServerHasNone) {
  Served served({.fetch = replies_after(1h, 150ms), .idle_timeout = 0ms});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_NE(client.wait_for_end(), RawClient::End::open);
}

TEST(Timeout, StopsTheTokenWhenItIsOver) {
  bool stopped = false;
  Served served({.fetch = [&](Request& req, Server& server) -> Task<Response> {
    server.timeout(req, 100ms);
    while (!req.stop_token().stop_requested()) co_await sleep(1ms);
    stopped = true;
    co_return Response();
  }});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_TRUE(turn_until([&] { return stopped; }));
}

TEST(Timeout, HoldsForItsRequestOnly) {
  bool first = true;
  Served served({.fetch = [&](Request& req, Server& server) -> Task<Response> {
                   if (std::exchange(first, false)) {
                     server.timeout(req, 1h);
                     co_return Response("first");
                   }
                   co_await nap(req, 1h);
                   co_return Response("never");
                 },
                 .idle_timeout = 200ms});
  RawClient client = served.connect();
  EXPECT_EQ(client.exchange(kGet).body, "first");
  client.send(kGet);
  EXPECT_NE(client.wait_for_end(), RawClient::End::open);
}

TEST(Timeout, HoldsForTheBodyToo) {
  Served served({.fetch = [](Request& req, Server& server) -> Task<Response> {
                   server.timeout(req, 1h);
                   co_return Response(co_await req.text());
                 },
                 .idle_timeout = 150ms});
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
  turn_for(500ms);
  client.send("b");
  EXPECT_EQ(client.read_reply().body, "ab");
}

TEST(Timeout, MayBeSetAgain) {
  Served served({.fetch = [](Request& req, Server& server) -> Task<Response> {
                   for (int i = 0; i < 6; ++i) {
                     server.timeout(req, 250ms);  // counts from now
                     co_await sleep(100ms);
                   }
                   co_return Response("in time");
                 },
                 .idle_timeout = 150ms});
  EXPECT_EQ(served.get("/").body, "in time");
}

TEST(Timeout, ANegativeOneIsRefused) {
  std::string said;
  Served served({.fetch = [&](Request& req, Server& server) {
    try {
      server.timeout(req, -1ms);
    } catch (const std::invalid_argument& error) {
      said = error.what();
    }
    return Response();
  }});
  EXPECT_EQ(served.get("/").status, 200);
  EXPECT_EQ(said, "Server::timeout of -1 ms: give a duration that is not negative, 0 for none");
}

// A program may write "for ever" like this; it must not overflow into the past.
TEST(Timeout, TheLongestDurationIsForEver) {
  Served served({.fetch = replies_after(50ms, std::chrono::milliseconds::max())});
  EXPECT_EQ(served.get("/").body, "in time");
}

TEST(Timeout, DoesNothingOnceTheConnectionIsGone) {
  bool done = false;
  Served served({.fetch = [&](Request& req, Server& server) -> Task<Response> {
    server.abort(req);
    server.timeout(req, 1h);
    done = true;
    co_return Response();
  }});
  RawClient client = served.connect();
  client.send(kGet);
  client.wait_for_end();
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace bao
