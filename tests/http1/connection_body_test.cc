#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "http1/connection_fixture.h"

// Request bodies: RFC 9112 sections 6 and 7, RFC 9110 section 10.1.1.
namespace bao::http1 {
namespace {

using namespace std::chrono_literals;
using http::Failure;
using testing::reply_with;
using BodyState = http::Exchange::BodyState;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

class ConnectionBodyTest : public testing::ConnectionTest {
 protected:
  // A handler that keeps the exchange, for the test to ask for the body later.
  Exchange& kept() { return *world.kept.front(); }
};

// ---- Collecting

TEST_F(ConnectionBodyTest, ABodyThatIsHereIsCompleteAtOnce) {
  world.handler = [](Exchange& exchange) {
    EXPECT_EQ(exchange.body_state(), BodyState::unread);
    exchange.collect_body();
    EXPECT_EQ(exchange.body_state(), BodyState::complete);
    reply_with(exchange, exchange.body());
  };
  Client& client = world.connect();
  world.send(client, post("/a", "hello") + chunked_post("/b", "1\r\nx\r\n2\r\nyz\r\n0\r\n\r\n") +
                         get("/c"));
  EXPECT_EQ(output(client), ok("hello") + ok("xyz") + ok(""));
}

TEST_F(ConnectionBodyTest, ABodyThatArrivesInPiecesIsCollected) {
  echo_bodies();
  Client& client = world.connect();
  const std::string request = post("/", std::string(3000, 'p')) +
                              chunked_post("/", "5;x\r\nhello\r\n0\r\nA: b\r\n\r\n") + get("/");
  for (char c : request) world.send(client, std::string(1, c));
  EXPECT_EQ(output(client), ok(std::string(3000, 'p')) + ok("hello") + ok(""));
  EXPECT_EQ(observer.bodies_complete, 3);
}

TEST_F(ConnectionBodyTest, ABodyMayBeAskedForLater) {
  reply_later();
  Client& client = world.connect();
  world.send(client, post("/", "hello") + get("/next"));
  EXPECT_EQ(kept().body_state(), BodyState::unread);
  EXPECT_EQ(kept().body(), "") << "nothing is collected before somebody asks";
  kept().collect_body();
  EXPECT_EQ(kept().body_state(), BodyState::complete);
  EXPECT_EQ(kept().body(), "hello");
  reply_to_first("a");
  reply_to_first("b");
  EXPECT_EQ(output(client), ok("a") + ok("b"));
}

TEST_F(ConnectionBodyTest, ABodyThatNobodyHasAskedForIsNotRead) {
  reply_later();
  Client& client = world.connect();
  world.send(client, post("/", std::string(1'000'000, 'x')));
  EXPECT_EQ(client.wire.reads, 1u);
  EXPECT_FALSE(client.wire.read_wanted);
  kept().collect_body();
  world.run();
  EXPECT_EQ(kept().body_state(), BodyState::complete);
  EXPECT_EQ(kept().body().size(), 1'000'000u);
  reply_to_first("done");
  EXPECT_EQ(output(client), ok("done"));
}

TEST_F(ConnectionBodyTest, AskingTwiceAsksOnce) {
  reply_later();
  Client& client = world.connect();
  world.send(client, post("/", "hello").substr(0, 49));
  kept().collect_body();
  kept().collect_body();
  EXPECT_EQ(kept().body_state(), BodyState::collecting);
  world.send(client, post("/", "hello").substr(49));
  kept().collect_body();
  EXPECT_EQ(kept().body(), "hello");
}

TEST_F(ConnectionBodyTest, ARequestWithoutABodyHasAnEmptyOne) {
  world.handler = [](Exchange& exchange) {
    exchange.collect_body();
    EXPECT_EQ(exchange.body_state(), BodyState::complete);
    reply_with(exchange, exchange.body());
  };
  Client& client = world.connect();
  world.send(client, get("/") + post("/", "") + chunked_post("/", "0\r\n\r\n"));
  EXPECT_EQ(output(client), ok("") + ok("") + ok(""));
}

// ---- 100-continue

TEST_F(ConnectionBodyTest, ContinueIsSentWhenTheBodyIsWanted) {
  reply_later();
  Client& client = world.connect();
  const std::string request = post("/", "hello", "Expect: 100-continue\r\n");
  world.send(client, request.substr(0, request.size() - 5));
  EXPECT_EQ(output(client), "") << "nobody has asked for the body";
  kept().collect_body();
  EXPECT_EQ(output(client), kContinue);
  world.send(client, "hello");
  EXPECT_EQ(kept().body(), "hello");
  reply_to_first("done");
  EXPECT_EQ(output(client), ok("done"));
  EXPECT_TRUE(client.connection->idle());
}

TEST_F(ConnectionBodyTest, ContinueIsSentAtOnceIfTheHandlerAsksAtOnce) {
  echo_bodies();
  Client& client = world.connect();
  const std::string request = chunked_post("/", "", "Expect: 100-continue\r\n");
  world.send(client, request);
  EXPECT_EQ(output(client), kContinue);
  world.send(client, "2\r\nhi\r\n0\r\n\r\n");
  EXPECT_EQ(output(client), ok("hi"));
}

// RFC 9110 section 10.1.1: a server MAY omit the 100 if the content has begun to arrive
TEST_F(ConnectionBodyTest, NoContinueIfTheBodyHasBegun) {
  echo_bodies();
  Client& client = world.connect();
  const std::string request = post("/", "hello", "Expect: 100-continue\r\n");
  world.send(client, request.substr(0, request.size() - 4));
  EXPECT_EQ(output(client), "");
  world.send(client, "ello" + request);
  EXPECT_EQ(output(client), ok("hello") + ok("hello"));
}

TEST_F(ConnectionBodyTest, NoContinueForHttp10OrWithoutABody) {
  echo_bodies();
  Client& client = world.connect();
  world.send(client, get("/", "Expect: 100-continue\r\n"));
  EXPECT_EQ(output(client), ok(""));
  world.send(client, "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(output(client), "");
  world.send(client, "hi");
  EXPECT_EQ(output(client), last_ok("hi"));
}

// A client that waits for a 100 and gets a final status may or may not send its body: nobody can
// tell where the next request begins.
TEST_F(ConnectionBodyTest, AReplyInsteadOfContinueEndsTheConnection) {
  world.handler = [](Exchange& exchange) { reply_with(exchange, "no", 403); };
  Client& last = world.connect();
  world.send(last, chunked_post("/", "", "Expect: 100-continue\r\nConnection: close\r\n"));
  EXPECT_FALSE(last.wire.closed) << "the body may be on its way";
  expect_linger(last);
  world.requests.clear();
  Client& client = world.connect();
  world.send(client, chunked_post("/", "", "Expect: 100-continue\r\n"));
  EXPECT_EQ(output(client),
            "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_FALSE(client.wire.closed);
  EXPECT_TRUE(client.wire.finished);
  world.send(client, "5\r\nhello\r\n0\r\n\r\n" + get("/smuggled"));
  EXPECT_EQ(world.requests.size(), 1u);
  expect_linger(client);
}

TEST_F(ConnectionBodyTest, OtherExpectationsAreRefused) {
  Client& client = world.connect();
  world.send(client, post("/", "", "Expect: the-unexpected\r\n"));
  expect_refusal(client, 417);
  EXPECT_TRUE(world.requests.empty());
}

// ---- Bodies that nobody reads

TEST_F(ConnectionBodyTest, ASmallUnreadBodyIsThrownAwayAndTheConnectionGoesOn) {
  Client& client = world.connect();
  world.send(client, post("/a", "").substr(0, 30));
  world.send(client, post("/a", "").substr(30));
  std::string request = post("/b", std::string(100'000, 'x'));
  world.send(client, request.substr(0, 50'000));
  EXPECT_EQ(output(client), ok("/a") + ok("/b")) << "the reply does not wait for the body";
  EXPECT_FALSE(client.connection->idle());
  EXPECT_EQ(world.workspace.counters.requests_pending, 1u);
  world.send(client, request.substr(50'000) + get("/c"));
  EXPECT_EQ(output(client), ok("/c"));
  EXPECT_TRUE(client.connection->idle());
}

TEST_F(ConnectionBodyTest, ALargeUnreadBodyEndsTheConnection) {
  const auto limit = world.workspace.settings.max_discarded_bytes;
  for (const auto& [size, goes_on] : {std::pair{limit, true}, std::pair{limit + 1, false}}) {
    Client& client = world.connect();
    const std::string request = post("/x", std::string(size, 'x'));
    world.send(client, request.substr(0, request.size() - size));
    EXPECT_EQ(output(client), goes_on ? ok("/x") : last_ok("/x"));
    world.send(client, request.substr(request.size() - size));
    EXPECT_EQ(client.wire.finished, !goes_on);
    EXPECT_TRUE(client.wire.inbound.empty()) << "it is read either way, or the reply would be lost";
    world.send(client, get("/next"));
    EXPECT_EQ(output(client), goes_on ? ok("/next") : "");
    if (!goes_on) expect_linger(client);
  }
}

TEST_F(ConnectionBodyTest, ALargeUnreadChunkedBodyEndsTheConnectionWhenItIsKnownToBe) {
  world.workspace.settings.max_discarded_bytes = 1000;
  Client& client = world.connect();
  world.send(client, chunked_post("/x", "100\r\n" + std::string(256, 'x') + "\r\n"));
  EXPECT_EQ(output(client), ok("/x")) << "nothing says yet how large it is";
  world.send(client, "1000\r\n" + std::string(745, 'x'));
  EXPECT_TRUE(client.wire.finished);
  EXPECT_FALSE(client.wire.closed);
  world.send(client, std::string(4096 - 745, 'x') + "\r\n0\r\n\r\n" + get("/smuggled"));
  EXPECT_EQ(world.requests.size(), 1u);
  EXPECT_EQ(output(client), "");
  expect_linger(client);
}

TEST_F(ConnectionBodyTest, AnUnreadBodyOfAClientThatClosesIsLeft) {
  Client& client = world.connect();
  const std::string request = post("/x", "abcdef", "Connection: close\r\n");
  world.send(client, request.substr(0, request.size() - 6));
  EXPECT_EQ(output(client), last_ok("/x"));
  EXPECT_FALSE(client.wire.closed) << "the rest will come, and must not be answered with a reset";
  world.send(client, "abcdef");
  expect_linger(client);
}

TEST_F(ConnectionBodyTest, AMalformedBodyThatNobodyReadsEndsTheConnectionWithoutASecondReply) {
  Client& client = world.connect();
  world.send(client, chunked_post("/x", ""));
  EXPECT_EQ(output(client), ok("/x"));
  world.send(client, "nonsense\r\n");
  EXPECT_EQ(output(client), "");
  expect_linger(client);
}

// What has come of it with its head is judged before a handler may act on the request (RFC 9112
// section 7.1): whether that would have read it does not matter.
TEST_F(ConnectionBodyTest, AMalformedBodyThatCameWithItsHeadIsRefusedBeforeTheHandler) {
  for (std::string_view chunks :
       {"nonsense\r\n", "5\r\nhelloX", "5\r\nhello\r\n0\r\n : x\r\n\r\n"}) {
    Client& client = world.connect();
    world.send(client, get("/1") + chunked_post("/x", chunks));
    const std::string all = output(client);
    EXPECT_TRUE(all.starts_with(ok("/1") + "HTTP/1.1 400 ")) << all;
    expect_linger(client);
    EXPECT_EQ(world.requests.size(), 1u);
    world.requests.clear();
  }
  // What follows is another request's matter.
  Client& client = world.connect();
  world.send(client, chunked_post("/2", "5\r\nhello\r\n0\r\n\r\n") + "nonsense\r\n");
  const std::string all = output(client);
  EXPECT_TRUE(all.starts_with(ok("/2") + "HTTP/1.1 400 ")) << all;
}

// ---- Replies that come before the body

TEST_F(ConnectionBodyTest, AReplyEndsTheCollecting) {
  reply_later();
  Client& client = world.connect();
  const std::string request = post("/", "hello");
  world.send(client, request.substr(0, request.size() - 2));
  http::Reference<Exchange> exchange = world.kept.front();
  exchange->set_observer(&observer);
  exchange->collect_body();
  reply_to_first("early");
  EXPECT_EQ(output(client), ok("early"));
  EXPECT_EQ(observer.bodies_complete, 1) << "whoever waits for the body is told";
  EXPECT_EQ(exchange->body_state(), BodyState::failed);
  EXPECT_EQ(exchange->failure(), Failure::aborted);
  EXPECT_TRUE(exchange->replied());
  world.send(client, "lo" + get("/next"));
  reply_to_first("next");
  EXPECT_EQ(output(client), ok("next"));
}

TEST_F(ConnectionBodyTest, ABodyCannotBeHadOnceAReplyIsOut) {
  world.handler = [this](Exchange& exchange) {
    exchange.set_observer(&observer);
    reply_with(exchange, "early");
    exchange.collect_body();
    EXPECT_EQ(exchange.body_state(), BodyState::failed);
    exchange.set_observer(nullptr);
  };
  Client& client = world.connect();
  const std::string late = chunked_post("/", "", "Expect: 100-continue\r\n");
  world.send(client, post("/", "hello") + post("/", "hello").substr(0, 49));
  world.send(client, post("/", "hello").substr(49));
  EXPECT_EQ(output(client), ok("early") + ok("early"));
  world.send(client, late);
  EXPECT_EQ(output(client), last_ok("early")) << "no 100 behind a final reply";
  EXPECT_EQ(observer.times_gone, 0);
  expect_linger(client);
}

TEST_F(ConnectionBodyTest, AnEmptyBodyCanBeHadAnyTime) {
  world.handler = [](Exchange& exchange) {
    reply_with(exchange, "early");
    exchange.collect_body();
    EXPECT_EQ(exchange.body_state(), BodyState::complete);
  };
  world.send(world.connect(), get("/"));
}

TEST_F(ConnectionBodyTest, ABodyIsNotToBeHadWhenTheConnectionIsGone) {
  reply_later();
  Client& client = world.connect();
  world.send(client, post("/", "hello"));
  client.wire.peer_reset = true;
  world.run();
  kept().set_observer(&observer);
  kept().collect_body();
  EXPECT_EQ(kept().body_state(), BodyState::failed);
  EXPECT_EQ(kept().failure(), Failure::client_gone);
}

// ---- 413: RFC 9110 section 15.5.14

TEST_F(ConnectionBodyTest, AnAnnouncedLengthOverTheLimitIsRefusedBeforeTheHandler) {
  world.workspace.settings.max_body_bytes = 10;
  Client& client = world.connect();
  world.send(client, post("/fits", "0123456789"));
  EXPECT_EQ(output(client), ok("/fits"));
  const std::string request = post("/", "0123456789a", "Expect: 100-continue\r\n");
  world.send(client, request.substr(0, request.size() - 11));
  expect_refusal(client, 413);
  EXPECT_EQ(world.requests.size(), 1u);
}

TEST_F(ConnectionBodyTest, LengthsBeyond64BitsAreRefusedLikeAnyOther) {
  Client& client = world.connect();
  world.send(client,
             "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551621\r\n\r\nhello");
  expect_refusal(client, 413);
}

TEST_F(ConnectionBodyTest, AChunkedBodyIsRefusedWhereItGrowsTooLarge) {
  world.workspace.settings.max_body_bytes = 10;
  echo_bodies();
  Client& client = world.connect();
  world.send(client, chunked_post("/", "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"));
  EXPECT_EQ(output(client), ok("0123456789")) << "the limit is inclusive";
  world.kept.clear();
  world.send(client, chunked_post("/", "5\r\n01234\r\n"));
  world.send(client, "6\r\n56789a\r\n");
  EXPECT_EQ(kept().failure(), Failure::body_too_large);
  EXPECT_EQ(kept().body_state(), BodyState::failed);
  EXPECT_FALSE(kept().reply({.status = 200})) << "the client has its answer";
  expect_refusal(client, 413);
  EXPECT_EQ(observer.bodies_complete, 2);
  EXPECT_EQ(observer.times_gone, 1);
}

// A chunk says how large it is: one that cannot fit is not waited for.
TEST_F(ConnectionBodyTest, AChunkThatIsAnnouncedTooLargeIsRefusedAtOnce) {
  world.workspace.settings.max_body_bytes = 10;
  echo_bodies();
  for (std::string_view chunks :
       {"b\r\n", "b\r\n0", "5\r\n01234\r\n6\r\n", "fffffffffffffff\r\n"}) {
    Client& client = world.connect();
    world.send(client, chunked_post("/", chunks));
    EXPECT_EQ(kept().failure(), Failure::body_too_large);
    expect_refusal(client, 413);
    world.kept.clear();
  }
}

// A handler may lower the limit for its route; then nothing of it needs to be sent.
TEST_F(ConnectionBodyTest, AHandlersOwnLimitIsJudgedBeforeContinue) {
  world.handler = [this](Exchange& exchange) {
    exchange.body_limit = 3;
    exchange.collect_body();
    world.kept.emplace_back(&exchange);
  };
  Client& client = world.connect();
  const std::string request = post("/", "0123", "Expect: 100-continue\r\n");
  world.send(client, request.substr(0, request.size() - 4));
  expect_refusal(client, 413);
  EXPECT_EQ(kept().failure(), Failure::body_too_large);
}

// ---- Violations of the chunked coding

TEST_F(ConnectionBodyTest, AMalformedBodyIs400) {
  echo_bodies();
  for (std::string_view chunks :
       {"x\r\n", "5\r\nhelloX", "1\nx\n", "FFFFFFFFFFFFFFFFF\r\n", "0\r\n : x\r\n\r\n", "-1\r\n"}) {
    Client& client = world.connect();
    world.send(client, chunked_post("/", ""));
    world.send(client, chunks);
    expect_refusal(client, 400);
    EXPECT_EQ(kept().failure(), Failure::malformed_body);
    EXPECT_EQ(kept().body_state(), BodyState::failed);
    world.kept.clear();
  }
}

TEST_F(ConnectionBodyTest, AHandlerThatIsToldOfAFailureMayDoAnything) {
  for (int what = 0; what < 4; ++what) {
    observer.body = [&](Exchange& exchange) {
      if (what == 0) reply_with(exchange, "no");
      if (what == 1) exchange.abort();
      if (what == 2) exchange.collect_body();
      if (what == 3) world.kept.clear();
    };
    observer.gone = observer.body;
    world.handler = [this](Exchange& exchange) {
      exchange.set_observer(&observer);
      world.kept.emplace_back(&exchange);
      exchange.collect_body();
    };
    Client& client = world.connect();
    world.send(client, chunked_post("/", "1\r\n"));
    world.send(client, "xx");
    expect_refusal(client, 400);
    world.kept.clear();
  }
}

// ---- What a handler may do from within on_body_complete

TEST_F(ConnectionBodyTest, AnObserverMayAbortWhenTheBodyIsComplete) {
  observer.body = [](Exchange& exchange) { exchange.abort(); };
  world.handler = [this](Exchange& exchange) {
    world.kept.emplace_back(&exchange);
    exchange.set_observer(&observer);
    exchange.collect_body();
  };
  Client& at_once = world.connect();
  world.send(at_once, post("/", "hello") + get("/"));
  EXPECT_TRUE(at_once.wire.reset);
  Client& later = world.connect();
  const std::string request = post("/", "hello");
  world.send(later, request.substr(0, request.size() - 1));
  EXPECT_FALSE(later.wire.closed);
  world.send(later, "o" + get("/"));
  EXPECT_TRUE(later.wire.reset);
  EXPECT_EQ(later.wire.outbound, "");
}

TEST_F(ConnectionBodyTest, AnObserverMayReplyAndLetGoWhenTheBodyIsComplete) {
  observer.body = [this](Exchange& exchange) {
    reply_with(exchange, exchange.body());
    world.kept.clear();
  };
  world.handler = [this](Exchange& exchange) {
    world.kept.emplace_back(&exchange);
    exchange.set_observer(&observer);
    exchange.collect_body();
  };
  Client& client = world.connect();
  const std::string request = post("/", "hello") + post("/", "again");
  for (char c : request) world.send(client, std::string(1, c));
  EXPECT_EQ(output(client), ok("hello") + ok("again"));
}

TEST_F(ConnectionBodyTest, TheBodyItselfMayBeTheReply) {
  observer.body = [](Exchange& exchange) {
    exchange.reply({.body = exchange.body(), .body_text = &exchange.body()});
  };
  world.handler = [this](Exchange& exchange) {
    world.kept.emplace_back(&exchange);
    exchange.set_observer(&observer);
    exchange.collect_body();
  };
  Client& client = world.connect();
  client.wire.throttle(1000);
  const std::string large(500'000, 'L');
  world.send(client, post("/", large) + post("/", "small"));
  EXPECT_EQ(output(client), ok(large) + ok("small"));
}

// The memory of a large body goes back when the exchange does.
TEST_F(ConnectionBodyTest, AnExchangeKeepsNoLargeBody) {
  echo_bodies();
  Client& client = world.connect();
  world.send(client, post("/", std::string(1 << 20, 'x')));
  world.kept.clear();
  http::Exchange& exchange = world.pool.take();
  EXPECT_LE(exchange.body().capacity(), 64u * 1024);
  exchange.retain();
  exchange.release();
}

}  // namespace
}  // namespace bao::http1
