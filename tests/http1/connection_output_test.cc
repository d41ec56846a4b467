#include <gtest/gtest.h>
#include <memory>
#include <numeric>
#include <string>

#include "http1/connection_fixture.h"

// Replies on their way out: partial writes, large bodies and who owns them, slow readers.
namespace bao::http1 {
namespace {

using testing::reply_with;

class ConnectionOutputTest : public testing::ConnectionTest {};

// A body in which every place looks different.
std::string patterned(size_t size) {
  std::string body;
  body.reserve(size + 16);
  for (size_t i = 0; body.size() < size; ++i) body += std::to_string(i) + ",";
  body.resize(size);
  return body;
}

TEST_F(ConnectionOutputTest, WritesOfEverySizeLoseNothing) {
  for (size_t step : {1u, 2u, 3u, 7u, 50u, 64u, 100u, 1000u}) {
    Client& client = world.connect();
    client.wire.throttle(step);
    const std::string body = patterned(300);
    world.handler = [&](Exchange& exchange) { reply_with(exchange, body); };
    world.send(client, get("/a") + get("/b"));
    world.send(client, get("/c"));
    EXPECT_EQ(output(client), ok(body) + ok(body) + ok(body)) << step;
    EXPECT_TRUE(client.connection->idle());
    EXPECT_FALSE(client.wire.write_wanted);
  }
}

// The sizes around which a body is copied behind its head or sent from where it lies.
TEST_F(ConnectionOutputTest, BodiesOfEverySizeAndOwner) {
  for (size_t size : {0u, 1u, 16'383u, 16'384u, 16'385u, 100'000u, 1'000'000u}) {
    for (size_t room : {size_t{0}, size_t{10}, size_t{5'000}, size_t{20'000}, SIZE_MAX}) {
      const std::string body = patterned(size);
      for (int owner = 0; owner < 3; ++owner) {
        std::string text = body;
        auto shared = std::make_shared<const std::string>(body);
        world.handler = [&](Exchange& exchange) {
          http::Reply reply;
          if (owner == 0) reply.body = text;
          if (owner == 1) {
            reply.body = text;
            reply.body_text = &text;
          }
          if (owner == 2) {
            reply.body = *shared;
            reply.body_shared = &shared;
          }
          exchange.reply(reply);
          if (owner != 1) text.assign(text.size(), '?');
        };
        Client& client = world.connect();
        client.wire.room = room;
        client.wire.refill = 0;
        client.send(get("/"));
        client.wire.turn();
        // Over TLS nothing can be read before the record is whole.
        const bool some = output(client).size() > 0;
        if (!testing::ConnectionWorld::kOverTls) {
          EXPECT_EQ(some, room > 0);
        }
        client.wire.refill = 30'000;
        world.run();
        Client& whole = world.connect();
        text = body;
        world.send(whole, get("/"));
        EXPECT_EQ(output(whole), ok(body)) << size << " bytes, owner " << owner;
        EXPECT_EQ(*shared, body);
        EXPECT_EQ(shared.use_count(), 1);
        EXPECT_TRUE(client.connection->idle());
      }
    }
  }
}

TEST_F(ConnectionOutputTest, ALargeBodyArrivesWholeHoweverItIsCut) {
  const std::string body = patterned(200'000);
  const std::string expected = ok(body);
  for (size_t room : {1u, 30u, 60u, 61u, 62u, 63u, 64u, 65u, 66u, 100u, 16'384u}) {
    for (bool shared_body : {false, true}) {
      auto shared = std::make_shared<const std::string>(body);
      world.handler = [&](Exchange& exchange) {
        http::Reply reply;
        reply.body = *shared;
        if (shared_body) reply.body_shared = &shared;
        exchange.reply(reply);
      };
      Client& client = world.connect();
      client.wire.room = room;
      client.wire.refill = 10'007;
      world.send(client, get("/"));
      EXPECT_EQ(output(client), expected) << room;
    }
  }
}

TEST_F(ConnectionOutputTest, ALargeBodyIsNotCopiedIfItsOwnerGivesItAway) {
  std::string text = patterned(1'000'000);
  auto shared = std::make_shared<const std::string>(text);
  Client& client = world.connect();
  client.wire.throttle(0);
  world.handler = [&](Exchange& exchange) {
    http::Reply reply;
    reply.body = *shared;
    reply.body_shared = &shared;
    exchange.reply(reply);
  };
  world.send(client, get("/"));
  EXPECT_EQ(shared.use_count(), 2) << "shared with the queue";
  client.wire.refill = SIZE_MAX;
  world.run();
  EXPECT_EQ(shared.use_count(), 1);

  client.wire.throttle(0);
  world.handler = [&](Exchange& exchange) { exchange.reply({.body = text, .body_text = &text}); };
  world.send(client, get("/"));
  EXPECT_NE(text.size(), 1'000'000u) << "moved away";
}

TEST_F(ConnectionOutputTest, ALargeReplyLeavesTogetherWithWhatIsBeforeIt) {
  const std::string large = patterned(100'000);
  world.handler = [&](Exchange& exchange) {
    reply_with(exchange, exchange.head.path() == "/large" ? std::string_view(large) : "small");
  };
  Client& client = world.connect();
  world.send(client, get("/") + get("/large") + get("/"));
  EXPECT_EQ(client.wire.writes.size(), 2u);
  EXPECT_EQ(output(client), ok("small") + ok(large) + ok("small"));
}

TEST_F(ConnectionOutputTest, RepliesBehindASlowOneQueueUpInOrder) {
  const std::string large = patterned(100'000);
  world.handler = [&](Exchange& exchange) {
    reply_with(exchange, exchange.head.path() == "/large" ? std::string_view(large) : "small");
  };
  Client& client = world.connect();
  client.wire.throttle(0);
  world.send(client, get("/large"));
  world.send(client, get("/") + get("/large"));
  world.send(client, get("/"));
  client.wire.refill = 3'333;
  world.run();
  EXPECT_EQ(output(client), ok(large) + ok("small") + ok(large) + ok("small"));
}

TEST_F(ConnectionOutputTest, ReadingStopsAboveTheHighWaterMark) {
  world.workspace.settings.output_high_water = 50'000;
  const std::string large = patterned(100'000);
  world.handler = [&](Exchange& exchange) { reply_with(exchange, large); };
  Client& client = world.connect();
  client.wire.throttle(0);
  world.send(client, get("/1"));
  EXPECT_FALSE(client.wire.read_wanted);
  EXPECT_TRUE(client.wire.write_wanted);
  world.send(client, get("/2"));
  EXPECT_EQ(world.requests.size(), 1u);
  client.wire.room = 40'000;
  world.run();
  EXPECT_FALSE(client.wire.read_wanted);
  client.wire.room = 20'000;
  world.run();
  EXPECT_EQ(world.requests.size(), 2u) << "below the mark it goes on before all is out";
  client.wire.refill = SIZE_MAX;
  world.run();
  EXPECT_EQ(output(client), ok(large) + ok(large));
}

TEST_F(ConnectionOutputTest, AConnectionThatEndsWaitsForItsOutput) {
  const std::string large = patterned(100'000);
  world.handler = [&](Exchange& exchange) { reply_with(exchange, large); };
  Client& client = world.connect();
  client.wire.throttle(1'000);
  world.send(client, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(output(client), last_ok(large));
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset);
}

TEST_F(ConnectionOutputTest, ARefusalQueuesBehindEarlierReplies) {
  const std::string large = patterned(100'000);
  world.handler = [&](Exchange& exchange) { reply_with(exchange, large); };
  Client& client = world.connect();
  client.wire.throttle(1'000);
  world.send(client, get("/") + "nonsense\r\n");
  const std::string all = output(client);
  EXPECT_EQ(all.substr(0, ok(large).size()), ok(large));
  EXPECT_TRUE(all.substr(ok(large).size()).starts_with("HTTP/1.1 400 "));
  expect_linger(client);
}

TEST_F(ConnectionOutputTest, AHalfClosedClientGetsItsSlowReplies) {
  const std::string large = patterned(100'000);
  world.handler = [&](Exchange& exchange) { reply_with(exchange, large); };
  Client& client = world.connect();
  client.wire.throttle(0);
  client.send(get("/1") + get("/2"));
  client.wire.peer_finished = true;
  world.run();
  EXPECT_FALSE(client.wire.closed);
  client.wire.refill = 7'000;
  world.run();
  EXPECT_EQ(output(client), ok(large) + ok(large));
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset);
}

TEST_F(ConnectionOutputTest, ContinueIsSentThroughASlowTransportToo) {
  echo_bodies();
  Client& client = world.connect();
  client.wire.throttle(1);
  world.send(client, chunked_post("/", "", "Expect: 100-continue\r\n"));
  EXPECT_EQ(output(client), "HTTP/1.1 100 Continue\r\n\r\n");
  world.send(client, "1\r\nx\r\n0\r\n\r\n");
  EXPECT_EQ(output(client), ok("x"));
}

TEST_F(ConnectionOutputTest, BytesOutAreCountedAsTheyLeave) {
  const std::string large = patterned(100'000);
  world.handler = [&](Exchange& exchange) { reply_with(exchange, large); };
  Client& client = world.connect();
  client.wire.throttle(0);
  client.wire.room = 500;
  world.send(client, get("/") + get("/"));
  EXPECT_EQ(world.workspace.counters.bytes_out, 500u);
  client.wire.refill = 999;
  world.run();
  EXPECT_EQ(world.workspace.counters.bytes_out, client.wire.outbound.size());
  EXPECT_EQ(std::accumulate(client.wire.writes.begin(), client.wire.writes.end(), size_t{0}),
            client.wire.outbound.size());
}

}  // namespace
}  // namespace bao::http1
