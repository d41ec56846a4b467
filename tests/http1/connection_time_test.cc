#include <gtest/gtest.h>
#include <string>

#include "http1/connection_fixture.h"

// What time does to a connection: idle, head and linger timeouts.
namespace bao::http1 {
namespace {

using namespace std::chrono_literals;
using http::Failure;
using testing::reply_with;

class ConnectionTimeTest : public testing::ConnectionTest {
 protected:
  ConnectionSettings& settings = world.workspace.settings;
};

// ---- Fresh connections

TEST_F(ConnectionTimeTest, AFreshConnectionThatSaysNothingIsClosedSilently) {
  settings.head_timeout = 3s;
  settings.idle_timeout = 10s;
  Client& client = world.connect();
  world.pass(2999ms);
  EXPECT_FALSE(client.wire.closed);
  world.pass(1ms);
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset);
  EXPECT_EQ(client.wire.outbound, "");
}

TEST_F(ConnectionTimeTest, AFreshConnectionIsIdleToo) {
  settings.head_timeout = 0s;
  settings.idle_timeout = 5s;
  Client& client = world.connect();
  world.pass(4999ms);
  EXPECT_FALSE(client.wire.closed);
  world.pass(1ms);
  EXPECT_TRUE(client.wire.closed);
}

TEST_F(ConnectionTimeTest, WaitingForOtherHandlersIsNotIdling) {
  settings.idle_timeout = 5s;
  Client& client = world.connect();
  reply_later();
  world.send(client, get("/"));
  world.pass(4s);
  world.kept.front()->stream()->has_waited();
  world.pass(4999ms);
  EXPECT_FALSE(client.wire.closed);
  world.pass(1ms);
  EXPECT_TRUE(client.wire.closed);
}

// ---- Heads: RFC 9110 section 15.5.9

TEST_F(ConnectionTimeTest, APartialHeadIsAnsweredWith408) {
  settings.head_timeout = 5s;
  Client& client = world.connect();
  world.pass(1s);
  world.send(client, "GET / HTTP/1.1\r\nHost");
  world.pass(4999ms);
  EXPECT_EQ(client.wire.outbound, "") << "the time runs from the head's first byte";
  world.pass(1ms);
  expect_refusal(client, 408);
  EXPECT_TRUE(world.requests.empty());
}

// Empty lines before a request are skipped, but they buy no time, in whatever pieces they come.
TEST_F(ConnectionTimeTest, EmptyLinesOnAFreshConnectionBuyNoTime) {
  settings.head_timeout = 5s;
  settings.idle_timeout = 100s;
  for (std::string_view pieces : {"\r", "\r\n"}) {
    Client& client = world.connect();
    for (int i = 0; i < 10 && !client.wire.closed; ++i) {
      world.pass(500ms);
      world.send(client, pieces);
      world.pass(499ms);
      if (pieces == "\r" && !client.wire.closed) world.send(client, "\n");
    }
    EXPECT_TRUE(client.wire.closed || client.wire.finished);
    EXPECT_TRUE(world.requests.empty());
  }
}

TEST_F(ConnectionTimeTest, AHeadThatDripsInIsLateNonetheless) {
  settings.head_timeout = 5s;
  settings.idle_timeout = 4s;
  Client& client = world.connect();
  for (int i = 0; i < 4; ++i) {
    world.send(client, "G");
    world.pass(1s);
  }
  EXPECT_EQ(client.wire.outbound, "");
  world.send(client, "E");
  world.pass(1s);
  expect_refusal(client, 408);
}

TEST_F(ConnectionTimeTest, AHeadThatStopsIsLateWhenTheIdleTimeEnds) {
  settings.head_timeout = 10s;
  settings.idle_timeout = 2s;
  Client& client = world.connect();
  world.send(client, "G");
  world.pass(2s);
  expect_refusal(client, 408);
}

TEST_F(ConnectionTimeTest, TheSecondHeadHasItsOwnTime) {
  settings.head_timeout = 5s;
  Client& client = world.connect();
  world.send(client, get("/"));
  world.pass(9s);
  EXPECT_FALSE(client.wire.closed) << "between requests only the idle time runs";
  world.send(client, "G");
  world.pass(4999ms);
  EXPECT_FALSE(client.wire.finished);
  world.pass(1ms);
  EXPECT_EQ(output(client).substr(0, ok("/").size()), ok("/"));
  expect_linger(client);
}

TEST_F(ConnectionTimeTest, A408ForHeadHasNoBody) {
  Client& client = world.connect();
  world.send(client, "HEAD / HTTP/1.1\r\nHo");
  world.pass(10s);
  expect_refusal(client, 408, true);
}

TEST_F(ConnectionTimeTest, TimeoutsOfZeroAreNone) {
  settings.head_timeout = settings.idle_timeout = 0s;
  Client& client = world.connect();
  world.pass(1000h);
  world.send(client, "G");
  world.pass(1000h);
  world.send(client, "ET / HTTP/1.1\r\nHost: h\r\n\r\n");
  world.pass(1000h);
  EXPECT_EQ(output(client), ok("/"));
  EXPECT_FALSE(client.wire.closed);
  EXPECT_TRUE(world.timers.empty());
}

TEST_F(ConnectionTimeTest, TimesThatNoClockHoldsAreForEver) {
  settings.head_timeout = settings.idle_timeout = std::chrono::milliseconds::max();
  Client& client = world.connect();
  world.send(client, "G");
  world.pass(1000h);
  EXPECT_FALSE(client.wire.closed);
}

// ---- Idle

TEST_F(ConnectionTimeTest, AnIdleConnectionIsClosedSilently) {
  settings.idle_timeout = 7s;
  Client& client = world.connect();
  world.send(client, get("/"));
  world.pass(6s);
  world.send(client, get("/"));
  world.pass(6999ms);
  EXPECT_FALSE(client.wire.closed);
  world.pass(1ms);
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset);
  EXPECT_EQ(output(client), ok("/") + ok("/"));
}

