#include <gtest/gtest.h>
#include <optional>
#include <string>

#include "http1/connection_fixture.h"

// RFC 9110 section 7.8: a connection is given away for another protocol.
namespace bao::testing {
namespace {

class Taker final : public net::TransportObserver {
 public:
  void on_readable() override {
    char buffer[256];
    const net::IoResult result = transport->read(buffer);
    if (result.status != net::IoResult::Status::ok) {
      ended = true;
      transport->want_read(false);
      return;
    }
    input.append(buffer, result.bytes);
  }
  void on_writable() override {}
  void on_peer_finished() override {}
  void on_hangup() override { ended = true; }

  net::Transport* transport = nullptr;
  std::string input;
  bool ended = false;
};

class ConnectionUpgradeTest : public ConnectionTest {
 protected:
  ConnectionUpgradeTest() {
    world.handler = [this](Exchange& exchange) { upgrade(exchange); };
  }
  void TearDown() override {
    upgraded = std::nullopt;
    ConnectionTest::TearDown();
  }

  void upgrade(Exchange& exchange) {
    upgraded = exchange.upgrade("proto", Fields{{"X-One", "1"}});
    if (!upgraded) {
      reply_with(exchange, "no", 400);
      return;
    }
    taker.transport = upgraded->transport.get();
    upgraded->transport->attach(taker);
  }

  static std::string head_without_date(const std::string& head) {
    const size_t at = head.find("Date: ");
    return head.substr(0, at) + head.substr(head.find("\r\n", at) + 2);
  }
  static constexpr std::string_view k101 =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: proto\r\nConnection: Upgrade\r\nX-One: 1\r\n"
      "\r\n";

