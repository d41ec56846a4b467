#include "server/tunnel.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>

#include "api/raw_client.h"
#include "server/server_world.h"

namespace bao::server::testing {
namespace {

using namespace std::chrono_literals;
using bao::testing::RawClient;

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/// Notes what comes, and sends it back if it should.
class Taker final : public TunnelHandler {
 public:
  void on_data(Tunnel& tunnel, std::string_view bytes) override {
    received += bytes;
    if (echoes) tunnel.write(bytes);
  }
  void on_end(Tunnel& tunnel) override {
    ended = true;
    if (echoes) tunnel.end();
  }
  void on_drain(Tunnel&) override { ++drains; }
  void on_close(Tunnel&, bool is_broken) override {
    closed = true;
    broken = is_broken;
  }

  std::string received;
  int drains = 0;
  bool echoes = false;
  bool ended = false;
  bool closed = false;
  bool broken = false;
};

/// A server whose every request becomes a tunnel.
struct TunnelWorld {
  TunnelWorld()
      : world(TableMaker()
                  .fetch([this](Exchange& exchange) {
                    tunnel = exchange.server().hand_over(exchange, taker, head);
                    ASSERT_NE(tunnel, nullptr);
                    tunnel->want_read(reads);
                  })
                  .make()) {}

  RawClient connect(std::string_view request = kRequest) {
    auto client = RawClient::tcp(world.server->local().port, [this] { world.loop.turn(5ms); });
    client.send(request);
    EXPECT_TRUE(world.turn_until([&] { return tunnel != nullptr; }));
    return client;
  }
  bool stop(bool force, bool& stopped) {
    world.server->stop(force, net::Work([&stopped] { stopped = true; }));
    return stopped;
  }

