#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"

// How servers start, run and stop.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::RawReply;
using testing::Served;
using testing::turn_for;
using testing::turn_until;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A handler that says "done" once `open`.
struct Slow {
  bool open = false;
  int running = 0;
  Handler handler() {
    return [this]() -> Task<Response> {
      ++running;
      while (!open) co_await sleep(1ms);
      --running;
      co_return Response("done");
    };
  }
};

Options on_loopback(Handler fetch) {
  return {.port = 0, .hostname = "127.0.0.1", .fetch = std::move(fetch), .development = false};
}
Handler hello() {
  return [] { return Response("hello"); };
}

// ---- Facts

TEST(ServerFacts, AreThere) {
  Served served({.fetch = hello(), .id = "me"});
  Server server = served.server;
  EXPECT_EQ(server.hostname(), "127.0.0.1");
  EXPECT_EQ(server.url(), "http://127.0.0.1:" + std::to_string(*server.port()) + "/");
  EXPECT_EQ(server.protocol(), "http");
  EXPECT_EQ(server.address(),
            (SocketAddress{"127.0.0.1", *server.port(), SocketAddress::Family::ipv4}));
  EXPECT_EQ(server.id(), "me");
  EXPECT_FALSE(server.development());
  EXPECT_EQ(server.pending_requests(), 0u);
}

TEST(ServerFacts, StayWhenItHasStopped) {
  Server server = serve(on_loopback(hello()));
  const std::string url = server.url();
  EXPECT_TRUE(server.stop().done());
  EXPECT_EQ(server.url(), url);
  EXPECT_EQ(server.counters().connections_open, 0u);
}

TEST(ServerHandle, MayBeDropped) {
  int port = 0;
  {
    Server server = serve(on_loopback([](Request&, Server& server) {
      server.stop();
      return Response("last");
    }));
    port = *server.port();
  }
  RawReply reply = RawClient::tcp(port, Served::turn).get("/");
  EXPECT_EQ(reply.body, "last");
  EXPECT_TRUE(turn_until([] { return !Loop::current().alive(); }));
}

TEST(ServerHandle, MayLiveInItsOwnHandlers) {
  auto token = std::make_shared<int>();
  std::weak_ptr<int> alive = token;
  {
    std::optional<Server> server;
    auto handle = std::make_shared<std::optional<Server>>();
    server = serve(
        on_loopback([handle, token = std::move(token)] { return Response((*handle)->url()); }));
    *handle = server;
    EXPECT_EQ(RawClient::tcp(*server->port(), Served::turn).get("/").body, server->url());
    EXPECT_FALSE(alive.expired());
    server->stop(true);
    EXPECT_TRUE(turn_until([] { return !Loop::current().alive(); }));
  }
  EXPECT_TRUE(alive.expired())
      << "stopping lets handlers and server go, although they hold each other";
}

// ---- run

TEST(Run, ReturnsWhenTheLastServerHasStopped) {
  int requests = 0;
  Server server = serve(on_loopback([&](Request&, Server& server) {
    if (++requests == 3) server.stop();
    return Response(std::to_string(requests));
  }));
  std::vector<std::string> bodies;
  std::thread client([&, port = *server.port()] {
    for (int i = 0; i < 3; ++i) bodies.push_back(RawClient::tcp(port).get("/").body);
  });
  run({.signals = false});
  client.join();
  EXPECT_EQ(bodies, (std::vector<std::string>{"1", "2", "3"}));
}

TEST(Run, ReturnsAtOnceIfNothingKeepsIt) {
  run();
  run({.signals = false});
}

TEST(Run, InsideACallbackIsRefused) {
  std::string said;
  after(0ms, [&] {
    try {
      run();
    } catch (const std::logic_error& error) {
      said = error.what();
    }
  });
  run({.signals = false});
  EXPECT_EQ(said, "bao::run was called from a callback of the same loop: return from it instead");
}

TEST(Run, ReturnsSoonWhenTheLoopIsStopped) {
  Served served({.fetch = hello()});
  after(5ms, [] { Loop::current().stop(); });
  run({.signals = false});
  EXPECT_EQ(served.get("/").body, "hello") << "the server is still there";
}

