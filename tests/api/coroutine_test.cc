#include <chrono>
#include <coroutine>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"
#include "api/stopped.h"

// Handlers that suspend: what stays good meanwhile, and what happens when the world goes on without
// them.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::RawReply;
using testing::Served;
using testing::Stopped;
using testing::turn_for;
using testing::turn_until;

/// Suspends coroutines until the test opens it.
class Gate {
 public:
  struct Pass {
    bool await_ready() const { return gate.open_; }
    void await_suspend(std::coroutine_handle<> handle) { gate.waiting_.push_back(handle); }
    void await_resume() const {}
    Gate& gate;
  };
  Pass pass() { return {*this}; }
  size_t waiting() const { return waiting_.size(); }
  void open() {
    open_ = true;
    while (!waiting_.empty()) release_first();
  }
  void release_first() {
    auto handle = waiting_.front();
    waiting_.erase(waiting_.begin());
    handle.resume();
  }

 private:
  std::vector<std::coroutine_handle<>> waiting_;
  bool open_ = false;
};

std::string get(std::string_view path, std::string_view fields = "") {
  return std::string("GET ")
      .append(path)
      .append(" HTTP/1.1\r\nHost: a\r\n")
      .append(fields)
      .append("\r\n");
}

// ---- Suspending

TEST(Coroutine, MaySuspendNotAtAllOnceOrManyTimes) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
    const int times = std::stoi(req.query("n").value_or("0"));
    for (int i = 0; i < times; ++i) co_await sleep(0ms);
    co_return Response(std::to_string(times));
  }});
  for (const char* n : {"0", "1", "200"}) EXPECT_EQ(served.get(std::string("/?n=") + n).body, n);
}

TEST(Coroutine, OthersAreAnsweredMeanwhile) {
  Gate gate;
  Served served({.routes = {{"/slow",
                             [&]() -> Task<Response> {
                               co_await gate.pass();
                               co_return Response("slow");
                             }},
                            {"/fast", [] { return Response("fast"); }}}});
  RawClient slow = served.connect();
  slow.send(get("/slow"));
  EXPECT_TRUE(turn_until([&] { return gate.waiting() == 1; }));
  EXPECT_EQ(served.get("/fast").body, "fast");
  EXPECT_EQ(slow.received(), "");
  gate.open();
  EXPECT_EQ(slow.read_reply().body, "slow");
}

TEST(Coroutine, MayAwaitOthers) {
  struct Deep {
    static Task<std::string> down(int depth) {
      if (depth == 0) {
        co_await sleep(1ms);
        co_return "bottom";
      }
      std::string below = co_await down(depth - 1);
      co_return below + std::to_string(depth);
    }
  };
  Served served({.fetch = []() -> Task<Response> { co_return Response(co_await Deep::down(5)); }});
  EXPECT_EQ(served.get("/").body, "bottom12345");
}

TEST(Coroutine, WhatAnAwaitedTaskThrowsCanBeCaught) {
  Served served({.fetch = []() -> Task<Response> {
    auto fail = []() -> Task<int> {
      co_await sleep(1ms);
      throw std::runtime_error("inner");
    };
    std::string caught;
    try {
      co_await fail();
    } catch (const std::runtime_error& error) {
      caught = error.what();
    }
    co_return Response("caught " + caught);
  }});
  EXPECT_EQ(served.get("/").body, "caught inner");
}

TEST(Coroutine, ManyMaySuspendAtOnce) {
  Gate gate;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
    co_await gate.pass();
    co_return Response(req.path());
  }});
  std::vector<RawClient> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(served.connect());
    clients.back().send(get("/" + std::to_string(i)));
  }
  EXPECT_TRUE(turn_until([&] { return gate.waiting() == 100; }));
  EXPECT_EQ(served.server.pending_requests(), 100u);
  gate.open();
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(clients[static_cast<size_t>(i)].read_reply().body, "/" + std::to_string(i));
  EXPECT_EQ(served.server.pending_requests(), 0u);
}

// ---- What stays good

// All views are taken before the first suspension; then others overwrite the server's one read
// buffer.
TEST(Coroutine, ViewsOfTheRequestStayGood) {
  Gate gate;
  Served served(
      {.routes = {
           {"/users/:id",
            [&](Request& req) -> Task<Response> {
              std::string_view method = req.method(), path = req.path(), query = req.query_string();
              std::string_view field = req.field("X-Long").value();
              auto fields = req.fields();
              co_await gate.pass();
              std::string all;
              all.append(method).append(path).append(query).append(field);
              for (auto [name, value] : fields) all.append(name).append(value);
              all.append(req.param("id")).append(req.url());
              co_return Response(all);
            }},
           {"/noise", [](Request& req) { return Response(req.field("X-Noise").value_or("")); }}}});
  const std::string value(3000, 'v'), noise(8000, 'n');
  // Whole in one read, and cut into pieces inside the head.
  for (size_t cut : {size_t{0}, size_t{10}, size_t{1000}}) {
    const std::string request = get("/users/se%20ven?q=1", "X-Long: " + value + "\r\n");
    RawClient client = served.connect();
    client.send(std::string_view(request).substr(0, cut));
    turn_for(5ms);
    client.send(std::string_view(request).substr(cut));
    EXPECT_TRUE(turn_until([&] { return gate.waiting() == 1; }));
    for (int i = 0; i < 10; ++i) served.exchange(get("/noise", "X-Noise: " + noise + "\r\n"));
    // Behind it on its own connection, too.
    client.send(get("/noise", "X-Noise: " + noise + "\r\n"));
    turn_for(5ms);
    gate.release_first();
    EXPECT_EQ(client.read_reply().body, "GET/users/se%20venq=1" + value + "HostaX-Long" + value +
                                            "se venhttp://a/users/se%20ven?q=1");
    EXPECT_EQ(client.read_reply().body, noise);
  }
}

