#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "http1/connection_fixture.h"

// How connections end: RFC 9112 sections 9.3 and 9.6, half-closes, resets, aborts, stops.
namespace bao::http1 {
namespace {

using namespace std::chrono_literals;
using http::Failure;
using testing::reply_with;

class ConnectionEndTest : public testing::ConnectionTest {};

// ---- Persistence

TEST_F(ConnectionEndTest, Http10EndsAfterOneReply) {
  Client& client = world.connect();
  world.send(client, "GET /a HTTP/1.0\r\n\r\n");
  EXPECT_EQ(output(client), last_ok("/a"));
  EXPECT_TRUE(client.wire.closed) << "it asked for the end and sends no more: no need to linger";
  EXPECT_FALSE(client.wire.reset);
}

TEST_F(ConnectionEndTest, Http10WithKeepAliveGoesOn) {
  Client& client = world.connect();
  for (int i = 0; i < 3; ++i) {
    world.send(client, "GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    EXPECT_EQ(output(client), ok("/a", "Connection: keep-alive\r\n"));
  }
  world.send(client, "GET /b HTTP/1.0\r\n\r\n");
  EXPECT_EQ(output(client), last_ok("/b"));
  EXPECT_TRUE(client.wire.closed);
}

TEST_F(ConnectionEndTest, AClientMayAskForTheEnd) {
  Client& client = world.connect();
  world.send(client, get("/a", "Connection: close\r\n"));
  EXPECT_EQ(output(client), last_ok("/a"));
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset);
}

// Section 9.6: a server MUST NOT process further requests behind a close
TEST_F(ConnectionEndTest, WhatFollowsACloseIsNotAnswered) {
  Client& client = world.connect();
  world.send(client, get("/a", "Connection: close\r\n") + get("/b"));
  EXPECT_EQ(output(client), last_ok("/a"));
  EXPECT_EQ(world.requests.size(), 1u);
  EXPECT_FALSE(client.wire.closed) << "a reset now could take the reply away";
  expect_linger(client);
}

TEST_F(ConnectionEndTest, AProgramMayAskForTheEnd) {
  for (bool by_field : {false, true}) {
    const Fields close{{"Connection", "close"}};
    world.handler = [&](Exchange& exchange) {
      http::Reply reply;
      if (by_field) reply.fields = &close;
      reply.close = !by_field;
      reply.body = "bye";
      exchange.reply(reply);
    };
    Client& client = world.connect();
    world.send(client, get("/a") + get("/b"));
    EXPECT_EQ(output(client), last_ok("bye"));
    EXPECT_TRUE(client.wire.finished);
    EXPECT_FALSE(client.wire.closed) << "the client may have sent more: it must not be reset";
    world.send(client, get("/c"));
    EXPECT_TRUE(client.wire.inbound.empty());
    EXPECT_EQ(output(client), "");
    expect_linger(client);
  }
}

TEST_F(ConnectionEndTest, WhileTheServerStopsEveryReplyIsTheLast) {
  Client& client = world.connect();
  world.workspace.draining = true;
  world.send(client, get("/a"));
  EXPECT_EQ(output(client), last_ok("/a"));
  EXPECT_FALSE(client.wire.closed) << "the client may have sent more";
  expect_linger(client);
}

// ---- HEAD and statuses without content

TEST_F(ConnectionEndTest, RepliesWithoutContentKeepTheConnectionInStep) {
  world.handler = [](Exchange& exchange) {
    const std::string_view path = exchange.head.path();
    reply_with(exchange, "content", path == "/" ? 200 : std::stoi(std::string(path.substr(1))));
  };
  Client& client = world.connect();
  world.send(client, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + get("/204") + get("/304") +
                         get("/205") + "HEAD /404 HTTP/1.1\r\nHost: h\r\n\r\n" + get("/"));
  EXPECT_EQ(output(client),
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
            "HTTP/1.1 204 No Content\r\n\r\n"
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"
            "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"
            "HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\n" +
                ok("content"));
}

// ---- The client closes its sending side

TEST_F(ConnectionEndTest, AnIdleClientThatEndsIsClosed) {
  Client& client = world.connect();
  world.send(client, get("/"));
  client.wire.peer_finished = true;
  world.run();
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset);
}

TEST_F(ConnectionEndTest, RequestsBeforeAHalfCloseAreAllAnswered) {
  Client& client = world.connect();
  client.send(get("/a") + get("/b"));
  client.wire.peer_finished = true;
  world.run();
  EXPECT_EQ(output(client), ok("/a") + ok("/b"));
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset);
}

TEST_F(ConnectionEndTest, APendingReplyIsStillSentAfterAHalfClose) {
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/a"));
  world.kept.front()->set_observer(&observer);
  client.wire.peer_finished = true;
  world.run();
  EXPECT_EQ(observer.times_gone, 1);
  EXPECT_TRUE(world.kept.front()->client_gone());
  EXPECT_TRUE(world.kept.front()->open());
  EXPECT_FALSE(client.wire.closed);
  reply_to_first("late");
  EXPECT_EQ(output(client), ok("late"));
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset);
  EXPECT_EQ(observer.times_gone, 1);
}

