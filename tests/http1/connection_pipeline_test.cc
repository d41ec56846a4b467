#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "http1/connection_fixture.h"

// Requests one behind the other on one connection: RFC 9112 section 9.3.2.
namespace bao::http1 {
namespace {

using namespace std::chrono_literals;
using testing::reply_with;

class ConnectionPipelineTest : public testing::ConnectionTest {};

TEST_F(ConnectionPipelineTest, ARequestIsAnswered) {
  Client& client = world.connect();
  EXPECT_TRUE(client.connection->idle());
  world.send(client, get("/a"));
  EXPECT_EQ(
      client.take(),
      "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\n/a");
  EXPECT_TRUE(client.connection->idle());
  world.send(client, get("/b"));
  EXPECT_EQ(output(client), ok("/b"));
  EXPECT_EQ(world.requests, (std::vector<std::string>{"GET /a", "GET /b"}));
}

TEST_F(ConnectionPipelineTest, RepliesOfOneReadLeaveInOneWriteAndInOrder) {
  Client& client = world.connect();
  std::string requests, replies;
  for (int i = 0; i < 50; ++i) {
    requests += get("/" + std::to_string(i));
    replies += ok("/" + std::to_string(i));
  }
  world.send(client, requests);
  EXPECT_EQ(client.wire.writes.size(), 1u);
  EXPECT_EQ(output(client), replies);
  EXPECT_EQ(world.pool.made(), 1u) << "one exchange after the other, out of the pool";
}

TEST_F(ConnectionPipelineTest, OnlyARequestThatStandsAloneMayWait) {
  std::string may_wait;
  world.handler = [&](Exchange& exchange) {
    may_wait += exchange.stream()->may_wait() ? 'y' : 'n';
    reply_with(exchange, "ok");
  };
  Client& client = world.connect();
  world.send(client, get("/alone"));
  EXPECT_EQ(may_wait, "y");
  // The replies of a pipeline leave in one write.
  world.send(client, get("/first") + get("/last"));
  EXPECT_EQ(may_wait, "ynn");
  world.send(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(may_wait, "ynnn") << "its body is here";
}

TEST_F(ConnectionPipelineTest, ABodyBetweenRequestsIsSteppedOver) {
  Client& client = world.connect();
  world.send(client, post("/a", "GET /evil HTTP/1.1\r\nHost: h\r\n\r\n") +
                         chunked_post("/b", "5\r\nhello\r\n0\r\n\r\n") + get("/c"));
  EXPECT_EQ(output(client), ok("/a") + ok("/b") + ok("/c"));
  EXPECT_EQ(world.requests.size(), 3u);
}

TEST_F(ConnectionPipelineTest, RequestsBehindAPendingReplyWaitTheirTurn) {
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/a") + get("/b") + get("/c"));
  EXPECT_EQ(world.requests.size(), 1u) << "one exchange at a time";
  EXPECT_EQ(output(client), "");
  EXPECT_FALSE(client.connection->idle());
  reply_to_first("first");
  EXPECT_EQ(output(client), ok("first"));
  EXPECT_EQ(world.requests.size(), 2u);
  reply_to_first("second");
  reply_to_first("third");
  EXPECT_EQ(output(client), ok("second") + ok("third"));
  EXPECT_EQ(world.requests, (std::vector<std::string>{"GET /a", "GET /b", "GET /c"}));
  EXPECT_TRUE(client.connection->idle());
}

TEST_F(ConnectionPipelineTest, MixedImmediateAndLateRepliesStayInOrder) {
  world.handler = [this](Exchange& exchange) {
    if (exchange.head.path().starts_with("/late")) {
      world.kept.emplace_back(&exchange);
    } else {
      reply_with(exchange, exchange.head.path());
    }
  };
  Client& client = world.connect();
  world.send(client, get("/1") + get("/late2") + get("/3") + get("/4") + get("/late5") + get("/6"));
  EXPECT_EQ(output(client), ok("/1"));
  reply_to_first("late2");
  EXPECT_EQ(output(client), ok("late2") + ok("/3") + ok("/4"));
  EXPECT_EQ(client.wire.writes.size(), 2u);
  reply_to_first("late5");
  EXPECT_EQ(output(client), ok("late5") + ok("/6"));
}

TEST_F(ConnectionPipelineTest, AKeptHeadStaysReadable) {
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/a?b", "X: y\r\n") + get("/next"));
  // Another connection's input overwrites the read buffer that both share.
  Client& other = world.connect();
  world.send(other, std::string(60'000, 'z'));
  const http::RequestHead& head = world.kept.front()->head;
  EXPECT_EQ(head.target(), "/a?b");
  EXPECT_EQ(head.field("x"), "y");
  EXPECT_EQ(head.authority(), "h");
}

TEST_F(ConnectionPipelineTest, AnExchangeThatIsKeptAfterItsReplyKeepsItsHead) {
  world.handler = [this](Exchange& exchange) {
    world.kept.emplace_back(&exchange);
    reply_with(exchange, "ok");
  };
  Client& client = world.connect();
  world.send(client, get("/first", "X: y\r\n"));
  world.send(client, get("/second"));
  EXPECT_EQ(output(client), ok("ok") + ok("ok"));
  ASSERT_EQ(world.kept.size(), 2u);
  EXPECT_EQ(world.kept[0]->head.target(), "/first");
  EXPECT_EQ(world.kept[0]->head.field("x"), "y");
  EXPECT_EQ(world.kept[1]->head.target(), "/second");
  EXPECT_EQ(world.kept[0]->stream(), nullptr);
}

// ---- Bounded memory

TEST_F(ConnectionPipelineTest, ReadingPausesBehindAPendingReply) {
  reply_later();
  Client& client = world.connect();
  std::string requests;
  while (requests.size() < 1'000'000) requests += get("/x");
  world.send(client, requests);
  EXPECT_FALSE(client.wire.read_wanted);
  EXPECT_EQ(client.wire.reads, 1u) << "one read is held, the rest stays with the kernel";
  EXPECT_GE(client.wire.inbound.size(), requests.size() - 64 * 1024);
  // Once it replies at once, everything goes on by itself.
  world.handler = [](Exchange& exchange) { reply_with(exchange, ""); };
  reply_to_first("");
  world.run();
  EXPECT_TRUE(client.wire.inbound.empty());
  EXPECT_EQ(world.requests.size(), requests.size() / get("/x").size());
  std::string replies;
  for (size_t i = 0; i < world.requests.size(); ++i) replies += ok("");
  EXPECT_EQ(output(client), replies);
}

TEST_F(ConnectionPipelineTest, NothingMoreIsReadWhileAReplyIsPendingAndInputIsHeld) {
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/a"));
  EXPECT_TRUE(client.wire.read_wanted) << "nothing is held yet, so the client's end would be seen";
  world.send(client, "G");
  EXPECT_FALSE(client.wire.read_wanted);
  world.send(client, "ET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.wire.inbound.size(), get("/b").size() - 1);
  reply_to_first("a");
  world.run();
  EXPECT_EQ(world.requests.size(), 2u);
  reply_to_first("b");
  EXPECT_EQ(output(client), ok("a") + ok("b"));
}

TEST_F(ConnectionPipelineTest, NoRequestIsBegunWhileTheOutputIsBlocked) {
  world.workspace.settings.output_high_water = 100'000;
  const std::string body(10'000, 'b');
  world.handler = [&](Exchange& exchange) { reply_with(exchange, body); };
  Client& client = world.connect();
  client.wire.throttle(0);
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += get("/");
  world.send(client, requests);
  // What a turn gathers before it looks at the output bounds it, not the number of requests.
  EXPECT_LT(world.requests.size(), 40u);
  EXPECT_FALSE(client.wire.read_wanted);
  client.wire.room = client.wire.refill = SIZE_MAX;
  world.run();
  EXPECT_EQ(world.requests.size(), 1000u);
  std::string replies;
  for (int i = 0; i < 1000; ++i) replies += ok(body);
  EXPECT_EQ(output(client), replies);
}

// The same when the turn begins with a late reply and the pipeline was held.
TEST_F(ConnectionPipelineTest, ALateReplyDoesNotGatherAWholePipeline) {
  world.workspace.settings.output_high_water = 100'000;
  reply_later();
  Client& client = world.connect();
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += get("/");
  world.send(client, requests);
  client.wire.throttle(0);
  const std::string body(10'000, 'b');
  world.handler = [&](Exchange& exchange) { reply_with(exchange, body); };
  reply_to_first(body);
  EXPECT_LT(world.requests.size(), 40u);
  client.wire.room = client.wire.refill = SIZE_MAX;
  world.run();
  EXPECT_EQ(world.requests.size(), 1000u);
}

TEST_F(ConnectionPipelineTest, ALongPipelineIsSentAsItGrows) {
  const std::string body(10'000, 'b');
  world.handler = [&](Exchange& exchange) { reply_with(exchange, body); };
  Client& client = world.connect();
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += get("/");
  world.send(client, requests);
  for (size_t size : client.wire.writes) EXPECT_LT(size, 200'000u);
  EXPECT_EQ(world.requests.size(), 1000u);
}

// ---- Empty lines between requests: section 2.2

TEST_F(ConnectionPipelineTest, EmptyLinesBetweenRequestsBeginNone) {
  Client& client = world.connect();
  world.send(client, post("/a", "x") + "\r\n");
  EXPECT_TRUE(client.connection->idle());
  EXPECT_EQ(world.pool.in_use(), 0u);
  world.send(client, "\r\n\r\n" + get("/b"));
  EXPECT_EQ(output(client), ok("/a") + ok("/b"));
  world.pass(11s);
  EXPECT_TRUE(client.wire.closed);
  EXPECT_EQ(output(client), "") << "it was idle: no 408";
}

TEST_F(ConnectionPipelineTest, AnEmptyLineInTwoPiecesBeginsNoRequestEither) {
  Client& client = world.connect();
  world.send(client, get("/a"));
  world.send(client, "\r");
  EXPECT_FALSE(client.connection->idle());
  world.send(client, "\n");
  EXPECT_TRUE(client.connection->idle());
  world.send(client, "\r");
  world.send(client, "\n" + get("/b"));
  EXPECT_EQ(output(client), ok("/a") + ok("/b"));
  world.send(client, "\r");
  world.send(client, "G");
  expect_linger(client);
  EXPECT_TRUE(output(client).starts_with("HTTP/1.1 400"));
}

TEST_F(ConnectionPipelineTest, AHeadOfTheLimitMayFollowEmptyLines) {
  world.workspace.settings.head.max_bytes = 100;
  const std::string frame = get("/");
  const std::string head = get("/" + std::string(100 - frame.size(), 'a'));
  ASSERT_EQ(head.size(), 100u);
  Client& client = world.connect();
  world.send(client, "\r\n\r\n" + head);
  world.send(client, "\r");
  world.send(client, "\n" + head.substr(0, 50));
  world.send(client, head.substr(50));
  EXPECT_EQ(world.requests.size(), 2u);
}

// ---- Several connections

TEST_F(ConnectionPipelineTest, AHandlerMayReplyOnAnotherConnection) {
  Client& first = world.connect();
  Client& second = world.connect();
  world.handler = [this](Exchange& exchange) {
    if (exchange.head.path() == "/wait") {
      world.kept.emplace_back(&exchange);
      return;
    }
    reply_with(exchange, "before");
    for (auto& waiting : std::exchange(world.kept, {})) reply_with(*waiting, "released");
  };
  world.send(first, get("/wait") + get("/wait") + get("/own"));
  // The reply in the middle of the other's turn frees the next one there, whose handler waits
  // again.
  world.send(second, get("/go") + get("/go"));
  EXPECT_EQ(output(second), ok("before") + ok("before"));
  EXPECT_EQ(output(first), ok("released") + ok("released") + ok("before"));
}

TEST_F(ConnectionPipelineTest, AHandlerMayEndAnotherConnection) {
  reply_later();
  Client& first = world.connect();
  Client& second = world.connect();
  world.send(first, get("/a") + get("/b"));
  world.handler = [this](Exchange& exchange) {
    world.kept.front()->abort();
    reply_with(exchange, "done");
  };
  world.send(second, get("/c"));
  EXPECT_TRUE(first.wire.reset);
  EXPECT_EQ(output(second), ok("done"));
  EXPECT_EQ(world.kept.front()->failure(), http::Failure::aborted);
}

TEST_F(ConnectionPipelineTest, CountersAreExact) {
  reply_later();
  const Counters& counters = world.workspace.counters;
  Client& client = world.connect();
  EXPECT_EQ(counters.connections_open, 1u);
  EXPECT_EQ(counters.connections_total, 1u);
  const std::string requests = get("/a") + get("/b") + get("/c");
  world.send(client, requests);
  EXPECT_EQ(counters.requests_pending, 1u);
  EXPECT_EQ(counters.requests_total, 1u);
  reply_to_first("a");
  reply_to_first("b", 404);
  reply_to_first("c", 503);
  EXPECT_EQ(counters.requests_pending, 0u);
  EXPECT_EQ(counters.requests_total, 3u);
  EXPECT_EQ(counters.replies_by_class[2], 1u);
  EXPECT_EQ(counters.replies_by_class[4], 1u);
  EXPECT_EQ(counters.replies_by_class[5], 1u);
  EXPECT_EQ(counters.bytes_in, requests.size());
  EXPECT_EQ(counters.bytes_out, client.wire.outbound.size());
  world.send(client, "nonsense\r\n");
  EXPECT_EQ(counters.replies_by_class[4], 2u);
  EXPECT_EQ(counters.requests_total, 3u) << "a refused head is no request";
  EXPECT_EQ(counters.bytes_out, client.wire.outbound.size());
}

TEST_F(ConnectionPipelineTest, AConnectionThatIsDestroyedUnclosedLeavesTheCountersRight) {
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/a"));
  client.connection = nullptr;
  EXPECT_EQ(world.workspace.counters.connections_open, 0u);
  EXPECT_EQ(world.workspace.counters.requests_pending, 0u);
  EXPECT_EQ(world.kept.front()->failure(), http::Failure::stopped);
  EXPECT_FALSE(world.kept.front()->open());
}

}  // namespace
}  // namespace bao::http1
