#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "http1/connection_fixture.h"

// Replies to several connections that are written first and then sent, all at once where the
// transport can.
namespace bao::http1 {
namespace {

using testing::reply_with;

class ConnectionGatherTest : public testing::ConnectionTest {
 protected:
  ConnectionGatherTest() { reply_later(); }

  // The stream of the exchange that was kept first, which gathers a reply now.
  http::Stream& gather_first(std::string_view body) {
    http::Stream* const stream = world.kept.front()->stream();
    EXPECT_TRUE(stream->gather());
    reply_to_first(body);
    return *stream;
  }

  // Over TLS nothing is sent ahead.
  static constexpr bool kSendsAhead = !testing::ConnectionWorld::kOverTls;
};

TEST_F(ConnectionGatherTest, WhatIsGatheredLeavesWhenItIsSent) {
  Client& client = world.connect();
  world.send(client, get("/"));
  http::Stream& stream = gather_first("gathered");
  EXPECT_EQ(output(client), "");
  EXPECT_FALSE(stream.gather()) << "it does already";
  stream.send_gathered();
  EXPECT_EQ(output(client), ok("gathered"));
  EXPECT_TRUE(client.connection->idle());
  world.send(client, get("/"));
  reply_to_first("next");
  EXPECT_EQ(output(client), ok("next"));
}

TEST_F(ConnectionGatherTest, WhatIsSentAheadIsSentOnce) {
  std::vector<Client*> clients;
  std::vector<http::Stream*> streams;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(&world.connect());
    world.send(*clients.back(), get("/"));
  }
  for (int i = 0; i < 3; ++i) {
    streams.push_back(&gather_first(std::to_string(i)));
    streams.back()->send_ahead();
  }
  for (http::Stream* stream : streams) stream->send_gathered();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(output(*clients[static_cast<size_t>(i)]), ok(std::to_string(i)));
    EXPECT_TRUE(clients[static_cast<size_t>(i)]->connection->idle());
  }
  EXPECT_EQ(world.workspace.counters.requests_pending, 0u);
  EXPECT_GT(world.workspace.counters.bytes_out, 3 * ok("0").size());
}

TEST_F(ConnectionGatherTest, WhatDoesNotGoAheadFollows) {
  for (const size_t step : {1u, 7u, 64u, 1000u}) {
    Client& client = world.connect();
    world.send(client, get("/"));
    http::Stream& stream = gather_first(std::string(300, 'x'));
    client.wire.throttle(step);
    client.wire.room = step;
    stream.send_ahead();
    stream.send_gathered();
    world.run();
    EXPECT_EQ(output(client), ok(std::string(300, 'x'))) << step;
    EXPECT_FALSE(client.wire.write_wanted);
    EXPECT_TRUE(client.connection->idle());
  }
}

TEST_F(ConnectionGatherTest, WhatBlocksAheadFollows) {
  Client& client = world.connect();
  world.send(client, get("/"));
  http::Stream& stream = gather_first("late");
  client.wire.throttle(10);
  stream.send_ahead();
  stream.send_gathered();
  EXPECT_EQ(output(client), "");
  EXPECT_TRUE(client.wire.write_wanted);
  world.run();
  EXPECT_EQ(output(client), ok("late"));
}

TEST_F(ConnectionGatherTest, APeerThatIsGoneEndsOnlyItsOwn) {
  Client& gone = world.connect();
  Client& there = world.connect();
  world.send(gone, get("/"));
  world.send(there, get("/"));
  http::Stream& first = gather_first("nobody reads this");
  http::Stream& second = gather_first("this");
  gone.wire.peer_reset = true;
  first.send_ahead();
  second.send_ahead();
  first.send_gathered();
  second.send_gathered();
  world.run();
  EXPECT_EQ(gone.connection, nullptr);
  EXPECT_EQ(output(there), ok("this"));
}

// Its handler runs when the reply before it is out, and may reply at once.
TEST_F(ConnectionGatherTest, TheNextRequestOfAPipelineFollowsWhatWasSentAhead) {
  Client& client = world.connect();
  world.send(client, get("/1") + get("/2") + get("/3"));
  ASSERT_EQ(world.requests.size(), 1u);
  http::Stream& stream = gather_first("first");
  stream.send_ahead();
  EXPECT_EQ(world.requests.size(), 1u);
  world.handler = [](Exchange& exchange) { reply_with(exchange, exchange.head.path()); };
  stream.send_gathered();
  EXPECT_EQ(output(client), ok("first") + ok("/2") + ok("/3"));
}

TEST_F(ConnectionGatherTest, WhatIsNotSentAheadLeavesWithTheRepliesBehindIt) {
  Client& client = world.connect();
  world.send(client, get("/1") + get("/2"));
  client.wire.writes.clear();
  http::Stream& stream = gather_first("first");
  world.handler = [](Exchange& exchange) { reply_with(exchange, exchange.head.path()); };
  stream.send_gathered();
  EXPECT_EQ(output(client), ok("first") + ok("/2"));
  EXPECT_EQ(client.wire.writes.size(), 1u);
}

// A handler that runs between may end connections whose replies are written, or sent.
TEST_F(ConnectionGatherTest, AConnectionThatIsCutBetween) {
  Client& sent = world.connect();
  Client& written = world.connect();
  world.send(sent, get("/"));
  world.send(written, get("/"));
  http::Stream& first = gather_first("sent");
  http::Stream& second = gather_first("written");
  first.send_ahead();
  sent.connection->cut(http::Failure::stopped);
  written.connection->cut(http::Failure::stopped);
  first.send_gathered();
  second.send_gathered();
  EXPECT_EQ(output(sent), kSendsAhead ? ok("sent") : "");
  EXPECT_EQ(output(written), "");
}

TEST_F(ConnectionGatherTest, ACloseAfterTheReplyFollowsWhatWasSentAhead) {
  Client& client = world.connect();
  world.send(client, get("/", "Connection: close\r\n"));
  http::Stream& stream = gather_first("last");
  stream.send_ahead();
  stream.send_gathered();
  world.run();
  EXPECT_EQ(output(client), last_ok("last"));
  EXPECT_TRUE(client.wire.finished || client.wire.closed);
}

}  // namespace
}  // namespace bao::http1