TEST_F(ConnectionTimeTest, TheIdleTimeRunsFromTheLastByteThatLeft) {
  settings.idle_timeout = 7s;
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/"));
  world.pass(6s);
  reply_to_first("late");
  world.pass(6s);
  EXPECT_FALSE(client.wire.closed);
  world.pass(1s);
  EXPECT_TRUE(client.wire.closed);
}

TEST_F(ConnectionTimeTest, TheFirstBytesOfALargeReplyAreASignOfLifeToo) {
  settings.idle_timeout = 7s;
  reply_later();
  Client& client = world.connect();
  client.wire.room = 1'000;
  client.wire.refill = 0;
  world.send(client, get("/"));
  world.pass(6s);
  reply_to_first(std::string(1'000'000, 'L'));
  world.pass(6999ms);
  EXPECT_FALSE(client.wire.closed);
  world.pass(1ms);
  EXPECT_TRUE(client.wire.reset);
}

TEST_F(ConnectionTimeTest, ASilentHandlerIsCutOff) {
  settings.idle_timeout = 7s;
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/"));
  world.kept.front()->set_observer(&observer);
  world.pass(6999ms);
  EXPECT_TRUE(world.kept.front()->open());
  world.pass(1ms);
  EXPECT_TRUE(client.wire.closed);
  EXPECT_EQ(client.wire.outbound, "");
  EXPECT_EQ(world.kept.front()->failure(), Failure::timed_out);
  EXPECT_EQ(observer.times_gone, 1);
  EXPECT_FALSE(world.kept.front()->reply({}));
}

TEST_F(ConnectionTimeTest, AnExchangeMayHaveItsOwnIdleTime) {
  settings.idle_timeout = 7s;
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/slow"));
  world.pass(5s);
  world.kept.front()->stream()->set_idle_timeout(60s);
  world.pass(59s);
  EXPECT_FALSE(client.wire.closed);
  reply_to_first("done");
  EXPECT_EQ(output(client), ok("done"));
  world.pass(6999ms);
  EXPECT_FALSE(client.wire.closed);
  world.pass(1ms);
  EXPECT_TRUE(client.wire.closed) << "the next request has the ordinary time";
}

TEST_F(ConnectionTimeTest, AnExchangesOwnTimeMayBeShorterOrNone) {
  settings.idle_timeout = 7s;
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/"));
  world.kept.front()->stream()->set_idle_timeout(0s);
  world.pass(1000s);
  EXPECT_FALSE(client.wire.closed);
  world.kept.front()->stream()->set_idle_timeout(1s);
  world.pass(999ms);
  EXPECT_FALSE(client.wire.closed);
  world.pass(1ms);
  EXPECT_TRUE(client.wire.closed);
}

// ---- Bodies

TEST_F(ConnectionTimeTest, ABodyThatStopsIsAnsweredWith408) {
  settings.idle_timeout = 7s;
  echo_bodies();
  Client& client = world.connect();
  const std::string request = post("/", "hello");
  world.send(client, request.substr(0, request.size() - 2));
  world.pass(6s);
  world.send(client, "l");
  world.pass(6999ms);
  EXPECT_FALSE(client.wire.finished);
  world.pass(1ms);
  EXPECT_EQ(world.kept.front()->failure(), Failure::timed_out);
  expect_refusal(client, 408);
}