TEST(Unref, LetsRunReturnAndTheServerAnswerMeanwhile) {
  Served served({.fetch = hello()});
  served.server.unref();
  EXPECT_FALSE(Loop::current().alive());
  run({.signals = false});
  EXPECT_EQ(served.get("/").body, "hello");
  served.server.ref();
  EXPECT_TRUE(Loop::current().alive());
}

TEST(Unref, RequestsUnderWayKeepTheLoop) {
  Slow slow;
  Served served({.fetch = slow.handler()});
  served.server.unref();
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_TRUE(turn_until([&] { return slow.running == 1; }));
  EXPECT_TRUE(Loop::current().alive());
  after(5ms, [&] { slow.open = true; });
  run({.signals = false});
  EXPECT_EQ(client.read_reply().body, "done");
}

// ---- stop

TEST(Stop, TakesNoNewConnections) {
  Slow slow;
  Served served({.fetch = slow.handler()});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_TRUE(turn_until([&] { return slow.running == 1; }));
  served.server.stop();
  EXPECT_EQ(RawClient::tcp(*served.server.port(), Served::turn).connect_error(), ECONNREFUSED);
  slow.open = true;
  EXPECT_EQ(client.read_reply().body, "done");
}

TEST(Stop, ClosesIdleConnectionsAtOnce) {
  Served served({.fetch = hello()});
  RawClient used = served.connect(), fresh = served.connect();
  EXPECT_EQ(used.get("/").body, "hello");
  EXPECT_TRUE(turn_until([&] { return served.server.counters().connections_open == 2; }));
  Stopping stopping = served.server.stop();
  EXPECT_TRUE(stopping.done());
  EXPECT_EQ(used.wait_for_end(), RawClient::End::closed);
  EXPECT_EQ(fresh.wait_for_end(), RawClient::End::closed);
}

TEST(Stop, LetsRequestsFinishAndTellsThemToClose) {
  Slow slow;
  Served served({.fetch = slow.handler()});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_TRUE(turn_until([&] { return slow.running == 1; }));
  Stopping stopping = served.server.stop();
  turn_for(30ms);
  EXPECT_FALSE(stopping.done());
  slow.open = true;
  RawReply reply = client.read_reply();
  EXPECT_EQ(reply.body, "done");
  EXPECT_EQ(reply.field("Connection"), "close");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  client.close();
  EXPECT_TRUE(turn_until([&] { return stopping.done(); }));
}

// As in Bun: who waits for it is gone, and it may take for ever.
TEST(Stop, DoesNotWaitForAHandlerWhoseClientHasGone) {
  Slow slow;
  Served served({.fetch = slow.handler()});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_TRUE(turn_until([&] { return slow.running == 1; }));
  client.reset();
  EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 0; }));
  Stopping stopping = served.server.stop();
  EXPECT_TRUE(stopping.done());
  EXPECT_EQ(slow.running, 1) << "it goes on";
  slow.open = true;
  EXPECT_TRUE(turn_until([&] { return slow.running == 0; }));
}

TEST(Stop, LetsABodyThatIsUnderWayArrive) {
  Served served(
      {.fetch = [](Request& req) -> Task<Response> { co_return Response(co_await req.text()); }});
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 1; }));
  served.server.stop();
  turn_for(5ms);
  client.send("def");
  EXPECT_EQ(client.read_reply().body, "abcdef");
}

TEST(Stop, LetsALargeReplyThatIsUnderWayArrive) {
  const std::string large(8'000'000, 'x');
  Served served({.fetch = [&] { return Response(large); }});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_TRUE(turn_until([&] { return served.server.counters().requests_total == 1; }));
  Stopping stopping = served.server.stop();
  EXPECT_FALSE(stopping.done());
  EXPECT_TRUE(client.read_reply().body == large);
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
}

TEST(Stop, InsideAHandlerAnswersItsRequest) {
  std::optional<Stopping> stopping;
  Served served({.fetch = [&](Request&, Server& server) {
    stopping = server.stop();
    EXPECT_FALSE(stopping->done());
    return Response("last");
  }});
  RawClient client = served.connect();
  RawReply reply = client.get("/");
  EXPECT_EQ(reply.body, "last");
  EXPECT_EQ(reply.field("Connection"), "close");
  client.close();
  EXPECT_TRUE(turn_until([&] { return stopping->done(); }));
}