  Taker taker;
  Tunnel* tunnel = nullptr;
  std::string head;
  bool reads = true;
  World world;
};

TEST(TunnelTest, BytesGoBothWays) {
  TunnelWorld test;
  test.taker.echoes = true;
  RawClient client = test.connect(std::string(kRequest) + "first");
  EXPECT_EQ(test.head, "first");
  EXPECT_EQ(test.tunnel->peer().family, SocketAddress::Family::ipv4);
  EXPECT_EQ(test.tunnel->local()->port, test.world.server->local().port);
  EXPECT_FALSE(test.tunnel->security());
  EXPECT_EQ(test.world.server->open_connections(), 1u);
  client.send("second");
  EXPECT_TRUE(client.wait_for("second"));
  client.finish_writing();
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  EXPECT_TRUE(test.world.turn_until([&] { return test.taker.closed; }));
  EXPECT_TRUE(test.taker.ended);
  EXPECT_FALSE(test.taker.broken);
  EXPECT_TRUE(test.world.server->tunnels().empty());
}

TEST(TunnelTest, WhatIsNotWantedWaits) {
  TunnelWorld test;
  test.reads = false;
  RawClient client = test.connect();
  client.send("waits");
  for (int i = 0; i < 5; ++i) test.world.loop.turn(1ms);
  EXPECT_EQ(test.taker.received, "");
  test.tunnel->want_read(true);
  EXPECT_TRUE(test.world.turn_until([&] { return test.taker.received == "waits"; }));
}

TEST(TunnelTest, ASlowPeerIsWaitedForAndThenToldOf) {
  TunnelWorld test;
  RawClient client = test.connect();
  const std::string piece(1 << 20, 'x');
  size_t pieces = 0;
  Tunnel::WriteResult result{};
  do {
    result = test.tunnel->write(piece);
    ++pieces;
  } while (result == Tunnel::WriteResult::sent && pieces < 64);
  ASSERT_EQ(result, Tunnel::WriteResult::behind);
  test.tunnel->end();
  EXPECT_EQ(test.tunnel->write("more"), Tunnel::WriteResult::over);
  EXPECT_EQ(client.take(pieces * piece.size()).size(), pieces * piece.size());
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  EXPECT_EQ(test.taker.drains, 0) << "it was ended meanwhile";
}

TEST(TunnelTest, ThereIsRoomAgain) {
  TunnelWorld test;
  RawClient client = test.connect();
  const std::string piece(1 << 20, 'x');
  while (test.tunnel->write(piece) == Tunnel::WriteResult::sent) {
  }
  EXPECT_TRUE(client.wait([&] {
    client.take(client.received().size());
    return test.taker.drains == 1;
  }));
  EXPECT_EQ(test.tunnel->write("more"), Tunnel::WriteResult::sent);
}

TEST(TunnelTest, ALostConnectionIsBroken) {
  for (const bool reads : {true, false}) {
    TunnelWorld test;
    test.reads = reads;
    RawClient client = test.connect();
    client.reset();
    EXPECT_TRUE(test.world.turn_until([&] { return test.taker.closed; }));
    EXPECT_TRUE(test.taker.broken);
    EXPECT_EQ(test.tunnel == nullptr, false);
  }
}

TEST(TunnelTest, DroppingItIsTold) {
  TunnelWorld test;
  RawClient client = test.connect();
  test.tunnel->drop(false);
  EXPECT_TRUE(test.taker.closed);
  EXPECT_FALSE(test.taker.broken);
  EXPECT_EQ(test.tunnel->write("x"), Tunnel::WriteResult::over);
  test.tunnel->drop(true);
  test.tunnel->want_read(true);
  EXPECT_FALSE(test.tunnel->local());
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  EXPECT_TRUE(test.world.server->tunnels().empty());
}

TEST(TunnelTest, AServerThatStopsWaitsForItAndCutsItByForce) {
  TunnelWorld test;
  RawClient client = test.connect();
  bool stopped = false;
  EXPECT_FALSE(test.stop(false, stopped));
  client.send("still");
  EXPECT_TRUE(test.world.turn_until([&] { return test.taker.received == "still"; }));
  bool cut = false;
  EXPECT_TRUE(test.stop(true, cut));
  EXPECT_TRUE(stopped);
  EXPECT_TRUE(test.taker.closed);
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
}

TEST(TunnelTest, ItKeepsTheLoopUnlessToldOtherwise) {
  TunnelWorld test;
  RawClient client = test.connect();
  test.world.server->set_referenced(false);
  EXPECT_TRUE(test.world.loop.alive());
  test.tunnel->set_referenced(false);
  EXPECT_FALSE(test.world.loop.alive());
  test.tunnel->set_referenced(true);
  EXPECT_TRUE(test.world.loop.alive());
  test.tunnel->drop(false);
  test.world.loop.turn(0ms);  // in which it is buried
  EXPECT_FALSE(test.world.loop.alive());
}

// ---- Connections that a face wants to know of

/// An application that notes its connections.
class Watcher final : public Application, public ConnectionHandler {
 public:
  explicit Watcher(std::string& events) : events_(events) {}
  void on_request(Exchange& exchange, HandlerId) override { exchange.reply({.body = "hi"}); }
  ConnectionHandler* connections() override { return this; }
  void on_connected(http::Link& link) override {
    link.label = 5;
    events_ += "connected ";
  }
  void on_closed(http::Link& link) override {
    events_ += "closed " + std::to_string(link.label) + " ";
  }
  void on_refused(http::Link&, int status, std::string_view) override {
    events_ += "refused " + std::to_string(status) + " ";
  }

 private:
  std::string& events_;
};

http::Reference<Table> watched(std::string& events) {
  Table::Builder builder;
  builder.set_fetch(0);
  return std::move(builder).build(std::make_unique<Watcher>(events));
}

TEST(ConnectionHandlerTest, HearsOfConnectionsAndRefusalsIfItWantsTo) {
  std::string events;
  World world(watched(events));
  world.server->tell_connections(true);
  world.server->tell_refusals(true);
  auto client = RawClient::tcp(world.server->local().port, [&] { world.loop.turn(5ms); });
  EXPECT_EQ(client.get("/").body, "hi");
  EXPECT_EQ(events, "connected ");
  EXPECT_EQ(client.exchange("GARBAGE\r\n\r\n").status, 400);
  client.close();
  EXPECT_TRUE(world.turn_until([&] { return events.ends_with("closed 5 "); }));
  EXPECT_EQ(events, "connected refused 400 closed 5 ");
}

TEST(ConnectionHandlerTest, HearsOfNothingElse) {
  std::string events;
  World world(watched(events));
  auto client = RawClient::tcp(world.server->local().port, [&] { world.loop.turn(5ms); });
  EXPECT_EQ(client.get("/").body, "hi");
  world.server->cut_connections();
  EXPECT_NE(client.wait_for_end(), RawClient::End::open);
  EXPECT_EQ(events, "");
}

}  // namespace
}  // namespace bao::server::testing