TEST_F(ConnectionEndTest, RequestsHeldBehindAPendingReplySurviveAHalfClose) {
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/a") + get("/b"));
  world.kept.front()->set_observer(&observer);
  client.send(get("/c"));
  client.wire.peer_finished = true;
  world.run();
  EXPECT_EQ(observer.times_gone, 1) << "reading is paused, and yet the end is seen";
  for (std::string_view body : {"a", "b", "c"}) {
    reply_to_first(body);
    world.run();
  }
  EXPECT_EQ(output(client), ok("a") + ok("b") + ok("c"));
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset);
}

TEST_F(ConnectionEndTest, AHandlerMayReplyWhenItLearnsThatTheClientIsGone) {
  observer.gone = [](Exchange& exchange) { reply_with(exchange, "bye"); };
  world.handler = [this](Exchange& exchange) {
    world.kept.emplace_back(&exchange);
    exchange.set_observer(&observer);
  };
  for (bool held : {false, true}) {
    Client& client = world.connect();
    world.send(client, get("/a") + (held ? get("/b") : ""));
    client.wire.peer_finished = true;
    world.run();
    EXPECT_EQ(output(client), held ? ok("bye") + ok("bye") : ok("bye"));
    EXPECT_TRUE(client.wire.closed);
    EXPECT_FALSE(client.wire.reset);
  }
}

TEST_F(ConnectionEndTest, AHandlerMayAbortWhenItLearnsThatTheClientIsGone) {
  observer.gone = [](Exchange& exchange) { exchange.abort(); };
  world.handler = [this](Exchange& exchange) {
    world.kept.emplace_back(&exchange);
    exchange.set_observer(&observer);
  };
  for (bool held : {false, true}) {
    Client& client = world.connect();
    world.send(client, get("/a") + (held ? get("/b") : ""));
    client.wire.peer_finished = true;
    world.run();
    EXPECT_TRUE(client.wire.reset);
  }
}

TEST_F(ConnectionEndTest, AHalfCloseWithinAHeadEndsTheConnection) {
  Client& client = world.connect();
  world.send(client, "GET / HT");
  client.wire.peer_finished = true;
  world.run();
  EXPECT_TRUE(client.wire.closed);
  EXPECT_EQ(client.wire.outbound, "");
}

// Section 8: an incomplete message is no message
TEST_F(ConnectionEndTest, AHalfCloseWithinABodyIs400) {
  for (bool chunked : {false, true}) {
    echo_bodies();
    Client& client = world.connect();
    client.send(chunked ? chunked_post("/", "5\r\nhello\r\n")
                        : "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhello");
    client.wire.peer_finished = true;
    world.run();
    EXPECT_EQ(world.kept.front()->failure(), Failure::client_gone);
    world.kept.clear();
    expect_refusal(client, 400);
  }
}

TEST_F(ConnectionEndTest, AHalfCloseWithinAnUnwantedBodyEndsWithoutASecondReply) {
  Client& client = world.connect();
  client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhello");
  client.wire.peer_finished = true;
  world.run();
  EXPECT_EQ(output(client), ok("/x"));
  EXPECT_TRUE(client.wire.closed);
}

TEST_F(ConnectionEndTest, AHalfCloseWithinABodyThatNobodyHasAskedForYet) {
  reply_later();
  Client& client = world.connect();
  client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhello");
  client.wire.peer_finished = true;
  world.run();
  EXPECT_FALSE(client.wire.closed) << "the handler may not care for the body";
  world.kept.front()->collect_body();
  world.run();
  EXPECT_EQ(world.kept.front()->failure(), Failure::client_gone);
  expect_refusal(client, 400);
}

// ---- The client resets