// RFC 9112 section 9.6: the server has sent its last reply and its end, and waits a while for the
// client's.
TEST(Stop, IsNotHeldUpByAClientThatNeverCloses) {
  Served served({.fetch = [](Request&, Server& server) {
    server.stop();
    return Response("last");
  }});
  RawClient client = served.connect();
  EXPECT_EQ(client.get("/").body, "last");
  EXPECT_TRUE(turn_until([&] { return served.server.counters().connections_open == 0; }));
}

// The handler waits for the end of a server that waits for the end of the handler: the reply must
// not be lost for ever.
TEST(Stop, AwaitedInsideAHandlerEndsByForce) {
  bool went_on = false;
  Served served({.fetch = [&](Request&, Server& server) -> Task<Response> {
    co_await server.stop(true);
    went_on = true;
    co_return Response("never seen");
  }});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
  EXPECT_TRUE(went_on);
}

TEST(Stop, ByForceCutsEverything) {
  Slow slow;
  bool stopped = false;
  Served served({.routes = {{"/watch",
                             [&](Request& req) -> Task<Response> {
                               std::stop_callback callback(req.stop_token(),
                                                           [&] { stopped = true; });
                               while (!stopped) co_await sleep(1ms);
                               co_return Response();
                             }}},
                 .fetch = slow.handler()});
  RawClient a = served.connect(), b = served.connect(), idle = served.connect();
  a.send(kGet);
  b.send("GET /watch HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 2; }));
  Stopping stopping = served.server.stop(true);
  EXPECT_TRUE(stopping.done());
  EXPECT_TRUE(stopped);
  EXPECT_EQ(a.wait_for_end(), RawClient::End::reset);
  EXPECT_EQ(b.wait_for_end(), RawClient::End::reset);
  EXPECT_NE(idle.wait_for_end(), RawClient::End::open);
  EXPECT_EQ(a.received(), "");
  // The handlers go on to their end; nobody hears them.
  slow.open = true;
  EXPECT_TRUE(turn_until([&] { return slow.running == 0; }));
}

TEST(Stop, ByForceAlsoResolvesAnEarlierGentleOne) {
  Slow slow;
  Served served({.fetch = slow.handler()});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_TRUE(turn_until([&] { return slow.running == 1; }));
  Stopping gentle = served.server.stop();
  EXPECT_FALSE(gentle.done());
  Stopping forced = served.server.stop(true);
  EXPECT_TRUE(forced.done());
  EXPECT_TRUE(gentle.done());
  slow.open = true;
  EXPECT_TRUE(turn_until([&] { return slow.running == 0; }));
}

TEST(Stop, MayBeCalledAgainAndAgain) {
  Served served;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(served.server.stop().done());
    EXPECT_TRUE(served.server.stop(true).done());
  }
}

TEST(Stop, MayBeAwaitedByManyAndTwice) {
  Slow slow;
  Served served({.fetch = slow.handler()});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_TRUE(turn_until([&] { return slow.running == 1; }));
  int resumed = 0;
  Stopping stopping = served.server.stop();
  auto wait = [](Stopping stopping, int& resumed) -> Task<void> {
    co_await stopping;
    co_await stopping;
    ++resumed;
  };
  spawn(wait(stopping, resumed));
  spawn(wait(stopping, resumed));
  spawn(wait(served.server.stop(), resumed));
  EXPECT_EQ(resumed, 0);
  slow.open = true;
  EXPECT_EQ(client.read_reply().body, "done");
  client.close();
  EXPECT_TRUE(turn_until([&] { return resumed == 3; }));
  spawn(wait(stopping, resumed));
  EXPECT_EQ(resumed, 4);
}

// Who waits may be destroyed before the end comes.
TEST(Stop, AWaitThatIsDroppedIsForgotten) {
  Slow slow;
  Served served({.fetch = slow.handler()});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_TRUE(turn_until([&] { return slow.running == 1; }));
  {
    auto wait = [](Stopping stopping) -> Task<void> { co_await stopping; };
    Task<void> task = wait(served.server.stop());
    auto frame = task.release();
    frame.resume();
    frame.destroy();
  }
  slow.open = true;
  EXPECT_EQ(client.read_reply().body, "done");
}