TEST_F(ConnectionTimeTest, AnUnwantedBodyThatStopsEndsTheConnectionWithoutASecondReply) {
  settings.idle_timeout = 7s;
  Client& client = world.connect();
  const std::string request = post("/x", "hello");
  world.send(client, request.substr(0, request.size() - 2));
  EXPECT_EQ(output(client), ok("/x"));
  world.pass(7s);
  EXPECT_EQ(output(client), "");
  expect_linger(client);
}

TEST_F(ConnectionTimeTest, ABodyThatNobodyAskedForIsNotTheClientsFault) {
  settings.idle_timeout = 7s;
  reply_later();
  Client& client = world.connect();
  const std::string request = post("/x", "hello");
  world.send(client, request.substr(0, request.size() - 2));
  world.pass(7s);
  EXPECT_TRUE(client.wire.closed);
  EXPECT_EQ(client.wire.outbound, "") << "no 408: the handler was silent";
}

// ---- Slow readers

TEST_F(ConnectionTimeTest, AClientThatDoesNotReadIsReset) {
  settings.idle_timeout = 7s;
  const std::string large(1'000'000, 'L');
  world.handler = [&](Exchange& exchange) { reply_with(exchange, large); };
  Client& client = world.connect();
  client.wire.room = 1000;
  client.wire.refill = 0;
  world.send(client, get("/"));
  world.pass(6s);
  client.wire.room = 1000;
  world.run();
  world.pass(6999ms);
  EXPECT_FALSE(client.wire.closed) << "what leaves is a sign of life";
  world.pass(1ms);
  EXPECT_TRUE(client.wire.reset) << "a cut reply must not look complete";
}