TEST(Coroutine, TheBodyWaitsForIt) {
  Gate gate;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
    co_await gate.pass();
    co_return Response(co_await req.text());
  }});
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  EXPECT_TRUE(turn_until([&] { return gate.waiting() == 1; }));
  client.send("def" + get("/"));
  turn_for(5ms);
  gate.open();
  EXPECT_EQ(client.read_reply().body, "abcdef");
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST(Coroutine, CapturesLiveUntilItEnds) {
  Gate gate;
  auto token = std::make_shared<std::string>("captured");
  std::weak_ptr<std::string> alive = token;
  Served served({.fetch = [&gate, token = std::move(token)]() -> Task<Response> {
    co_await gate.pass();
    co_return Response(*token);
  }});
  RawClient client = served.connect();
  client.send(get("/"));
  EXPECT_TRUE(turn_until([&] { return gate.waiting() == 1; }));
  served.server.reload({});
  EXPECT_EQ(served.get("/").status, 404);
  EXPECT_FALSE(alive.expired());
  gate.open();
  EXPECT_EQ(client.read_reply().body, "captured");
  EXPECT_TRUE(alive.expired());
}

// ---- The client goes

TEST(Coroutine, GoesOnWhenItsClientIsGone) {
  Gate gate;
  bool stopped = false, finished = false;
  auto token = std::make_shared<int>();
  std::weak_ptr<int> alive = token;
  Served served({.fetch = [&, token = std::move(token)](Request& req) -> Task<Response> {
    std::stop_callback callback(req.stop_token(), [&] { stopped = true; });
    co_await gate.pass();
    finished = true;
    EXPECT_EQ(req.path(), "/gone");
    co_return Response("for nobody");
  }});
  RawClient client = served.connect();
  client.send(get("/gone"));
  EXPECT_TRUE(turn_until([&] { return gate.waiting() == 1; }));
  EXPECT_FALSE(stopped);
  client.reset();
  EXPECT_TRUE(turn_until([&] { return stopped; }));
  EXPECT_TRUE(turn_until([&] { return served.server.counters().connections_open == 0; }));
  EXPECT_FALSE(finished);
  EXPECT_EQ(served.server.pending_requests(), 0u);
  gate.open();
  EXPECT_TRUE(finished);
  served.server.reload({});
  EXPECT_TRUE(alive.expired());
}

TEST(Coroutine, MayEndItselfByTheStopToken) {
  int ended = 0;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
    while (!req.stop_token().stop_requested()) co_await sleep(1ms);
    ++ended;
    co_return Response();
  }});
  for (int i = 0; i < 5; ++i) {
    RawClient client = served.connect();
    client.send(get("/"));
    EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 1; }));
  }
  EXPECT_TRUE(turn_until([&] { return ended == 5; }));
}

// It ends, and with it all that it owned, in the middle of the request to stop: also a second
// callback, to which the request would have come next.
TEST(Coroutine, MayBeResumedByTheStopTokenItself) {
  int ended = 0;
  Request* last = nullptr;
  Served served({.routes = {{"/abort",
                             [&](Request&, Server& server) {
                               server.abort(*last);
                               return Response("aborted");
                             }}},
                 .fetch = [&](Request& req) -> Task<Response> {
                   last = &req;
                   std::stop_callback second(req.stop_token(), [] {});
                   co_await Stopped(req.stop_token());
                   ++ended;
                   co_return Response("too late");
                 }});
  auto begin = [&] {
    RawClient client = served.connect();
    client.send(get("/"));
    EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 1; }));
    return client;
  };
  begin().reset();
  EXPECT_TRUE(turn_until([&] { return ended == 1; }));
  RawClient half = begin();
  half.finish_writing();
  EXPECT_EQ(half.read_reply().body, "too late");
  EXPECT_EQ(ended, 2);
  RawClient aborted = begin();
  EXPECT_EQ(served.get("/abort").body, "aborted");
  EXPECT_EQ(ended, 3);
  RawClient cut = begin();
  served.server.stop(true);
  EXPECT_EQ(ended, 4);
}

