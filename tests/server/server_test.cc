#include "server/server.h"

#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/raw_client.h"
#include "server/server_world.h"

namespace bao::server {
namespace {

using namespace std::chrono_literals;
using bao::testing::RawClient;
using bao::testing::RawReply;
using testing::loopback;
using testing::says;
using testing::TableMaker;
using testing::World;

RawClient connect(World& world) {
  return RawClient::tcp(world.server->local().port, [&] { world.loop.turn(5ms); });
}

/// A function that keeps the exchange without a reply.
testing::Function keeps(std::vector<http::Reference<Exchange>>& pending) {
  return [&pending](Exchange& exchange) { pending.emplace_back(&exchange); };
}

bool stop(World& world, bool force = false) {
  auto stopped = std::make_shared<bool>(false);
  world.server->stop(force, net::Work([stopped] { *stopped = true; }));
  return world.turn_until([&] { return *stopped; });
}

// ---- Facts

TEST(Server, KnowsWhereItListens) {
  World world(TableMaker().make());
  const std::string port = std::to_string(world.server->local().port);
  EXPECT_EQ(world.server->local().address, "127.0.0.1");
  EXPECT_EQ(world.server->hostname(), "127.0.0.1");
  EXPECT_EQ(world.server->authority(), "127.0.0.1:" + port);
  EXPECT_EQ(world.server->url(), "http://127.0.0.1:" + port + "/");
}

TEST(Server, IsLocalhostOnAllInterfaces) {
  Settings settings = loopback();
  settings.hostname = "";
  World world(TableMaker().make(), settings);
  EXPECT_EQ(world.server->hostname(), "localhost");
  EXPECT_EQ(world.server->url(),
            "http://localhost:" + std::to_string(world.server->local().port) + "/");
}

TEST(Server, AnIpv6HostStandsInBrackets) {
  Settings settings = loopback();
  settings.hostname = "::1";
  std::optional<World> world;
  try {
    world.emplace(TableMaker().make(), settings);
  } catch (const net::ListenError& error) {
    GTEST_SKIP() << error.what();
  }
  EXPECT_EQ(world->server->hostname(), "::1");
  EXPECT_EQ(world->server->url(),
            "http://[::1]:" + std::to_string(world->server->local().port) + "/");
}

TEST(Server, AUnixSocketHasAUrlOfItsOwn) {
  Settings settings = loopback();
  settings.port.reset();
  settings.hostname = "";
  settings.unix_path = std::string("\0bao-server-test-", 17) + std::to_string(::getpid());
  World world(TableMaker().make(), settings);
  EXPECT_EQ(world.server->url(), "abstract://" + settings.unix_path.substr(1));
  EXPECT_EQ(world.server->authority(), "localhost");
  EXPECT_EQ(world.server->local().family, net::SocketAddress::Family::unix_domain);
}

TEST(Server, FactsStayWhenItHasStopped) {
  World world(TableMaker().make());
  const std::string url = world.server->url();
  EXPECT_TRUE(stop(world));
  EXPECT_EQ(world.server->url(), url);
  EXPECT_EQ(world.server->state(), Server::State::stopped);
}

TEST(Server, APlaceThatIsTakenIsAListenError) {
  World world(TableMaker().make());
  Settings settings = loopback();
  settings.port = world.server->local().port;
  auto kept = std::make_shared<int>(1);
  std::weak_ptr<int> alive = kept;
  EXPECT_THROW(Server::start(world.loop, settings, TableMaker().keep(std::move(kept)).make()),
               net::ListenError);
  EXPECT_TRUE(alive.expired()) << "the table of a server that could not start is left behind";
}

// ---- Time

// Two requests arrive at once, and the first handler takes longer than the idle timeout: that is no
// fault of the second client, whose handler needs a moment.
TEST(Server, ASlowHandlerCostsNoOtherRequestItsTime) {
  Settings settings = loopback();
  settings.idle_timeout = 100ms;
  std::vector<http::Reference<Exchange>> pending;
  World world(TableMaker()
                  .route("/slow",
                         [](Exchange& exchange) {
                           const auto end = net::Clock::now() + 200ms;
                           while (net::Clock::now() < end) {
                           }
                           exchange.reply({.body = "slow"});
                         })
                  .fetch(keeps(pending))
                  .make(),
              settings);
  // Whichever is handled first, one of the two later ones comes behind the slow handler.
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(connect(world));
  ASSERT_TRUE(world.turn_until([&] { return world.server->counters().connections_open == 3; }));
  int i = 0;
  for (RawClient& client : clients) {
    client.send(std::string("GET ") + (i++ == 1 ? "/slow" : "/later") +
                " HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  world.loop.turn(20ms);
  ASSERT_EQ(pending.size(), 2u);
  world.loop.turn(0ms);
  EXPECT_TRUE(pending.back()->open());
  EXPECT_EQ(world.server->counters().connections_open, 3u - (pending.front()->open() ? 0u : 1u));
  for (auto& exchange : pending) exchange->reply({});
}

// ---- Exchanges

TEST(Server, AnswersOverASocket) {
  World world(TableMaker().fetch(says("hi")).make());
  RawReply reply = connect(world).get("/");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "hi");
}

TEST(Server, TheUrlOfARequestIsAbsolute) {
  std::string url;
  World world(TableMaker()
                  .fetch([&](Exchange& exchange) {
                    url = exchange.url();
                    exchange.reply({});
                  })
                  .make());
  RawClient client = connect(world);
  client.exchange("GET /a?b HTTP/1.1\r\nHost: example.org:81\r\n\r\n");
  EXPECT_EQ(url, "http://example.org:81/a?b");
  client.exchange("GET http://other.org/c HTTP/1.1\r\nHost: example.org\r\n\r\n");
  EXPECT_EQ(url, "http://other.org/c");
  client.exchange("OPTIONS * HTTP/1.1\r\nHost: example.org\r\n\r\n");
  EXPECT_EQ(url, "http://example.org/");
  // RFC 9112 section 3.3: without an authority of its own it is the server's.
  client.exchange("GET /d HTTP/1.1\r\nHost:\r\n\r\n");
  EXPECT_EQ(url, world.server->url() + "d");
  client.exchange("GET /e HTTP/1.0\r\n\r\n");
  EXPECT_EQ(url, world.server->url() + "e");
}

TEST(Server, CountsRequestsUnderWay) {
  std::vector<http::Reference<Exchange>> pending;
  World world(TableMaker().fetch(keeps(pending)).make());
  RawClient a = connect(world), b = connect(world);
  a.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  b.send("GET / HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_TRUE(world.turn_until([&] { return pending.size() == 2; }));
  world.request("GET", "/");
  EXPECT_EQ(world.server->pending_requests(), 3u);
  EXPECT_EQ(world.server->counters().requests_pending, 2u);
  for (auto& exchange : pending) exchange->reply({});
  EXPECT_EQ(world.server->pending_requests(), 0u);
}

TEST(Server, AnExchangeOutlivesItsConnectionAndItsServer) {
  std::vector<http::Reference<Exchange>> pending;
  std::optional<World> world;
  world.emplace(TableMaker().fetch(keeps(pending)).make());
  RawClient client = connect(*world);
  client.send("GET /seven HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(world->turn_until([&] { return pending.size() == 1; }));
  EXPECT_TRUE(stop(*world, true));
  world->server = {};
  world->loop.turn(1ms);
  EXPECT_EQ(pending[0]->head.path(), "/seven");
  EXPECT_FALSE(pending[0]->open());
  EXPECT_EQ(pending[0]->failure(), http::Failure::stopped);
  pending.clear();
}

TEST(Server, ExchangesAreUsedAgain) {
  std::vector<Exchange*> seen;
  World world(TableMaker()
                  .fetch([&](Exchange& exchange) {
                    seen.push_back(&exchange);
                    EXPECT_FALSE(exchange.replied());
                    EXPECT_EQ(exchange.body(), "");
                    EXPECT_EQ(exchange.parameter("id"), std::nullopt);
                    exchange.reply({});
                  })
                  .route("/:id", says("route"))
                  .make());
  RawClient client = connect(world);
  client.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  client.get("/7");
  client.get("/");
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0], seen[1]);
}

// ---- The end

TEST(ServerStop, WithoutConnectionsIsDoneAtOnce) {
  World world(TableMaker().make());
  int stopped = 0;
  world.server->stop(false, net::Work([&] { ++stopped; }));
  EXPECT_EQ(stopped, 1);
  EXPECT_FALSE(world.loop.alive());
  world.server->stop(false, net::Work([&] { ++stopped; }));
  world.server->stop(true, net::Work([&] { ++stopped; }));
  EXPECT_EQ(stopped, 3);
}

TEST(ServerStop, TellsAllWhoAsked) {
  std::vector<http::Reference<Exchange>> pending;
  World world(TableMaker().fetch(keeps(pending)).make());
  RawClient client = connect(world);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(world.turn_until([&] { return pending.size() == 1; }));
  int stopped = 0;
  world.server->stop(false, net::Work([&] { ++stopped; }));
  world.server->stop(false, net::Work([&] { ++stopped; }));
  EXPECT_EQ(stopped, 0);
  EXPECT_EQ(world.server->state(), Server::State::stopping);
  EXPECT_TRUE(world.loop.alive());
  world.server->stop(true, net::Work([&] { ++stopped; }));
  EXPECT_EQ(stopped, 3);
  world.loop.turn(1ms);  // deletes what was cut
  EXPECT_FALSE(world.loop.alive());
}

TEST(ServerStop, LetsGoOfTheTable) {
  auto kept = std::make_shared<int>(1);
  std::weak_ptr<int> alive = kept;
  World world(TableMaker().keep(std::move(kept)).make());
  EXPECT_TRUE(stop(world));
  EXPECT_TRUE(alive.expired());
}

TEST(ServerStop, AReloadBehindItDoesNothing) {
  World world(TableMaker().make());
  EXPECT_TRUE(stop(world));
  auto kept = std::make_shared<int>(1);
  std::weak_ptr<int> alive = kept;
  world.server->reload(TableMaker().keep(std::move(kept)).make());
  EXPECT_TRUE(alive.expired());
}

TEST(ServerStop, HappensWithItsLoop) {
  std::vector<http::Reference<Exchange>> pending;
  auto kept = std::make_shared<int>(1);
  std::weak_ptr<int> alive = kept;
  std::optional<World> world;
  world.emplace(TableMaker().fetch(keeps(pending)).keep(std::move(kept)).make());
  auto server = world->server;
  RawClient client = connect(*world);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(world->turn_until([&] { return pending.size() == 1; }));
  world.reset();
  EXPECT_EQ(server->state(), Server::State::stopped);
  EXPECT_FALSE(pending[0]->open());
  pending.clear();
  EXPECT_TRUE(alive.expired());
}

TEST(ServerReference, HoldsTheLoopWhileItListens) {
  World world(TableMaker().make());
  EXPECT_TRUE(world.loop.alive());
  world.server->set_referenced(false);
  EXPECT_FALSE(world.loop.alive());
  world.server->set_referenced(true);
  world.server->set_referenced(true);
  EXPECT_TRUE(world.loop.alive());
  EXPECT_TRUE(stop(world));
  EXPECT_FALSE(world.loop.alive());
}

TEST(ServerReference, RequestsUnderWayHoldTheLoopAnyway) {
  std::vector<http::Reference<Exchange>> pending;
  World world(TableMaker().fetch(keeps(pending)).make());
  world.server->set_referenced(false);
  RawClient client = connect(world);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(world.turn_until([&] { return pending.size() == 1; }));
  EXPECT_TRUE(world.loop.alive());
  pending[0]->reply({});
  pending.clear();
  EXPECT_FALSE(world.loop.alive());
}

TEST(Server, LogsLinesWithoutAFinalNewline) {
  std::vector<std::string> logged;
  Settings settings = loopback();
  settings.log = [&](std::string_view lines) { logged.emplace_back(lines); };
  World world(TableMaker().make(), settings);
  world.server->log("one\ntwo\n");
  world.server->log("three");
  EXPECT_EQ(logged, (std::vector<std::string>{"one\ntwo", "three"}));
}

}  // namespace
}  // namespace bao::server
