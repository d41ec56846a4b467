#include <chrono>
#include <coroutine>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"
#include "api/stopped.h"

// Writer::stop_token: how a producer that waits for something else than its client learns that the
// client has gone.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::Served;
using testing::Stopped;
using testing::turn_for;
using testing::turn_until;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

Options streaming(Producer produce) {
  Options options;
  options.fetch = [produce] { return Response::stream(produce); };
  return options;
}

/// Every way in which a stream may lose its client.
const std::vector<std::function<void(RawClient&, Server&)>> kEnds{
    [](RawClient& client, Server&) { client.reset(); },
    [](RawClient& client, Server&) { client.close(); },
    [](RawClient&, Server& server) { server.stop(true); },
};

TEST(StreamStop, ComesWhenTheClientHasGone) {
  for (const auto& end : kEnds) {
    bool begun = false, stopped = false;
    Served served(streaming([&](Writer& out) -> Task<> {
      const std::stop_token token = out.stop_token();
      EXPECT_TRUE(token.stop_possible());
      EXPECT_FALSE(token.stop_requested());
      begun = true;
      while (!token.stop_requested()) co_await sleep(1ms);
      stopped = true;
    }));
    RawClient client = served.connect();
    client.send(kGet);
    ASSERT_TRUE(turn_until([&] { return begun; }));
    turn_for(5ms);
    EXPECT_FALSE(stopped);
    end(client, served.server);
    EXPECT_TRUE(turn_until([&] { return stopped; }));
  }
}

// The producer ends, and all that it owned, in the middle of the request to stop: also a second
// callback, to which the request would have come next.
TEST(StreamStop, MayResumeTheProducer) {
  for (const auto& end : kEnds) {
    for (bool second : {false, true}) {
      bool begun = false, ended = false;
      Served served(streaming([&](Writer& out) -> Task<> {
        std::optional<std::stop_callback<void (*)()>> other;
        if (second) other.emplace(out.stop_token(), [] {});
        begun = true;
        co_await Stopped(out.stop_token());
        ended = true;
      }));
      RawClient client = served.connect();
      client.send(kGet);
      ASSERT_TRUE(turn_until([&] { return begun; }));
      end(client, served.server);
      EXPECT_TRUE(turn_until([&] { return ended; }));
    }
  }
}

// RFC 9112 section 9.6: it may be waiting for the rest.
TEST(StreamStop, ComesAtAHalfCloseAndLeavesTheStreamOpen) {
  Served served(streaming([](Writer& out) -> Task<> {
    co_await Stopped(out.stop_token());
    EXPECT_FALSE(out.client_gone());
    co_await out.write("good bye");
  }));
  RawClient client = served.connect();
  client.send(kGet);
  client.finish_writing();
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  EXPECT_TRUE(client.received().ends_with("8\r\ngood bye\r\n0\r\n\r\n"));
}

TEST(StreamStop, WasThereBeforeTheTokenWasAskedFor) {
  bool begun = false, asked = false;
  Served served(streaming([&](Writer& out) -> Task<> {
    begun = true;
    while (!out.client_gone()) co_await sleep(1ms);
    asked = out.stop_token().stop_requested();
  }));
  RawClient client = served.connect();
  client.send(kGet);
  ASSERT_TRUE(turn_until([&] { return begun; }));
  client.reset();
  EXPECT_TRUE(turn_until([&] { return asked; }));
}

// Whoever is told by an exception finds the token stopped, too.
TEST(StreamStop, ComesBeforeAWriteThatWaitsThrows) {
  bool waits = false, gone = false, stopped = false;
  Served served(streaming([&](Writer& out) -> Task<> {
    const std::stop_token token = out.stop_token();
    const std::string piece(1 << 20, 'x');
    waits = true;
    try {
      for (;;) co_await out.write(piece);
    } catch (const ClientGone&) {
      gone = true;
      stopped = token.stop_requested();
    }
  }));
  RawClient client = served.connect();
  client.send(kGet);
  ASSERT_TRUE(turn_until([&] { return waits; }));
  turn_for(50ms);
  EXPECT_FALSE(gone);
  client.reset();
  EXPECT_TRUE(turn_until([&] { return gone; }));
  EXPECT_TRUE(stopped);
}

TEST(StreamStop, DoesNotComeWhenTheProducerEnds) {
  std::optional<std::stop_token> token;
  Served served(streaming([&](Writer& out) -> Task<> {
    token = out.stop_token();
    co_await out.write("x");
  }));
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_TRUE(client.wait_for("0\r\n\r\n"));
  client.reset();
  turn_for(5ms);
  EXPECT_FALSE(token->stop_requested());
  EXPECT_FALSE(token->stop_possible()) << "nobody is left who could";
}

TEST(StreamStop, TheTokenMayOutliveItsLoop) {
  std::optional<std::stop_token> token;
  testing::on_own_loop([&] {
    Options options = streaming([&](Writer& out) -> Task<> {
      token = out.stop_token();
      co_await sleep(1h);
    });
    options.port = 0;
    options.hostname = "127.0.0.1";
    Server server = serve(std::move(options));
    RawClient client = RawClient::tcp(*server.port(), Served::turn);
    client.send(kGet);
    EXPECT_TRUE(turn_until([&] { return token.has_value(); }));
  });
  EXPECT_FALSE(token->stop_possible() && !token->stop_requested());
}

}  // namespace
}  // namespace bao
