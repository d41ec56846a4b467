#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "http1/connection_fixture.h"

// Request bodies that are read piece by piece, only as fast as somebody takes them.
namespace bao::http1 {
namespace {

using namespace std::chrono_literals;
using http::Failure;
using testing::reply_with;
using BodyState = http::Exchange::BodyState;

// Takes what comes when it is told to; the test says when.
class PieceReader final : public http::BodyReader {
 public:
  std::function<void(http::Exchange&)> react;
  std::string taken;
  int told = 0;

  void on_body(http::Exchange& exchange) override {
    ++told;
    if (react) react(exchange);
  }
  void take(http::Exchange& exchange) { taken += exchange.take_body_piece(); }
};

class ConnectionBodyPiecesTest : public testing::ConnectionTest {
 protected:
  // The handler asks for the pieces and keeps the exchange.
  void read_pieces() {
    world.handler = [this](Exchange& exchange) {
      world.kept.emplace_back(&exchange);
      exchange.stream_body(reader);
    };
  }
  Exchange& kept() { return *world.kept.front(); }

  // The head of a request and so many bytes of its body.
  static std::string begin(const std::string& request, size_t bytes) {
    return request.substr(0, request.find("\r\n\r\n") + 4 + bytes);
  }

  PieceReader reader;
};

TEST_F(ConnectionBodyPiecesTest, PiecesAreToldOfAsTheyArrive) {
  read_pieces();
  reader.react = [this](Exchange& exchange) { reader.take(exchange); };
  Client& client = world.connect();
  world.send(client, begin(post("/", "0123456789"), 2));
  EXPECT_EQ(reader.taken, "01");
  world.send(client, "234567");
  EXPECT_EQ(reader.taken, "01234567");
  EXPECT_EQ(kept().body_state(), BodyState::collecting);
  world.send(client, "89");
  EXPECT_EQ(reader.taken, "0123456789");
  EXPECT_EQ(kept().body_state(), BodyState::complete);
  reply_to_first("done");
  EXPECT_EQ(output(client), ok("done"));
  EXPECT_TRUE(client.connection->idle());
}

TEST_F(ConnectionBodyPiecesTest, AWholeBodyThatIsHereIsToldOfAtOnce) {
  world.handler = [this](Exchange& exchange) {
    exchange.stream_body(reader);
    EXPECT_EQ(exchange.body_state(), BodyState::complete);
    reply_with(exchange, exchange.take_body_piece());
    exchange.drop_body();
  };
  Client& client = world.connect();
  world.send(client,
             post("/", "hello") + chunked_post("/", "1\r\nx\r\n2\r\nyz\r\n0\r\n\r\n") + get("/"));
  EXPECT_EQ(output(client), ok("hello") + ok("xyz") + ok(""));
}

TEST_F(ConnectionBodyPiecesTest, NoMoreIsReadThanSomebodyTakes) {
  read_pieces();
  Client& client = world.connect();
  const std::string body(3'000'000, 'b');
  world.send(client, post("/", body) + get("/next"));
  const size_t most = Exchange::kBodyWindow + 64 * 1024;
  EXPECT_GE(kept().body().size(), Exchange::kBodyWindow);
  EXPECT_LE(kept().body().size(), most);
  const size_t reads = client.wire.reads;
  world.run();
  EXPECT_EQ(client.wire.reads, reads) << "the client waits";
  EXPECT_FALSE(client.wire.read_wanted);
  for (int takes = 0; kept().body_state() == BodyState::collecting; ++takes) {
    ASSERT_LT(takes, 1000);
    reader.take(kept());
    EXPECT_LE(kept().body().size(), most);
    world.run();
  }
  reader.take(kept());
  EXPECT_EQ(reader.taken.size(), body.size());
  reply_to_first("a");
  reply_to_first("b");
  EXPECT_EQ(output(client), ok("a") + ok("b"));
}

TEST_F(ConnectionBodyPiecesTest, ThePeersSilenceIsToldFromTheReaders) {
  read_pieces();
  Client& slow_peer = world.connect();
  world.send(slow_peer, begin(post("/", "0123456789"), 2));
  world.pass(world.workspace.settings.idle_timeout + 1s);
  EXPECT_EQ(kept().failure(), Failure::timed_out);
  expect_refusal(slow_peer, 408);
  world.kept.clear();

  Client& slow_reader = world.connect();
  world.send(slow_reader, post("/", std::string(1'000'000, 'x')));
  world.pass(world.workspace.settings.idle_timeout + 1s);
  EXPECT_EQ(kept().body_state(), BodyState::failed);
  EXPECT_EQ(kept().failure(), Failure::timed_out);
  EXPECT_EQ(output(slow_reader), "") << "it was not the client who was late";
  EXPECT_TRUE(slow_reader.wire.closed);
}

TEST_F(ConnectionBodyPiecesTest, TheLimitCountsWhatWasTaken) {
  world.workspace.settings.max_body_bytes = 100;
  read_pieces();
  reader.react = [this](Exchange& exchange) {
    if (exchange.body_state() == BodyState::collecting) reader.take(exchange);
  };
  Client& client = world.connect();
  world.send(client, chunked_post("/", ""));
  for (int i = 0; i < 10; ++i) world.send(client, "A\r\n0123456789\r\n");
  EXPECT_EQ(reader.taken.size(), 100u);
  world.send(client, "1\r\nx\r\n");
  EXPECT_EQ(kept().failure(), Failure::body_too_large);
  expect_refusal(client, 413);
}

TEST_F(ConnectionBodyPiecesTest, AViolationOfTheCodingIsTold) {
  read_pieces();
  Client& client = world.connect();
  world.send(client, chunked_post("/", "1\r\nx\r\n"));
  world.send(client, "no size");
  EXPECT_EQ(kept().body_state(), BodyState::failed);
  EXPECT_EQ(kept().failure(), Failure::malformed_body);
  EXPECT_EQ(reader.told, 2);
  expect_refusal(client, 400);
}

TEST_F(ConnectionBodyPiecesTest, AClientThatGoesAwayIsTold) {
  read_pieces();
  Client& client = world.connect();
  world.send(client, begin(post("/", "hello"), 2));
  client.wire.peer_reset = true;
  world.run();
  EXPECT_EQ(kept().failure(), Failure::client_gone);
  EXPECT_EQ(reader.told, 2);
}

TEST_F(ConnectionBodyPiecesTest, AnEndInsideOfTheBodyIsTold) {
  read_pieces();
  Client& client = world.connect();
  world.send(client, begin(post("/", "hello"), 2));
  client.wire.peer_finished = true;
  world.run();
  EXPECT_EQ(kept().failure(), Failure::client_gone);
  EXPECT_EQ(kept().body_state(), BodyState::failed);
}

TEST_F(ConnectionBodyPiecesTest, ContinueIsSentWhenPiecesAreWanted) {
  read_pieces();
  Client& client = world.connect();
  const std::string request = post("/", "hello", "Expect: 100-continue\r\n");
  world.send(client, request.substr(0, request.size() - 5));
  EXPECT_EQ(output(client), "HTTP/1.1 100 Continue\r\n\r\n");
  world.send(client, "hello");
  reader.take(kept());
  EXPECT_EQ(reader.taken, "hello");
}

// ---- Replies before the end

TEST_F(ConnectionBodyPiecesTest, AReplyFromWithinAPieceGivesUpTheRest) {
  world.handler = [this](Exchange& exchange) { exchange.stream_body(reader); };
  reader.react = [this](Exchange& exchange) {
    if (exchange.body_state() == BodyState::failed) return exchange.drop_body();
    reader.take(exchange);
    if (exchange.open()) reply_with(exchange, "enough");
  };
  Client& client = world.connect();
  world.send(client, begin(post("/", "hello"), 2));
  EXPECT_EQ(output(client), ok("enough"));
  EXPECT_EQ(reader.told, 2) << "the piece, and that no more will come";
  world.send(client, "llo" + get("/next").substr(0, 3));
  EXPECT_EQ(output(client), "");
  world.handler = [](Exchange& exchange) { reply_with(exchange, "next"); };
  world.send(client, get("/next").substr(3));
  EXPECT_EQ(output(client), ok("next")) << "the rest of the body was thrown away";
}

TEST_F(ConnectionBodyPiecesTest, AReplyWhileTheReaderIsFullGivesUpTheRest) {
  read_pieces();
  Client& client = world.connect();
  world.send(client, post("/", std::string(200'000, 'x')) + get("/next"));
  EXPECT_TRUE(kept().body_full());
  reply_to_first("enough");
  world.run();
  reply_to_first("next");
  EXPECT_EQ(output(client), ok("enough") + ok("next"));
}

TEST_F(ConnectionBodyPiecesTest, AReaderMayAbortFromWithinAPiece) {
  read_pieces();
  reader.react = [](Exchange& exchange) { exchange.abort(); };
  Client& client = world.connect();
  world.send(client, begin(post("/", "hello"), 2));
  EXPECT_TRUE(client.wire.closed);
  EXPECT_TRUE(client.wire.reset);
}

// ---- Both ways at once

TEST_F(ConnectionBodyPiecesTest, AStreamedReplyAndTheBodyGoOnSideBySide) {
  world.handler = [this](Exchange& exchange) {
    exchange.stream_body(reader);
    exchange.reply({.streamed = true, .drops_body = true});
  };
  reader.react = [](Exchange& exchange) {
    const std::string piece = exchange.take_body_piece();
    if (!piece.empty()) exchange.write(piece);
    if (exchange.body_state() == BodyState::complete) exchange.finish(nullptr);
  };
  Client& client = world.connect();
  world.send(client, begin(post("/", "abcd"), 0));
  world.send(client, "ab");
  world.send(client, "cd" + get("/"));
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(output(client).substr(0, 200), head + "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n" + head);
}

// What the client does not take is not read from it either, and all of it arrives.
TEST_F(ConnectionBodyPiecesTest, AnEchoIsBoundedByBothSides) {
  bool behind = false;
  const auto pump = [&](Exchange& exchange) {
    while (!behind) {
      const std::string piece = exchange.take_body_piece();
      if (piece.empty()) {
        if (exchange.body_state() == BodyState::complete) exchange.finish(nullptr);
        return;
      }
      behind = exchange.write(piece) == Exchange::WriteResult::behind;
    }
  };
  world.handler = [&](Exchange& exchange) {
    exchange.set_observer(&observer);
    exchange.reply({.streamed = true, .length = exchange.head.content_length});
    exchange.stream_body(reader);
    pump(exchange);
  };
  reader.react = pump;
  observer.drained = [&](Exchange& exchange) {
    behind = false;
    pump(exchange);
  };
  Client& client = world.connect();
  client.wire.room = client.wire.refill = 0;
  std::string body;
  for (int i = 0; i < 400'000; ++i) body += std::to_string(i);
  world.send(client, post("/", body));
  EXPECT_GT(client.wire.inbound.size(), body.size() / 2) << "the rest waits in the kernel";
  client.wire.throttle(10'000);
  world.run();
  EXPECT_EQ(output(client), ok(body));
  EXPECT_TRUE(client.connection->idle());
}

TEST_F(ConnectionBodyPiecesTest, ABodyThatNobodyReadsAnyMoreIsThrownAwayBesideTheReply) {
  read_pieces();
  world.workspace.settings.max_discarded_bytes = 10 << 20;
  Client& client = world.connect();
  world.send(client, post("/", std::string(1'000'000, 'x')));
  kept().reply({.streamed = true, .drops_body = true});
  world.run();
  EXPECT_GT(client.wire.inbound.size(), 0u) << "the reader may still want it";
  kept().drop_body();
  world.run();
  EXPECT_EQ(client.wire.inbound.size(), 0u);
  kept().write("x");
  kept().finish(nullptr);
  EXPECT_NE(output(client).find("1\r\nx\r\n0\r\n\r\n"), std::string::npos);
  EXPECT_TRUE(client.connection->idle());
}

// A client that sends everything before it reads would wait for ever otherwise.
TEST_F(ConnectionBodyPiecesTest, ABodyWhoseReaderIsGoneIsThrownAwayWhenAStreamBegins) {
  read_pieces();
  world.workspace.settings.max_discarded_bytes = 10 << 20;
  Client& client = world.connect();
  world.send(client, post("/", std::string(1'000'000, 'x')));
  kept().drop_body();
  world.run();
  EXPECT_GT(client.wire.inbound.size(), 0u) << "the reply decides";
  kept().reply({.streamed = true, .drops_body = true});
  world.run();
  EXPECT_EQ(client.wire.inbound.size(), 0u);
  kept().finish(nullptr);
  EXPECT_TRUE(client.connection->idle());
}

}  // namespace
}  // namespace bao::http1