TEST(Stop, RepliesToWhatWasPipelinedBehindAreNotSent) {
  Slow slow;
  Served served({.fetch = slow.handler()});
  RawClient client = served.connect();
  client.send(kGet + kGet);
  EXPECT_TRUE(turn_until([&] { return slow.running == 1; }));
  served.server.stop();
  slow.open = true;
  EXPECT_EQ(client.read_reply().field("Connection"), "close");
  EXPECT_NE(client.wait_for_end(), RawClient::End::open);
  EXPECT_EQ(client.received(), "");
}

TEST(Stop, PreparedRepliesSayCloseToo) {
  Slow slow;
  Served served({.routes = {{"/prepared", Response("prepared")}}, .fetch = slow.handler()});
  RawClient busy = served.connect(), other = served.connect();
  busy.send(kGet);
  EXPECT_TRUE(turn_until([&] { return slow.running == 1; }));
  // A head that is incomplete when the server stops is no request yet.
  other.send("GET /prepared HTTP/1.1\r\n");
  turn_for(5ms);
  served.server.stop();
  EXPECT_NE(other.wait_for_end(), RawClient::End::open);
  slow.open = true;
  EXPECT_EQ(busy.read_reply().body, "done");
}

// ---- close_idle_connections

TEST(CloseIdleConnections, ClosesOnlyThoseBetweenRequestsAndCountsThem) {
  Slow slow;
  Served served({.routes = {{"/fast", Response("fast")}}, .fetch = slow.handler()});
  std::vector<RawClient> idle;
  for (int i = 0; i < 3; ++i) {
    idle.push_back(served.connect());
    EXPECT_EQ(idle.back().get("/fast").body, "fast");
  }
  RawClient busy = served.connect(), halfway = served.connect();
  busy.send(kGet);
  halfway.send("GET /fast HT");
  EXPECT_TRUE(turn_until([&] { return slow.running == 1; }));
  turn_for(5ms);
  EXPECT_EQ(served.server.close_idle_connections(), 3u);
  EXPECT_EQ(served.server.close_idle_connections(), 0u);
  for (RawClient& client : idle) EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  halfway.send("TP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(halfway.read_reply().body, "fast");
  slow.open = true;
  EXPECT_EQ(busy.read_reply().body, "done");
  EXPECT_EQ(busy.get("/fast").body, "fast") << "it listens on, and busy connections live on";
  EXPECT_EQ(served.get("/fast").body, "fast");
}

TEST(CloseIdleConnections, InsideAHandlerLeavesItsOwn) {
  size_t closed = 9;
  Served served({.fetch = [&](Request&, Server& server) {
    closed = server.close_idle_connections();
    return Response("x");
  }});
  RawClient idle = served.connect();
  EXPECT_EQ(idle.get("/").body, "x");
  RawClient active = served.connect();
  EXPECT_EQ(active.get("/").body, "x");
  EXPECT_EQ(closed, 1u);
  EXPECT_EQ(idle.wait_for_end(), RawClient::End::closed);
  EXPECT_EQ(active.get("/").body, "x");
}

// ---- Several servers

TEST(Servers, AreIndependentOfEachOther) {
  Served a({.fetch = [] { return Response("a"); }});
  {
    Served b({.fetch = [] { return Response("b"); }});
    EXPECT_EQ(b.get("/").body, "b");
  }
  EXPECT_EQ(a.get("/").body, "a");
}

TEST(Servers, MayBeStartedAndStoppedByHandlers) {
  std::optional<Server> child;
  Served served({.routes = {{"/start",
                             [&] {
                               child = serve(on_loopback(hello()));
                               return Response(std::to_string(*child->port()));
                             }},
                            {"/stop", [&] {
                               child->stop(true);
                               return Response("stopped");
                             }}}});
  const int port = std::stoi(served.get("/start").body);
  EXPECT_EQ(RawClient::tcp(port, Served::turn).get("/").body, "hello");
  EXPECT_EQ(served.get("/stop").body, "stopped");
  EXPECT_EQ(RawClient::tcp(port, Served::turn).connect_error(), ECONNREFUSED);
}

}  // namespace
}  // namespace bao