TEST_F(ConnectionTimeTest, AClientThatReadsSlowlyGetsEverything) {
  settings.idle_timeout = 2s;
  settings.head_timeout = 2s;
  const std::string large(100'000, 'L');
  world.handler = [&](Exchange& exchange) { reply_with(exchange, large); };
  Client& client = world.connect();
  client.wire.throttle(0);
  world.send(client, get("/"));
  while (client.connection != nullptr && !client.connection->idle()) {
    client.wire.room = 1000;
    world.run();
    world.pass(1s);
  }
  ASSERT_FALSE(client.wire.closed);
  EXPECT_EQ(output(client), ok(large));
}

// All of a burst may have found room in the kernel, which asks for more when much of it has left:
// in between a peer that reads steadily is not idle, and one that does not is.
TEST_F(ConnectionTimeTest, AStreamIsReadSlowlyOutOfTheKernel) {
  settings.idle_timeout = 5s;
  for (const bool reads : {true, false}) {
    Client& client = world.connect();
    world.handler = [&](Exchange& exchange) {
      world.kept.emplace_back(&exchange);
      exchange.reply({.streamed = true});
      while (exchange.write(std::string(100'000, 's')) == Exchange::WriteResult::sent) {
      }
      client.wire.room = client.wire.refill = 0;
    };
    world.send(client, get("/"));
    client.wire.untaken = client.wire.outbound.size();
    for (int i = 0; i < 20; ++i) {
      if (reads) *client.wire.untaken -= 1000;
      world.pass(1s);
    }
    EXPECT_EQ(client.wire.closed, !reads);
    EXPECT_EQ(client.wire.reset, !reads);
    world.kept.clear();
  }
}

// The head's time does not run while the server itself does not read because its output is blocked.
TEST_F(ConnectionTimeTest, AHeadBehindABlockedReplyIsNotLate) {
  settings.head_timeout = 3s;
  settings.idle_timeout = 100s;
  settings.output_high_water = 1000;
  // Small enough to leave in one write with what a turn gathers, so that the head is begun before
  // it blocks.
  const std::string body(10'000, 'b');
  world.handler = [&](Exchange& exchange) { reply_with(exchange, body); };
  Client& client = world.connect();
  client.wire.throttle(0);
  const std::string second = get("/second");
  world.send(client, get("/first") + second.substr(0, 10));
  EXPECT_FALSE(client.wire.read_wanted);
  for (int i = 0; i < 5; ++i) {
    client.wire.room = 1'500;
    world.run();
    world.pass(2s);
  }
  EXPECT_FALSE(client.wire.closed);
  client.wire.room = client.wire.refill = SIZE_MAX;
  world.run();
  world.pass(2999ms);
  EXPECT_FALSE(client.wire.closed) << "it has its whole time once it is read again";
  world.send(client, second.substr(10));
  EXPECT_EQ(output(client), ok(body) + ok(body));
}

// A slow reader that is late with its next head gets the rest of its reply, then a 408.
TEST_F(ConnectionTimeTest, AHeadThatIsLateBehindASlowReplyIs408) {
  settings.head_timeout = 3s;
  settings.idle_timeout = 100s;
  const std::string large(100'000, 'L');
  world.handler = [&](Exchange& exchange) { reply_with(exchange, large); };
  Client& client = world.connect();
  client.wire.throttle(0);
  world.send(client, get("/first") + "GET");
  EXPECT_TRUE(client.wire.read_wanted);
  world.pass(3s);
  EXPECT_FALSE(client.wire.closed);
  client.wire.room = client.wire.refill = SIZE_MAX;
  world.run();
  const std::string all = output(client);
  EXPECT_EQ(all.substr(0, ok(large).size()), ok(large));
  EXPECT_TRUE(all.substr(ok(large).size()).starts_with("HTTP/1.1 408 "));
  expect_linger(client);
}

TEST_F(ConnectionTimeTest, ARefusalThatTheClientDoesNotTakeEndsInAReset) {
  settings.head_timeout = 3s;
  settings.idle_timeout = 5s;
  Client& client = world.connect();
  client.wire.throttle(0);
  world.send(client, "nonsense\r\n");
  world.pass(4999ms);
  EXPECT_FALSE(client.wire.closed);
  world.pass(1ms);
  EXPECT_TRUE(client.wire.reset);
}

// ---- Lingering: RFC 9112 section 9.6

// ---- A program that was held up

// Timers may be looked at before the bytes that arrived meanwhile: after a stop of the process, or
// behind a handler that took its time.
TEST_F(ConnectionTimeTest, WhatArrivedInTimeIsNotLate) {
  settings.idle_timeout = 10s;
  Client& idle = world.connect();
  world.send(idle, get("/"));
  output(idle);
  Client& body = world.connect();
  echo_bodies();
  const std::string request = post("/", "hello");
  world.send(body, request.substr(0, request.size() - 1));
  idle.send(get("/late"));
  body.send("o");
  world.pass(11s);
  EXPECT_TRUE(output(idle).ends_with("\r\n\r\n"));
  EXPECT_TRUE(output(body).ends_with("hello"));
  EXPECT_FALSE(idle.wire.closed || body.wire.closed);
  world.pass(10s);
  EXPECT_TRUE(idle.wire.closed && body.wire.closed) << "but silence is";
}

TEST_F(ConnectionTimeTest, AHeadThatIsLateIsLateWhateverArrivesWithTheTimer) {
  settings.head_timeout = 5s;
  Client& client = world.connect();
  world.send(client, "GET / HT");
  client.send("TP");
  world.pass(5s);
  world.pass(1ms);
  expect_refusal(client, 408);
}

TEST_F(ConnectionTimeTest, LingeringEndsAfterItsTime) {
  settings.linger_timeout = 2s;
  Client& client = world.connect();
  world.send(client, "nonsense\r\n");
  EXPECT_TRUE(client.wire.finished);
  EXPECT_FALSE(client.connection->idle());
  world.pass(1s);
  world.send(client, "more");
  EXPECT_TRUE(client.wire.inbound.empty());
  world.pass(999ms);
  EXPECT_FALSE(client.wire.closed);
  world.pass(1ms);
  EXPECT_TRUE(client.wire.closed);
}

// Both are due in the same turn of the clock, and the end of one ends the other.
TEST_F(ConnectionTimeTest, AConnectionThatIsCutByAnothersTimeoutIsNotTimedOutAsWell) {
  reply_later();
  Client& first = world.connect();
  Client& second = world.connect();
  world.send(first, get("/a"));
  world.send(second, get("/b"));
  observer.gone = [&](Exchange&) {
    for (Client* client : {&first, &second}) client->connection->cut(Failure::stopped);
  };
  for (auto& exchange : world.kept) exchange->set_observer(&observer);
  world.pass(10s);
  EXPECT_TRUE(first.wire.closed && second.wire.closed);
  EXPECT_EQ(observer.times_gone, 2);
}

TEST_F(ConnectionTimeTest, ManyConnectionsAtOnce) {
  settings.idle_timeout = 10s;
  for (int i = 0; i < 20; ++i) {
    world.send(world.connect(), get("/"));
    world.pass(1s);
  }
  size_t open = 0;
  for (auto& client : world.clients) open += client->wire.closed ? 0 : 1;
  EXPECT_EQ(open, 9u);
}

}  // namespace
}  // namespace bao::http1
