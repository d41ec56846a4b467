#include <gtest/gtest.h>
#include <string>

#include "http1/connection_fixture.h"

// What a server does to its connections when it stops: close_when_done and cut.
namespace bao::http1 {
namespace {

using namespace std::chrono_literals;
using http::Failure;
using testing::reply_with;

class ConnectionStopTest : public testing::ConnectionTest {};

// ---- close_when_done

TEST_F(ConnectionStopTest, AnIdleConnectionClosesAtOnce) {
  Client& fresh = world.connect();
  Client& used = world.connect();
  world.send(used, get("/"));
  for (Client* client : {&fresh, &used}) {
    client->connection->close_when_done();
    EXPECT_TRUE(client->wire.closed);
    EXPECT_FALSE(client->wire.reset);
  }
}

TEST_F(ConnectionStopTest, APendingReplyIsTheLast) {
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/a") + get("/b"));
  client.connection->close_when_done();
  EXPECT_FALSE(client.wire.closed);
  reply_to_first("last");
  EXPECT_EQ(output(client), last_ok("last"));
  EXPECT_EQ(world.requests.size(), 1u);
  EXPECT_FALSE(client.wire.closed);
  expect_linger(client);
}

TEST_F(ConnectionStopTest, ABodyThatIsBeingCollectedIsFinished) {
  echo_bodies();
  Client& client = world.connect();
  const std::string request = post("/", "hello");
  world.send(client, request.substr(0, request.size() - 2));
  client.connection->close_when_done();
  world.send(client, "lo");
  EXPECT_EQ(output(client), last_ok("hello"));
  EXPECT_FALSE(client.wire.closed);
  expect_linger(client);
}

TEST_F(ConnectionStopTest, AReplyThatIsBeingSentIsFinished) {
  const std::string large(1'000'000, 'L');
  world.handler = [&](Exchange& exchange) { reply_with(exchange, large); };
  Client& client = world.connect();
  client.wire.throttle(0);
  world.send(client, get("/"));
  client.connection->close_when_done();
  EXPECT_FALSE(client.wire.closed);
  client.wire.refill = 10'000;
  client.send(get("/too late"));
  world.run();
  EXPECT_EQ(output(client), ok(large));
  EXPECT_FALSE(client.wire.closed) << "the client does not know yet: a reset might take the reply";
  expect_linger(client);
}

TEST_F(ConnectionStopTest, ABodyThatIsThrownAwayIsReadToItsEnd) {
  Client& client = world.connect();
  world.send(client, chunked_post("/x", "5\r\nhe"));
  EXPECT_EQ(output(client), ok("/x"));
  client.connection->close_when_done();
  EXPECT_FALSE(client.wire.finished);
  world.send(client, "llo\r\n0\r\n\r\n");
  expect_linger(client);
}

TEST_F(ConnectionStopTest, InsideTheHandlerBeforeItReplies) {
  Client& client = world.connect();
  world.handler = [&](Exchange& exchange) {
    client.connection->close_when_done();
    reply_with(exchange, "last");
  };
  world.send(client, get("/a") + get("/b"));
  EXPECT_EQ(output(client), last_ok("last"));
  EXPECT_EQ(world.requests.size(), 1u);
  EXPECT_FALSE(client.wire.closed);
  expect_linger(client);
}

TEST_F(ConnectionStopTest, InsideTheHandlerAfterItReplied) {
  for (const std::string& request : {get("/a"), get("/a") + get("/b"), post("/a", "hello")}) {
    Client& client = world.connect();
    world.handler = [&](Exchange& exchange) {
      reply_with(exchange, "sent");
      client.connection->close_when_done();
    };
    world.send(client, request);
    EXPECT_EQ(output(client), ok("sent"));
    EXPECT_FALSE(client.wire.closed);
    expect_linger(client);
  }
}

TEST_F(ConnectionStopTest, ALingeringConnectionGoesOnLingering) {
  Client& client = world.connect();
  world.send(client, "nonsense\r\n");
  client.connection->close_when_done();
  EXPECT_FALSE(client.wire.closed);
  expect_refusal(client, 400);
}

TEST_F(ConnectionStopTest, TwiceIsOnce) {
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/a"));
  client.connection->close_when_done();
  client.connection->close_when_done();
  reply_to_first("last");
  EXPECT_EQ(output(client), last_ok("last"));
}

TEST_F(ConnectionStopTest, AfterAHalfClose) {
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/a"));
  client.wire.peer_finished = true;
  world.run();
  client.connection->close_when_done();
  reply_to_first("last");
  EXPECT_EQ(output(client), last_ok("last"));
  EXPECT_TRUE(client.wire.closed);
}

// ---- cut

TEST_F(ConnectionStopTest, CuttingAnIdleConnectionIsAnOrdinaryEnd) {
  Client& client = world.connect();
  world.send(client, get("/"));
  client.connection->cut(Failure::stopped);
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset);
}

TEST_F(ConnectionStopTest, CuttingARequestShowsAsAReset) {
  reply_later();
  for (const std::string& request : {std::string("GET /"), get("/"), get("/") + get("/"),
                                     post("/", "x"), chunked_post("/", "5\r\nhe")}) {
    Client& client = world.connect();
    world.send(client, request);
    client.connection->cut(Failure::stopped);
    EXPECT_TRUE(client.wire.reset) << request;
    if (!world.kept.empty()) {
      EXPECT_EQ(world.kept.front()->failure(), Failure::stopped);
    }
    world.kept.clear();
    client.connection->cut(Failure::stopped);
    world.run();
  }
}

TEST_F(ConnectionStopTest, CuttingAReplyShowsAsAReset) {
  const std::string large(1'000'000, 'L');
  world.handler = [&](Exchange& exchange) { reply_with(exchange, large); };
  Client& client = world.connect();
  client.wire.room = 1000;
  client.wire.refill = 0;
  world.send(client, get("/"));
  client.connection->cut(Failure::stopped);
  EXPECT_TRUE(client.wire.reset);
}

TEST_F(ConnectionStopTest, CuttingInsideTheHandler) {
  for (bool reply_first : {false, true}) {
    for (bool reply_afterwards : {false, true}) {
      Client& client = world.connect();
      world.handler = [&](Exchange& exchange) {
        if (reply_first) reply_with(exchange, "first");
        client.connection->cut(Failure::stopped);
        if (reply_afterwards) reply_with(exchange, "afterwards");
        exchange.collect_body();
      };
      world.send(client, post("/a", "hello") + get("/b"));
      EXPECT_TRUE(client.wire.reset);
      EXPECT_EQ(client.wire.outbound, "");
    }
  }
}

TEST_F(ConnectionStopTest, CuttingALingeringConnectionEndsIt) {
  Client& client = world.connect();
  world.send(client, "nonsense\r\n");
  client.connection->cut(Failure::stopped);
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset) << "everything that was to be said is said";
}

TEST_F(ConnectionStopTest, AnObserverThatIsToldOfACutMayCutOthers) {
  reply_later();
  Client& first = world.connect();
  Client& second = world.connect();
  world.send(first, get("/a"));
  world.send(second, get("/b"));
  observer.gone = [&](Exchange&) { second.connection->cut(Failure::stopped); };
  world.kept.front()->set_observer(&observer);
  first.connection->cut(Failure::stopped);
  EXPECT_TRUE(first.wire.reset);
  EXPECT_TRUE(second.wire.reset);
}

}  // namespace
}  // namespace bao::http1
