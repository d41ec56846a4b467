#include "server/local_request.h"

#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/server_world.h"

namespace bao::server {
namespace {

using testing::loopback;
using testing::says;
using testing::TableMaker;
using testing::World;

/// What the handler of a request saw.
struct Seen {
  std::string method, target, path, query, url;
  std::vector<std::string> fields;
  std::string body;
  bool has_body = false;
};

http::Reference<Table> recorder(Seen& seen) {
  return TableMaker()
      .fetch([&seen](Exchange& exchange) {
        const http::RequestHead& head = exchange.head;
        seen = {std::string(head.method()),
                std::string(head.target()),
                std::string(head.path()),
                std::string(head.query()),
                exchange.url(),
                {},
                "",
                false};
        for (size_t i = 0; i < head.field_count(); ++i) {
          seen.fields.push_back(std::string(head.field_name(i)) + "=" +
                                std::string(head.field_value(i)));
        }
        exchange.collect_body();
        seen.has_body = exchange.body_state() == http::Exchange::BodyState::complete;
        seen.body = exchange.body();
        exchange.reply({.status = 299});
      })
      .make();
}

TEST(LocalRequest, IsDispatchedLikeOneFromTheWire) {
  Seen seen;
  World world(recorder(seen));
  auto reply = world.request("PURGE", "/a/b?c=d", {{"X-A", "1"}, {"X-A", "2"}});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 299);
  EXPECT_EQ(seen.method, "PURGE");
  EXPECT_EQ(seen.target, "/a/b?c=d");
  EXPECT_EQ(seen.path, "/a/b");
  EXPECT_EQ(seen.query, "c=d");
  EXPECT_EQ(seen.fields,
            (std::vector<std::string>{"Host=" + world.server->authority(), "X-A=1", "X-A=2"}));
  EXPECT_EQ(seen.url, "http://" + world.server->authority() + "/a/b?c=d");
  EXPECT_TRUE(seen.has_body);
  EXPECT_EQ(seen.body, "");
}

TEST(LocalRequest, MayHaveAUrlAsTarget) {
  Seen seen;
  World world(recorder(seen));
  EXPECT_EQ(world.request("GET", "http://example.org:81/x?y")->status, 299);
  EXPECT_EQ(seen.path, "/x");
  EXPECT_EQ(seen.query, "y");
  EXPECT_EQ(seen.url, "http://example.org:81/x?y");
}

TEST(LocalRequest, AHostOfTheProgramStays) {
  Seen seen;
  World world(recorder(seen));
  world.request("GET", "/", {{"host", "example.org"}});
  EXPECT_EQ(seen.fields, std::vector<std::string>{"host=example.org"});
  EXPECT_EQ(seen.url, "http://example.org/");
}

TEST(LocalRequest, TheBodyIsThereAtOnceWithItsLength) {
  Seen seen;
  World world(recorder(seen));
  world.request("POST", "/", {}, std::string("a\0b", 3));
  EXPECT_EQ(seen.body, std::string("a\0b", 3));
  EXPECT_EQ(seen.fields.back(), "Content-Length=3");
}

TEST(LocalRequest, GivesStatusFieldsTypeAndBodyOfTheReply) {
  World world(
      TableMaker()
          .fetch([](Exchange& exchange) {
            Fields fields{{"X-B", "1"}, {"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}};
            exchange.reply(
                {.status = 202, .fields = &fields, .content_type = "text/x", .body = "made"});
          })
          .make());
  auto reply = world.request("GET", "/");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 202);
  EXPECT_EQ(reply->body, "made");
  EXPECT_EQ(reply->fields.lines(),
            "X-B: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Type: text/x\r\n");
}

TEST(LocalRequest, AContentTypeOfTheProgramStays) {
  World world(TableMaker()
                  .fetch([](Exchange& exchange) {
                    Fields fields{{"content-type", "text/mine"}};
                    exchange.reply({.fields = &fields, .content_type = "text/x", .body = "made"});
                  })
                  .make());
  EXPECT_EQ(world.request("GET", "/")->fields.get_all("Content-Type"),
            std::vector<std::string_view>{"text/mine"});
}

TEST(LocalRequest, RepliesHaveNoBodyWhereTheWireHasNone) {
  int status = 200;
  World world(
      TableMaker()
          .fetch([&](Exchange& exchange) { exchange.reply({.status = status, .body = "x"}); })
          .make());
  EXPECT_EQ(world.request("GET", "/")->body, "x");
  EXPECT_EQ(world.request("HEAD", "/")->body, "");
  for (int bodiless : {204, 205, 304}) {
    status = bodiless;
    EXPECT_EQ(world.request("GET", "/")->body, "") << status;
  }
}

// What the protocol layer would refuse never reaches a handler.
TEST(LocalRequest, WhatTheProtocolRefusesIsAnsweredWithItsError) {
  int runs = 0;
  World world(TableMaker().fetch([&](Exchange& exchange) { ++runs, exchange.reply({}); }).make());
  EXPECT_EQ(world.request("", "/")->status, 400);
  EXPECT_EQ(world.request("BAD METHOD", "/")->status, 400);
  EXPECT_EQ(world.request("GET", "")->status, 400);
  EXPECT_EQ(world.request("GET", "no-slash")->status, 400);
  EXPECT_EQ(world.request("GET", "/a b")->status, 400);
  EXPECT_EQ(world.request("GET", "ftp://host/")->status, 400);
  EXPECT_EQ(world.request("GET", "*")->status, 400);
  EXPECT_EQ(world.request("CONNECT", "host:80")->status, 501);
  EXPECT_EQ(world.request("GET", "/", {{"Host", "a b"}})->status, 400);
  EXPECT_EQ(world.request("GET", "/", {{"Host", "a"}, {"Host", "b"}})->status, 400);
  EXPECT_EQ(world.request("GET", "/", {{"Content-Length", "x"}})->status, 400);
  EXPECT_EQ(world.request("GET", "/", {{"Expect", "wonders"}})->status, 417);
  EXPECT_EQ(runs, 0);
}

// A target that comes from elsewhere must not smuggle fields or a second request into the handlers.
TEST(LocalRequest, NeitherMethodNorTargetCanSmuggleFields) {
  Seen seen;
  World world(recorder(seen));
  for (const char* target :
       {"/ HTTP/1.1\r\nX-Evil: 1\r\nX:", "/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "/ HTTP/1.1\nX-Evil: 1\nX:", "/\r\n", "/a HTTP/1.1\r\nHost: a\r\n\r\nGET /b"}) {
    EXPECT_EQ(world.request("GET", target)->status, 400) << target;
  }
  EXPECT_EQ(world.request("GET / HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET", "/")->status, 400);
  EXPECT_EQ(world.request("GET /evil HTTP/1.1\r\nX-Evil:", "/")->status, 400);
  EXPECT_EQ(seen.method, "");
}

TEST(LocalRequest, ALengthThatIsNotTheBodysIsRefused) {
  Seen seen;
  World world(recorder(seen));
  EXPECT_EQ(world.request("POST", "/", {{"Content-Length", "5"}}, "1234")->status, 400);
  EXPECT_EQ(world.request("POST", "/", {{"Content-Length", "3"}}, "1234")->status, 400);
  EXPECT_EQ(world.request("POST", "/", {{"Content-Length", "4"}}, "1234")->status, 299);
  EXPECT_EQ(seen.body, "1234");
}

TEST(LocalRequest, LimitsHold) {
  Settings settings = loopback();
  settings.max_head_size = 200;
  settings.max_head_fields = 3;
  settings.max_request_body_size = 4;
  Seen seen;
  World world(recorder(seen), settings);
  EXPECT_EQ(world.request("GET", "/" + std::string(300, 'x'))->status, 414);
  EXPECT_EQ(world.request("GET", "/", {{"X", std::string(300, 'x')}})->status, 431);
  EXPECT_EQ(world.request("GET", "/", {{"A", "1"}, {"B", "2"}, {"C", "3"}})->status, 431);
  EXPECT_EQ(world.request("POST", "/", {}, "12345")->status, 413);
  EXPECT_EQ(seen.method, "");
  EXPECT_EQ(world.request("POST", "/", {}, "1234")->status, 299);
}

TEST(LocalRequest, AReplyMayComeLater) {
  http::Reference<Exchange> pending;
  World world(
      TableMaker()
          .fetch([&](Exchange& exchange) { pending = http::Reference<Exchange>(&exchange); })
          .make());
  std::optional<LocalReply> reply;
  LocalRequest::start(*world.server, "GET", "/", {}, "",
                      [&](LocalReply got) { reply = std::move(got); });
  EXPECT_FALSE(reply);
  EXPECT_EQ(world.server->pending_requests(), 1u);
  EXPECT_TRUE(world.loop.alive());
  EXPECT_TRUE(pending->reply({.body = "late"}));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "late");
  EXPECT_EQ(world.server->pending_requests(), 0u);
  EXPECT_FALSE(pending->reply({.body = "again"}));
}

TEST(LocalRequest, AnAbortedOneHasStatus0) {
  http::Reference<Exchange> pending;
  World world(
      TableMaker()
          .fetch([&](Exchange& exchange) { pending = http::Reference<Exchange>(&exchange); })
          .make());
  std::optional<LocalReply> reply;
  LocalRequest::start(*world.server, "GET", "/", {}, "",
                      [&](LocalReply got) { reply = std::move(got); });
  EXPECT_TRUE(pending->abort());
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 0);
  EXPECT_EQ(pending->failure(), http::Failure::aborted);
  EXPECT_FALSE(pending->reply({}));
  EXPECT_FALSE(pending->abort());
  EXPECT_EQ(world.server->pending_requests(), 0u);
}

TEST(LocalRequest, CanBeAbortedByItsNumber) {
  std::vector<http::Reference<Exchange>> held;
  World world(TableMaker().fetch([&](Exchange& exchange) { held.emplace_back(&exchange); }).make());
  std::vector<int> ended;
  for (uint64_t number : {7u, 8u, 9u}) {
    LocalRequest::start(
        *world.server, "GET", "/", {}, "",
        [&ended, number](LocalReply reply) {
          EXPECT_EQ(reply.status, 0);
          ended.push_back(static_cast<int>(number));
        },
        number);
  }
  world.server->abort_local_request(8);
  EXPECT_EQ(ended, std::vector<int>{8});
  EXPECT_TRUE(held[1]->client_gone());
  EXPECT_FALSE(held[0]->client_gone());
  world.server->abort_local_request(8);
  world.server->abort_local_request(10);
  EXPECT_EQ(ended, std::vector<int>{8});
  for (auto& exchange : held) exchange->abort();
  EXPECT_EQ(ended, (std::vector<int>{8, 7, 9}));
}

TEST(LocalRequest, AForcedStopAbortsIt) {
  std::vector<http::Reference<Exchange>> pending;
  World world(
      TableMaker().fetch([&](Exchange& exchange) { pending.emplace_back(&exchange); }).make());
  std::vector<int> statuses;
  for (int i = 0; i < 3; ++i) {
    LocalRequest::start(*world.server, "GET", "/", {}, "",
                        [&](LocalReply got) { statuses.push_back(got.status); });
  }
  world.server->stop(false, net::Work([] {}));
  EXPECT_TRUE(statuses.empty());
  world.server->stop(true, net::Work([] {}));
  EXPECT_EQ(statuses, (std::vector<int>{0, 0, 0}));
  EXPECT_EQ(pending[0]->failure(), http::Failure::aborted);
  EXPECT_EQ(world.server->pending_requests(), 0u);
  EXPECT_FALSE(world.loop.alive());
}

// One that is ended may end the others, and start new ones.
TEST(LocalRequest, AForcedStopLetsTheEndedActOnTheOthers) {
  std::vector<http::Reference<Exchange>> pending;
  World world(
      TableMaker().fetch([&](Exchange& exchange) { pending.emplace_back(&exchange); }).make());
  int ended = 0;
  for (int i = 0; i < 4; ++i) {
    LocalRequest::start(*world.server, "GET", "/", {}, "", [&](LocalReply) {
      ++ended;
      for (auto& exchange : pending) exchange->abort();
    });
  }
  world.server->stop(true, net::Work([] {}));
  EXPECT_EQ(ended, 4);
  EXPECT_EQ(world.server->pending_requests(), 0u);
}

TEST(LocalRequest, OneToAStoppedServerHasStatus0) {
  int calls = 0;
  World world(TableMaker().fetch([&](Exchange&) { ++calls; }).make());
  world.server->stop(true, net::Work([] {}));
  ASSERT_EQ(world.server->state(), Server::State::stopped);
  auto reply = world.request("GET", "/");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 0);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(world.server->pending_requests(), 0u);
}