TEST(Coroutine, AnExceptionForNobodyIsNotLogged) {
  Gate gate;
  Served served({.fetch = [&]() -> Task<Response> {
    co_await gate.pass();
    throw std::runtime_error("nobody waits");
  }});
  RawClient client = served.connect();
  client.send(get("/"));
  EXPECT_TRUE(turn_until([&] { return gate.waiting() == 1; }));
  client.reset();
  EXPECT_TRUE(turn_until([&] { return served.server.counters().connections_open == 0; }));
  gate.open();
  EXPECT_EQ(served.log, "");
}

// RFC 9112 section 9.6: a client may close its sending side and still wait for the reply.
TEST(Coroutine, AClientThatOnlyStopsSendingGetsItsReply) {
  Gate gate;
  bool stopped = false;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
    std::stop_callback callback(req.stop_token(), [&] { stopped = true; });
    co_await gate.pass();
    co_return Response("still sent");
  }});
  RawClient client = served.connect();
  client.send(get("/"));
  client.finish_writing();
  // TCP cannot tell it from a client that is gone, so the token stops; a reply is sent all the
  // same.
  EXPECT_TRUE(turn_until([&] { return gate.waiting() == 1 && stopped; }));
  gate.open();
  RawReply reply = client.read_reply();
  EXPECT_EQ(reply.body, "still sent");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
}

TEST(Coroutine, AllThatWasPipelinedBeforeTheEndIsAnswered) {
  Gate gate;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
    co_await gate.pass();
    co_return Response(req.path());
  }});
  RawClient client = served.connect();
  client.send(get("/1") + get("/2") + get("/3"));
  client.finish_writing();
  EXPECT_TRUE(turn_until([&] { return gate.waiting() == 1; }));
  turn_for(10ms);
  gate.open();
  for (const char* path : {"/1", "/2", "/3"}) EXPECT_EQ(client.read_reply().body, path);
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
}

// ---- Pipelining (RFC 9112 section 9.3.2)

TEST(Pipelining, RepliesKeepTheOrderBehindASuspendedHandler) {
  Gate gate;
  std::vector<std::string> started;
  Served served({.routes = {{"/slow",
                             [&](Request& req) -> Task<Response> {
                               started.emplace_back(req.query_string());
                               co_await gate.pass();
                               co_return Response("slow " + std::string(req.query_string()));
                             }}},
                 .fetch = [&](Request& req) {
                   started.emplace_back(req.query_string());
                   return Response("fast " + std::string(req.query_string()));
                 }});
  RawClient client = served.connect();
  client.send(get("/?1") + get("/slow?2") + get("/?3") + get("/slow?4") + get("/?5"));
  EXPECT_EQ(client.read_reply().body, "fast 1");
  EXPECT_TRUE(turn_until([&] { return gate.waiting() == 1; }));
  turn_for(10ms);
  // A request behind a pending reply waits its turn.
  EXPECT_EQ(started, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(client.received(), "");
  gate.release_first();
  EXPECT_EQ(client.read_reply().body, "slow 2");
  EXPECT_EQ(client.read_reply().body, "fast 3");
  EXPECT_TRUE(turn_until([&] { return gate.waiting() == 1; }));
  gate.release_first();
  EXPECT_EQ(client.read_reply().body, "slow 4");
  EXPECT_EQ(client.read_reply().body, "fast 5");
}

TEST(Pipelining, MoreThanFitsIntoAnyBufferIsAnsweredInOrder) {
  Gate gate;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
    co_await gate.pass();
    co_return Response(req.query_string());
  }});
  RawClient client = served.connect();
  std::string requests;
  const std::string padding = "X-Padding: " + std::string(2000, 'p') + "\r\n";
  for (int i = 0; i < 500; ++i) requests += get("/?" + std::to_string(i), padding);
  // The server stops reading while the first reply is pending, so a megabyte does not fit at once.
  std::string_view rest = requests;
  rest.remove_prefix(client.send_some(rest));
  EXPECT_TRUE(turn_until([&] { return gate.waiting() == 1; }));
  for (int i = 0; i < 50; ++i) {
    rest.remove_prefix(client.send_some(rest));
    Loop::current().turn(1ms);
  }
  EXPECT_EQ(gate.waiting(), 1u);
  gate.open();
  client.send(rest);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(client.read_reply().body, std::to_string(i));
}

TEST(Pipelining, ASuspendedHandlerMayFailWithoutDisturbingTheOthers) {
  Served served({.routes = {{"/fail",
                             []() -> Task<Response> {
                               co_await sleep(1ms);
                               throw std::runtime_error("x");
                             }}},
                 .fetch = [](Request& req) { return Response(req.path()); }});
  RawClient client = served.connect();
  client.send(get("/1") + get("/fail") + get("/2") + get("/fail") + get("/3"));
  EXPECT_EQ(client.read_reply().body, "/1");
  EXPECT_EQ(client.read_reply().status, 500);
  EXPECT_EQ(client.read_reply().body, "/2");
  EXPECT_EQ(client.read_reply().status, 500);
  EXPECT_EQ(client.read_reply().body, "/3");
}

}  // namespace
}  // namespace bao
