#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "http1/connection_fixture.h"

// Streamed replies: RFC 9112 sections 6 and 7.1, RFC 9110 section 6.5.
namespace bao::http1 {
namespace {

using namespace std::chrono_literals;
using http::Failure;
using testing::reply_with;
using WriteResult = http::Exchange::WriteResult;

class ConnectionStreamTest : public testing::ConnectionTest {
 protected:
  // The handler keeps the exchange and begins a streamed reply.
  void stream(std::optional<uint64_t> length = {}) {
    world.handler = [this, length](Exchange& exchange) {
      world.kept.emplace_back(&exchange);
      exchange.set_observer(&observer);
      exchange.reply({.streamed = true, .length = length});
    };
  }

  Exchange& kept() { return *world.kept.front(); }

  static std::string chunked_head(std::string_view fields = "") {
    return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "Transfer-Encoding: chunked\r\n\r\n";
  }
};

TEST_F(ConnectionStreamTest, ContentOfUnknownLengthIsChunked) {
  stream();
  Client& client = world.connect();
  world.send(client, get("/") + get("/next"));
  EXPECT_EQ(output(client), chunked_head()) << "the head leaves before there is content";
  EXPECT_TRUE(kept().streaming());
  EXPECT_EQ(kept().write("hello"), WriteResult::sent);
  EXPECT_EQ(output(client), "5\r\nhello\r\n");
  EXPECT_EQ(kept().write(std::string(300, 'x')), WriteResult::sent);
  EXPECT_EQ(output(client), "12c\r\n" + std::string(300, 'x') + "\r\n");
  EXPECT_EQ(world.requests.size(), 1u) << "the next waits for the end";
  EXPECT_TRUE(kept().finish(nullptr));
  EXPECT_EQ(output(client), "0\r\n\r\n" + chunked_head());
  EXPECT_FALSE(kept().streaming());
  EXPECT_EQ(kept().write("late"), WriteResult::over);
  EXPECT_FALSE(kept().finish(nullptr));
  EXPECT_EQ(world.requests.size(), 2u);
  EXPECT_TRUE(world.kept.back()->finish(nullptr));
  EXPECT_EQ(output(client), "0\r\n\r\n");
  EXPECT_TRUE(client.connection->idle());
}

TEST_F(ConnectionStreamTest, AnEmptyPieceIsNotTheLastChunk) {
  stream();
  Client& client = world.connect();
  world.send(client, get("/"));
  output(client);
  EXPECT_EQ(kept().write(""), WriteResult::sent);
  EXPECT_EQ(output(client), "");
  kept().write("x");
  kept().finish(nullptr);
  EXPECT_EQ(output(client), "1\r\nx\r\n0\r\n\r\n");
}

TEST_F(ConnectionStreamTest, EverythingInsideTheHandlerLeavesInOneWrite) {
  world.handler = [](Exchange& exchange) {
    exchange.reply({.streamed = true});
    exchange.write("a");
    exchange.write("b");
    exchange.finish(nullptr);
  };
  Client& client = world.connect();
  world.send(client, get("/") + get("/"));
  const std::string one = chunked_head() + "1\r\na\r\n1\r\nb\r\n0\r\n\r\n";
  EXPECT_EQ(client.wire.writes.size(), 1u);
  EXPECT_EQ(output(client), one + one);
}

TEST_F(ConnectionStreamTest, TrailersFollowTheLastChunk) {
  stream();
  Client& client = world.connect();
  world.send(client, get("/"));
  output(client);
  const Fields trailers{{"Digest", "x"}, {"Server-Timing", "y"}};
  kept().finish(&trailers);
  EXPECT_EQ(output(client), "0\r\nDigest: x\r\nServer-Timing: y\r\n\r\n");
}

TEST_F(ConnectionStreamTest, ContentOfKnownLengthIsNotChunked) {
  stream(10);
  Client& client = world.connect();
  world.send(client, get("/"));
  EXPECT_EQ(output(client), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
  kept().write("01234");
  const Fields trailers{{"A", "b"}};
  kept().write("56789");
  kept().finish(&trailers);
  EXPECT_EQ(output(client), "0123456789") << "there is no room for trailers";
  EXPECT_TRUE(client.connection->idle());
}

TEST_F(ConnectionStreamTest, LessThanTheAnnouncedLengthEndsInAReset) {
  stream(10);
  Client& client = world.connect();
  world.send(client, get("/"));
  kept().write("01234");
  kept().finish(nullptr);
  EXPECT_TRUE(client.wire.reset);
  EXPECT_EQ(kept().failure(), Failure::aborted);
}

TEST_F(ConnectionStreamTest, MoreThanTheAnnouncedLengthEndsInAReset) {
  stream(10);
  Client& client = world.connect();
  world.send(client, get("/"));
  output(client);
  kept().write("01234");
  EXPECT_EQ(kept().write("567890"), WriteResult::over);
  EXPECT_TRUE(client.wire.reset);
  EXPECT_EQ(output(client), "01234");
  EXPECT_EQ(kept().write("x"), WriteResult::over);
  EXPECT_FALSE(kept().finish(nullptr));
}

// HTTP/1.0 knows no chunks: the end of the connection is the end of the content.
TEST_F(ConnectionStreamTest, For10TheContentEndsWithTheConnection) {
  stream();
  for (std::string_view fields : {"", "Connection: keep-alive\r\n"}) {
    Client& client = world.connect();
    world.send(client, "GET / HTTP/1.0\r\n" + std::string(fields) + "\r\n");
    kept().write("hello");
    kept().write(" world");
    EXPECT_FALSE(client.wire.finished || client.wire.closed);
    kept().finish(nullptr);
    EXPECT_EQ(output(client), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world");
    expect_linger(client);
    world.kept.clear();
  }
}

TEST_F(ConnectionStreamTest, For10WithALengthTheConnectionMayGoOn) {
  stream(5);
  Client& client = world.connect();
  world.send(client, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  kept().write("hello");
  kept().finish(nullptr);
  EXPECT_EQ(output(client), ok("hello", "Connection: keep-alive\r\n"));
  EXPECT_TRUE(client.connection->idle());
}

// RFC 9112 section 6.3, rule 1
TEST_F(ConnectionStreamTest, RepliesWithoutContentSendNone) {
  for (bool head : {false, true}) {
    for (int status : {200, 204, 205, 304}) {
      if (!head && status == 200) continue;
      world.handler = [&](Exchange& exchange) {
        exchange.reply({.status = status, .streamed = true});
        exchange.write("content");
        exchange.finish(nullptr);
      };
      Client& client = world.connect();
      world.send(client, std::string(head ? "HEAD" : "GET") + " / HTTP/1.1\r\nHost: h\r\n\r\n");
      const std::string text = output(client);
      EXPECT_EQ(text.find("content"), text.npos) << text;
      EXPECT_TRUE(text.ends_with("\r\n\r\n")) << text;
      EXPECT_EQ(text.find("Transfer-Encoding") != text.npos,
                status == 200 || (head && status == 200));
      EXPECT_EQ(text.find("Content-Length: 0\r\n") != text.npos, status == 205) << text;
      EXPECT_TRUE(client.connection->idle()) << status;
    }
  }
}

TEST_F(ConnectionStreamTest, AHeadIsToldTheLengthOfTheStream) {
  stream(1234);
  Client& client = world.connect();
  world.send(client, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(output(client), "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
  EXPECT_FALSE(kept().streaming());
  EXPECT_EQ(kept().write("x"), WriteResult::over);
  EXPECT_FALSE(kept().finish(nullptr));
  EXPECT_FALSE(kept().abort()) << "it is over";
  EXPECT_EQ(output(client), "");
  EXPECT_TRUE(client.connection->idle());
}

// A producer without an end must not keep the next request waiting for ever.
TEST_F(ConnectionStreamTest, WithoutContentTheReplyEndsWithItsHead) {
  for (int status : {200, 204, 205, 304}) {
    world.handler = [&](Exchange& exchange) {
      world.kept.emplace_back(&exchange);
      exchange.reply({.status = status, .streamed = true});
      EXPECT_FALSE(exchange.streaming()) << status;
    };
    Client& client = world.connect();
    const std::string head = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n";
    world.send(client, status == 200 ? head + head : get("/") + get("/"));
    EXPECT_EQ(world.kept.size(), 2u) << status;
    EXPECT_TRUE(client.connection->idle()) << status;
    world.kept.clear();
  }
}

// ---- Backpressure

// The kernel of a client on the same machine may take everything at once.
TEST_F(ConnectionStreamTest, APeerThatTakesEverythingIsNotServedAlone) {
  const std::string piece(100'000, 'p');
  int turns = 0;
  int pieces = 0;
  observer.drained = [&](Exchange& exchange) {
    ++turns;
    while (pieces < 100) {
      ++pieces;
      if (exchange.write(piece) == WriteResult::behind) return;
    }
    exchange.finish(nullptr);
  };
  for (bool within_the_handler : {true, false}) {
    turns = pieces = 0;
    world.handler = [&](Exchange& exchange) {
      world.kept.emplace_back(&exchange);
      exchange.set_observer(&observer);
      exchange.reply({.streamed = true});
      if (within_the_handler) observer.on_drained(exchange);
    };
    Client& client = world.connect();
    Client& other = world.connect();
    client.send(get("/"));
    while (world.kept.empty()) world.turn();
    if (!within_the_handler) observer.on_drained(kept());
    EXPECT_LT(pieces, 15) << "about a mebibyte";
    world.handler = [](Exchange& exchange) { reply_with(exchange, "other"); };
    other.send(get("/"));
    world.turn();
    EXPECT_TRUE(output(other).ends_with("other"));
    EXPECT_LT(pieces, 30);
    world.run();
    EXPECT_EQ(pieces, 100);
    EXPECT_GE(turns, 10);
    EXPECT_TRUE(output(client).ends_with("\r\n0\r\n\r\n"));
    EXPECT_TRUE(client.connection->idle());
    EXPECT_FALSE(client.wire.write_wanted);
    world.kept.clear();
  }
}

TEST_F(ConnectionStreamTest, AProducerLearnsThatThePeerIsBehind) {
  world.workspace.settings.output_high_water = 10'000;
  stream();
  Client& client = world.connect();
  world.send(client, get("/"));
  client.wire.throttle(0);
  int drained = 0;
  observer.drained = [&](Exchange&) { ++drained; };
  const std::string piece(4'000, 'p');
  EXPECT_EQ(kept().write(piece), WriteResult::sent);
  EXPECT_EQ(kept().write(piece), WriteResult::sent);
  EXPECT_EQ(kept().write(piece), WriteResult::behind);
  world.run();
  EXPECT_EQ(drained, 0);
  client.wire.room = 1'000;
  world.run();
  EXPECT_EQ(drained, 0) << "still above the mark";
  client.wire.room = 2'000;
  world.run();
  EXPECT_EQ(drained, 1);
  client.wire.refill = SIZE_MAX;
  world.run();
  EXPECT_EQ(drained, 1) << "told once for each time that it was behind";
  EXPECT_EQ(kept().write(piece), WriteResult::sent);
  kept().finish(nullptr);
  world.run();
  std::string expected = chunked_head();
  for (int i = 0; i < 4; ++i) expected += "fa0\r\n" + piece + "\r\n";
  EXPECT_EQ(output(client), expected + "0\r\n\r\n");
}

TEST_F(ConnectionStreamTest, AProducerThatWritesWhenItIsDrained) {
  world.workspace.settings.output_high_water = 10'000;
  stream();
  const std::string piece(6'000, 'p');
  int left = 50;
  auto produce = [&](Exchange& exchange) {
    while (left > 0) {
      --left;
      if (exchange.write(piece) == WriteResult::behind) return;
    }
    exchange.finish(nullptr);
  };
  observer.drained = produce;
  Client& client = world.connect();
  client.wire.throttle(777);
  world.send(client, get("/"));
  produce(kept());
  world.send(client, get("/next"));
  std::string expected = chunked_head();
  for (int i = 0; i < 50; ++i) expected += "1770\r\n" + piece + "\r\n";
  EXPECT_EQ(output(client), expected + "0\r\n\r\n" + chunked_head());
}

// ---- Failures: a reply that fails half-way must not look complete

TEST_F(ConnectionStreamTest, AnAbortedStreamEndsInAReset) {
  stream();
  Client& client = world.connect();
  world.send(client, get("/"));
  kept().write("some");
  EXPECT_TRUE(kept().abort());
  EXPECT_TRUE(client.wire.reset);
  EXPECT_TRUE(output(client).ends_with("4\r\nsome\r\n"));
}

TEST_F(ConnectionStreamTest, AStreamWhoseProducerIsSilentEndsInAReset) {
  world.workspace.settings.idle_timeout = 5s;
  stream();
  Client& client = world.connect();
  world.send(client, get("/"));
  world.pass(4s);
  kept().write("some");
  world.pass(4s);
  EXPECT_FALSE(client.wire.closed);
  world.pass(1s);
  EXPECT_TRUE(client.wire.reset);
  EXPECT_EQ(kept().failure(), Failure::timed_out);
}

TEST_F(ConnectionStreamTest, AClientThatGoesAwayEndsTheStream) {
  stream();
  Client& client = world.connect();
  world.send(client, get("/"));
  client.wire.peer_reset = true;
  EXPECT_EQ(kept().write("x"), WriteResult::over);
  EXPECT_EQ(observer.times_gone, 1);
  EXPECT_EQ(kept().write("x"), WriteResult::over);
  EXPECT_FALSE(kept().finish(nullptr));
}

TEST_F(ConnectionStreamTest, AHalfClosedClientGetsTheWholeStream) {
  stream();
  Client& client = world.connect();
  world.send(client, get("/"));
  client.wire.peer_finished = true;
  world.run();
  EXPECT_EQ(observer.times_gone, 1);
  EXPECT_EQ(kept().write("x"), WriteResult::sent);
  EXPECT_TRUE(kept().finish(nullptr));
  EXPECT_EQ(output(client), chunked_head() + "01\r\nx\r\n0\r\n\r\n")
      << "a chunk's size may begin with zeros";
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset);
}

// A zero before the next chunk makes a client that is gone, and not only silent, answer by a reset.
TEST_F(ConnectionStreamTest, AHalfClosedClientIsAskedWhetherItIsStillThere) {
  stream();
  Client& client = world.connect();
  world.send(client, get("/"));
  output(client);
  client.wire.peer_finished = true;
  world.run();
  EXPECT_EQ(output(client), "0") << "once";
  EXPECT_TRUE(kept().finish(nullptr));
  EXPECT_EQ(output(client), "0\r\n\r\n");
  EXPECT_FALSE(client.wire.reset);
}

TEST_F(ConnectionStreamTest, WithoutChunksAHalfClosedClientIsNotAsked) {
  stream(5);
  Client& client = world.connect();
  world.send(client, get("/"));
  output(client);
  client.wire.peer_finished = true;
  world.run();
  EXPECT_EQ(output(client), "");
  EXPECT_EQ(kept().write("hello"), WriteResult::sent);
  EXPECT_TRUE(kept().finish(nullptr));
  EXPECT_EQ(output(client), "hello");
}

// A request that turns out to be malformed while its reply is streamed: the reply cannot be
// finished properly.
TEST_F(ConnectionStreamTest, ABodyThatFailsUnderAStreamEndsInAReset) {
  for (int what = 0; what < 3; ++what) {
    stream();
    Client& client = world.connect();
    world.send(client, chunked_post("/", "5\r\nhe"));
    kept().collect_body();
    kept().write("some");
    if (what == 0) world.send(client, "llonot CRLF");
    if (what == 1) {
      client.wire.peer_finished = true;
      world.run();
    }
    if (what == 2) world.pass(10s);
    EXPECT_TRUE(client.wire.reset) << what;
    EXPECT_EQ(kept().write("x"), WriteResult::over);
    world.kept.clear();
  }
}

TEST_F(ConnectionStreamTest, CuttingOrStoppingUnderAStream) {
  stream();
  Client& cut = world.connect();
  world.send(cut, get("/"));
  cut.connection->cut(Failure::stopped);
  EXPECT_TRUE(cut.wire.reset);
  world.kept.clear();

  Client& stopped = world.connect();
  world.send(stopped, get("/") + get("/behind"));
  stopped.connection->close_when_done();
  EXPECT_EQ(kept().write("x"), WriteResult::sent);
  kept().finish(nullptr);
  EXPECT_EQ(output(stopped), chunked_head() + "1\r\nx\r\n0\r\n\r\n");
  EXPECT_EQ(world.requests.size(), 2u);
  expect_linger(stopped);
}

// ---- The request's body and the streamed reply

TEST_F(ConnectionStreamTest, TheBodyMayBeReadWhileTheReplyIsStreamed) {
  stream();
  Client& client = world.connect();
  const std::string request = post("/", "hello");
  world.send(client, request.substr(0, request.size() - 2));
  EXPECT_EQ(output(client), chunked_head());
  kept().collect_body();
  world.send(client, "lo");
  EXPECT_EQ(observer.bodies_complete, 1);
  kept().write(kept().body());
  kept().finish(nullptr);
  EXPECT_EQ(output(client), "5\r\nhello\r\n0\r\n\r\n");
  EXPECT_TRUE(client.connection->idle());
}

TEST_F(ConnectionStreamTest, AnUnreadBodyIsGivenUpWhenTheStreamEnds) {
  stream();
  Client& client = world.connect();
  const std::string request = post("/", "hello");
  world.send(client, request.substr(0, request.size() - 2));
  kept().finish(nullptr);
  EXPECT_EQ(kept().body_state(), Exchange::BodyState::failed);
  world.kept.clear();
  EXPECT_FALSE(client.connection->idle());
  world.send(client, "lo" + get("/next"));
  kept().finish(nullptr);
  EXPECT_EQ(output(client), chunked_head() + "0\r\n\r\n" + chunked_head() + "0\r\n\r\n");
}

TEST_F(ConnectionStreamTest, ALargeUnreadBodyUnderAStreamEndsTheConnection) {
  world.workspace.settings.max_discarded_bytes = 1'000;
  stream();
  Client& client = world.connect();
  world.send(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(output(client), chunked_head()) << "the handler may still ask for it";
  kept().finish(nullptr);
  EXPECT_EQ(output(client), "0\r\n\r\n");
  EXPECT_TRUE(client.wire.finished);
  EXPECT_FALSE(client.wire.closed);
  expect_linger(client);
}

// Clients that send a whole body before they read (many do) must not wait for a server that waits
// for them.
TEST_F(ConnectionStreamTest, ABodyThatNobodyWantsIsTakenWhileTheReplyIsStreamed) {
  world.workspace.settings.max_discarded_bytes = 1'000;
  world.workspace.settings.output_high_water = 10;
  for (bool chunked : {false, true}) {
    for (size_t size : {100u, 1'000'000u}) {
      world.handler = [this](Exchange& exchange) {
        world.kept.emplace_back(&exchange);
        exchange.set_observer(&observer);
        exchange.reply({.streamed = true, .drops_body = true});
      };
      Client& client = world.connect();
      client.wire.throttle(0);  // it does not read yet
      const std::string body(size, 'b');
      const std::string request =
          chunked ? chunked_post("/", "186a0\r\n" + std::string(100'000, 'b') + "\r\n0\r\n\r\n")
                  : post("/", body);
      world.send(client, request.substr(0, request.size() / 2));
      kept().write(std::string(100, 'r'));
      EXPECT_EQ(kept().body_state(), Exchange::BodyState::failed);
      world.send(client, request.substr(request.size() / 2));
      EXPECT_EQ(client.wire.inbound, "") << "all of it was taken";
      client.wire.room = SIZE_MAX;
      world.run();
      const bool ends = chunked || size > 1'000;
      kept().finish(nullptr);
      world.run();
      const std::string text = output(client);
      EXPECT_TRUE(text.ends_with("\r\n0\r\n\r\n")) << text;
      EXPECT_EQ(text.find("Connection: close") != text.npos, ends && !chunked) << text;
      if (ends) {
        expect_linger(client);
      } else {
        EXPECT_TRUE(client.connection->idle());
      }
      world.kept.clear();
    }
  }
}

TEST_F(ConnectionStreamTest, AClientThatStopsShortOfAnUnwantedBodyGetsItsReply) {
  world.handler = [this](Exchange& exchange) {
    world.kept.emplace_back(&exchange);
    exchange.reply({.streamed = true, .drops_body = true});
  };
  Client& client = world.connect();
  client.send(post("/", "hello").substr(0, 60));
  client.wire.peer_finished = true;
  world.run();
  kept().write("x");
  kept().finish(nullptr);
  EXPECT_EQ(output(client), chunked_head() + "01\r\nx\r\n0\r\n\r\n");
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset);
}

TEST_F(ConnectionStreamTest, NoContinueBehindAStreamedHead) {
  stream();
  Client& client = world.connect();
  world.send(client, post("/", "hello", "Expect: 100-continue\r\n").substr(0, 80));
  kept().collect_body();
  EXPECT_EQ(kept().body_state(), Exchange::BodyState::failed);
  kept().finish(nullptr);
  EXPECT_EQ(output(client), chunked_head("Connection: close\r\n") + "0\r\n\r\n");
  expect_linger(client);
}

TEST_F(ConnectionStreamTest, WholeRepliesFollowStreamedOnes) {
  Client& client = world.connect();
  world.handler = [](Exchange& exchange) {
    if (exchange.head.path() == "/whole") return reply_with(exchange, "whole");
    exchange.reply({.streamed = true});
    exchange.write("x");
    exchange.finish(nullptr);
  };
  world.send(client, get("/") + get("/whole") + get("/"));
  EXPECT_EQ(output(client), chunked_head() + "1\r\nx\r\n0\r\n\r\n" + ok("whole") + chunked_head() +
                                "1\r\nx\r\n0\r\n\r\n");
}

TEST_F(ConnectionStreamTest, TheHeadStaysReadableWhileItStreams) {
  stream();
  Client& client = world.connect();
  world.send(client, get("/a?b"));
  Client& other = world.connect();
  world.send(other, std::string(1000, 'z'));
  EXPECT_EQ(kept().head.target(), "/a?b");
}

}  // namespace
}  // namespace bao::http1