// What it began with goes on without the table.
TEST(LocalRequest, AHandlerMayStopItsServerAndAskIt) {
  std::optional<LocalReply> inner;
  World* here = nullptr;
  World world(TableMaker()
                  .fetch([&](Exchange& exchange) {
                    here->server->stop(false, net::Work([] {}));
                    inner = here->request("GET", "/again");
                    exchange.reply({.status = 299});
                  })
                  .make());
  here = &world;
  EXPECT_EQ(world.request("GET", "/")->status, 299);
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->status, 0);
}

TEST(LocalRequest, HasNoAddress) {
  std::optional<net::PeerAddress> peer;
  World world(TableMaker()
                  .fetch([&](Exchange& exchange) {
                    peer = exchange.stream()->peer();
                    exchange.reply({});
                  })
                  .make());
  world.request("GET", "/");
  EXPECT_EQ(peer, net::PeerAddress{});
}

TEST(LocalRequest, DoneMayStartTheNext) {
  World world(TableMaker().fetch(says("x")).make());
  int count = 0;
  std::function<void(LocalReply)> next = [&](LocalReply) {
    if (++count < 100) LocalRequest::start(*world.server, "GET", "/", {}, "", next);
  };
  next({});
  EXPECT_EQ(count, 100);
  EXPECT_EQ(world.server->pending_requests(), 0u);
}

}  // namespace
}  // namespace bao::server
