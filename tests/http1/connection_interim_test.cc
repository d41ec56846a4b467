#include <gtest/gtest.h>
#include <string>

#include "http1/connection_fixture.h"

// RFC 9110 section 15.2: interim replies before the final one.
namespace bao::testing {
namespace {

class ConnectionInterimTest : public ConnectionTest {};

TEST_F(ConnectionInterimTest, TheyComeBeforeTheReplyInTheSameWrite) {
  world.handler = [](Exchange& exchange) {
    EXPECT_TRUE(exchange.send_interim(103, Fields{{"Link", "</a>; rel=preload"}}));
    EXPECT_TRUE(exchange.send_interim(102, {}));
    reply_with(exchange, "final");
    EXPECT_FALSE(exchange.send_interim(103, {})) << "not behind the reply";
  };
  Client& client = world.connect();
  world.send(client, get("/"));
  EXPECT_EQ(client.wire.writes.size(), 1u);
  EXPECT_EQ(output(client),
            "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
            "HTTP/1.1 102 Processing\r\n\r\n" +
                ok("final"));
}

TEST_F(ConnectionInterimTest, WhoeverRepliesLaterCanSendThemAtOnce) {
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/"));
  EXPECT_TRUE(world.kept.front()->send_interim(103, Fields{{"Link", "</a>"}}));
  EXPECT_EQ(output(client), "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  reply_to_first("final");
  EXPECT_EQ(output(client), ok("final"));
}

// A 1xx has no content (RFC 9110 section 8.6), and what becomes of the connection is not its to
// say.
TEST_F(ConnectionInterimTest, FieldsOfFramingAreLeftOut) {
  world.handler = [](Exchange& exchange) {
    exchange.send_interim(103, Fields{{"Content-Length", "3"},
                                      {"Transfer-Encoding", "chunked"},
                                      {"Connection", "close"},
                                      {"Upgrade", "x"},
                                      {"X-One", "1"}});
    reply_with(exchange, "final");
  };
  Client& client = world.connect();
  world.send(client, get("/"));
  EXPECT_EQ(output(client), "HTTP/1.1 103 Early Hints\r\nX-One: 1\r\n\r\n" + ok("final"));
}

// "A server MUST NOT send a 1xx response to an HTTP/1.0 client."
TEST_F(ConnectionInterimTest, Http10GetsNone) {
  world.handler = [](Exchange& exchange) {
    EXPECT_TRUE(exchange.send_interim(103, {}));
    reply_with(exchange, "final");
  };
  Client& client = world.connect();
  world.send(client, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(output(client).starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ConnectionInterimTest, A100IsSentOnce) {
  observer.body = [](Exchange& exchange) { reply_with(exchange, exchange.body()); };
  world.handler = [this](Exchange& exchange) {
    world.kept.emplace_back(&exchange);
    exchange.set_observer(&observer);
    exchange.send_interim(100, {});
    exchange.collect_body();
  };
  Client& client = world.connect();
  world.send(client,
             "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(output(client), "HTTP/1.1 100 Continue\r\n\r\n");
  world.send(client, "body");
  EXPECT_EQ(output(client), ok("body"));
  world.kept.clear();
}

TEST_F(ConnectionInterimTest, NobodyIsLeftToSendThemTo) {
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/"));
  client.wire.peer_reset = true;
  world.run();
  EXPECT_FALSE(world.kept.front()->send_interim(103, {}));
  world.kept.clear();
}

}  // namespace
}  // namespace bao::testing