TEST_F(ConnectionEndTest, AResetIsSeenInEveryState) {
  using Prepare = std::function<void(Client&)>;
  const std::string large(1'000'000, 'L');
  const std::vector<std::pair<const char*, Prepare>> states = {
      {"fresh", [](Client&) {}},
      {"idle", [&](Client& client) { world.send(client, get("/")); }},
      {"in a head", [&](Client& client) { world.send(client, "GET"); }},
      {"handler pending",
       [&](Client& client) {
         reply_later();
         world.send(client, get("/"));
       }},
      {"pending and paused",
       [&](Client& client) {
         reply_later();
         world.send(client, get("/") + get("/"));
       }},
      {"body unread",
       [&](Client& client) {
         reply_later();
         world.send(client, post("/", "hello"));
       }},
      {"collecting",
       [&](Client& client) {
         echo_bodies();
         world.send(client, chunked_post("/", "5\r\nhe"));
       }},
      {"discarding", [&](Client& client) { world.send(client, chunked_post("/", "5\r\nhe")); }},
      {"reply half sent",
       [&](Client& client) {
         client.wire.throttle(0);
         world.handler = [&](Exchange& exchange) { reply_with(exchange, large); };
         world.send(client, get("/"));
       }},
      {"half-closed, pending",
       [&](Client& client) {
         reply_later();
         world.send(client, get("/"));
         client.wire.peer_finished = true;
         world.run();
       }},
      {"lingering", [&](Client& client) { world.send(client, "nonsense\r\n"); }},
  };
  for (const auto& [name, prepare] : states) {
    world.handler = [](Exchange& exchange) { reply_with(exchange, "ok"); };
    Client& client = world.connect();
    prepare(client);
    for (auto& exchange : world.kept) exchange->set_observer(&observer);
    observer.times_gone = 0;
    client.wire.peer_reset = true;
    world.run();
    EXPECT_TRUE(client.wire.closed) << name;
    for (auto& exchange : world.kept) {
      EXPECT_EQ(exchange->failure(), Failure::client_gone) << name;
      EXPECT_EQ(exchange->stream(), nullptr) << name;
      EXPECT_FALSE(exchange->reply({})) << name;
      EXPECT_EQ(observer.times_gone, 1) << name << ": told, after a half-close once more";
    }
    world.kept.clear();
    EXPECT_EQ(world.pool.in_use(), 0u) << name;
    EXPECT_EQ(world.workspace.counters.requests_pending, 0u) << name;
  }
}

TEST_F(ConnectionEndTest, AConnectionThatBreaksWhileItIsWrittenTo) {
  reply_later();
  for (size_t size : {size_t{10}, size_t{1'000'000}}) {
    Client& client = world.connect();
    world.send(client, get("/a") + get("/b"));
    client.wire.peer_reset = true;
    reply_to_first(std::string(size, 'x'));
    EXPECT_TRUE(client.wire.closed);
    world.run();
    EXPECT_TRUE(world.kept.empty() || !world.kept.front()->open());
    world.kept.clear();
  }
}

// ---- The program aborts

TEST_F(ConnectionEndTest, AnAbortInsideTheHandlerResets) {
  world.handler = [](Exchange& exchange) {
    if (exchange.head.path() == "/ok") return reply_with(exchange, "ok");
    EXPECT_TRUE(exchange.abort());
    EXPECT_FALSE(exchange.abort());
    EXPECT_FALSE(exchange.reply({}));
    EXPECT_EQ(exchange.failure(), Failure::aborted);
    EXPECT_EQ(exchange.head.path(), "/abort") << "the head stays readable";
  };
  Client& client = world.connect();
  world.send(client, get("/ok") + get("/abort") + get("/ok"));
  EXPECT_TRUE(client.wire.reset);
  EXPECT_EQ(world.requests.size(), 2u);
}

TEST_F(ConnectionEndTest, AnAbortLaterResetsInEveryState) {
  reply_later();
  for (const std::string& request :
       {get("/"), get("/") + get("/"), post("/", "hello"), chunked_post("/", "5\r\nhe")}) {
    for (bool collect : {false, true}) {
      Client& client = world.connect();
      world.send(client, request);
      http::Reference<Exchange> exchange = world.kept.front();
      world.kept.clear();
      exchange->set_observer(&observer);
      if (collect) exchange->collect_body();
      observer.times_gone = 0;
      EXPECT_TRUE(exchange->abort());
      EXPECT_TRUE(client.wire.reset);
      EXPECT_EQ(observer.times_gone, 1);
      EXPECT_EQ(exchange->failure(), Failure::aborted);
      EXPECT_FALSE(exchange->abort());
      world.run();
    }
  }
}

TEST_F(ConnectionEndTest, AfterTheReplyThereIsNothingToAbort) {
  world.handler = [](Exchange& exchange) {
    reply_with(exchange, "ok");
    EXPECT_FALSE(exchange.abort());
    EXPECT_FALSE(exchange.reply({}));
  };
  Client& client = world.connect();
  world.send(client, get("/"));
  EXPECT_EQ(output(client), ok("ok"));
  EXPECT_FALSE(client.wire.closed);
}

TEST_F(ConnectionEndTest, AnExchangeMayBeKeptBeyondItsConnection) {
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/a?b"));
  client.wire.peer_reset = true;
  world.run();
  ASSERT_EQ(client.connection, nullptr);
  Exchange& exchange = *world.kept.front();
  EXPECT_EQ(exchange.head.target(), "/a?b");
  EXPECT_EQ(exchange.stream(), nullptr);
  EXPECT_FALSE(exchange.reply({}));
  EXPECT_FALSE(exchange.abort());
  exchange.collect_body();
  EXPECT_EQ(exchange.body_state(), Exchange::BodyState::failed);
}

}  // namespace
}  // namespace bao::http1