  std::optional<http::Upgraded> upgraded;
  Taker taker;
};

TEST_F(ConnectionUpgradeTest, TheTransportIsGivenAwayUnwritten) {
  Client& client = world.connect();
  world.send(client, get("/"));
  ASSERT_TRUE(upgraded);
  EXPECT_EQ(head_without_date(upgraded->output), k101);
  EXPECT_EQ(upgraded->input, "");
  EXPECT_EQ(client.wire.writes.size(), 0u);
  EXPECT_FALSE(client.wire.closed);
  EXPECT_EQ(client.connection, nullptr) << "HTTP's connection has ended";
  EXPECT_EQ(world.workspace.counters.connections_open, 0u);
  EXPECT_EQ(world.workspace.counters.requests_pending, 0u);
  EXPECT_EQ(world.workspace.counters.replies_by_class[1], 1u);
  EXPECT_TRUE(world.timers.empty());
  world.send(client, "bytes");
  EXPECT_EQ(taker.input, "bytes");
}

TEST_F(ConnectionUpgradeTest, WhatWasReadBehindTheRequestGoesAlong) {
  Client& client = world.connect();
  world.send(client, get("/") + "frames");
  ASSERT_TRUE(upgraded);
  EXPECT_EQ(upgraded->input, "frames");
  EXPECT_TRUE(client.take().empty());
}

TEST_F(ConnectionUpgradeTest, RepliesBeforeItGoAlongInOrder) {
  world.handler = [this](Exchange& exchange) {
    if (exchange.head.path() == "/up") return upgrade(exchange);
    reply_with(exchange, "first");
  };
  Client& client = world.connect();
  world.send(client, get("/") + get("/up") + "frames");
  ASSERT_TRUE(upgraded);
  EXPECT_TRUE(upgraded->output.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(head_without_date(upgraded->output.substr(upgraded->output.find("first") + 5)), k101);
  EXPECT_EQ(upgraded->input, "frames");
}

TEST_F(ConnectionUpgradeTest, AHandlerThatSuspendedCanUpgrade) {
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/") + "fra");
  world.send(client, "mes");
  upgrade(*world.kept.front());
  ASSERT_TRUE(upgraded);
  world.run();
  EXPECT_EQ(upgraded->input + taker.input, "frames");
  EXPECT_FALSE(world.kept.front()->open());
  world.kept.clear();
}

TEST_F(ConnectionUpgradeTest, AHeadInPiecesCanBeUpgraded) {
  Client& client = world.connect();
  client.wire.read_size = 1;
  world.send(client, get("/"));
  ASSERT_TRUE(upgraded);
  EXPECT_EQ(head_without_date(upgraded->output), k101);
}

// Bytes of the body would be taken for the new protocol's.
TEST_F(ConnectionUpgradeTest, ARequestWithABodyIsNotUpgraded) {
  Client& client = world.connect();
  world.send(client, post("/", "body"));
  EXPECT_FALSE(upgraded);
  EXPECT_TRUE(client.take().starts_with("HTTP/1.1 400 "));
}

TEST_F(ConnectionUpgradeTest, ABodyThatWasReadIsNoHindrance) {
  observer.body = [this](Exchange& exchange) { upgrade(exchange); };
  world.handler = [this](Exchange& exchange) {
    exchange.set_observer(&observer);
    exchange.collect_body();
    if (!exchange.replied()) world.kept.emplace_back(&exchange);
  };
  Client& client = world.connect();
  world.send(client, post("/", "body") + "frames");
  ASSERT_TRUE(upgraded);
  EXPECT_EQ(upgraded->input, "frames");
}

// RFC 9110 section 7.8: HTTP/1.0 knows no Upgrade.
TEST_F(ConnectionUpgradeTest, Http10IsNotUpgraded) {
  Client& client = world.connect();
  world.send(client, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(upgraded);
  EXPECT_TRUE(client.take().starts_with("HTTP/1.1 400 "));
}

TEST_F(ConnectionUpgradeTest, WhileEarlierRepliesWaitThereIsNone) {
  world.handler = [this](Exchange& exchange) {
    if (exchange.head.path() == "/up") return upgrade(exchange);
    reply_with(exchange, std::string(20'000, 'x'));
  };
  Client& client = world.connect();
  client.wire.throttle(0);
  world.send(client, get("/") + get("/up"));
  EXPECT_FALSE(upgraded);
  client.wire.throttle(1 << 20);
  world.run();
  EXPECT_NE(client.take().find("HTTP/1.1 400 "), std::string::npos);
}

TEST_F(ConnectionUpgradeTest, ThePeerMayEndBeforeTheUpgrade) {
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/"));
  client.wire.peer_finished = true;
  world.run();
  upgrade(*world.kept.front());
  ASSERT_TRUE(upgraded);
  world.run();
  EXPECT_TRUE(taker.ended);
  world.kept.clear();
}

// ---- Without a reply: for protocols that others speak, and for tunnels (RFC 9110 section 9.3.6)

TEST_F(ConnectionUpgradeTest, HandedOverNothingIsSent) {
  world.handler = [this](Exchange& exchange) {
    exchange.stream()->link()->label = 7;
    upgraded = exchange.hand_over();
    EXPECT_FALSE(exchange.open());
    EXPECT_FALSE(exchange.hand_over()) << "once";
    EXPECT_FALSE(exchange.reply({.status = 200}));
  };
  Client& client = world.connect();
  world.send(client, get("/") + "bytes");
  ASSERT_TRUE(upgraded);
  EXPECT_EQ(upgraded->output, "");
  EXPECT_EQ(upgraded->input, "bytes");
  EXPECT_EQ(upgraded->label, 7u) << "the label of the connection stays with it";
  EXPECT_TRUE(client.take().empty());
  EXPECT_FALSE(client.wire.closed);
  EXPECT_EQ(world.workspace.counters.replies_by_class[1], 0u);
}

TEST_F(ConnectionUpgradeTest, Http10CanBeHandedOver) {
  world.handler = [this](Exchange& exchange) { upgraded = exchange.hand_over(); };
  Client& client = world.connect();
  world.send(client, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(upgraded);
}

TEST_F(ConnectionUpgradeTest, ABodyThatWasNotReadKeepsTheConnection) {
  world.handler = [this](Exchange& exchange) {
    upgraded = exchange.hand_over();
    reply_with(exchange, "no");
  };
  Client& client = world.connect();
  world.send(client, post("/", "body"));
  EXPECT_FALSE(upgraded);
  EXPECT_EQ(output(client), ok("no"));
}

}  // namespace
}  // namespace bao::testing
