#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"

// Server::reload: new requests get the new handlers, requests under way end with the old ones.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::RawReply;
using testing::Served;
using testing::turn_until;

Handler says(std::string text) {
  return [text = std::move(text)] { return Response(text); };
}

TEST(Reload, ReplacesRoutesFetchAndErrorHandler) {
  Served served({.routes = {{"/a", says("old a")},
                            {"/prepared", Response("old prepared")},
                            {"/gone", says("gone")}},
                 .fetch = [](Request& req) -> Response {
                   if (req.path() == "/throw") throw std::runtime_error("x");
                   return Response("old fetch");
                 },
                 .error = [](const std::exception&) { return Response("old error"); }});
  EXPECT_EQ(served.get("/a").body, "old a");
  EXPECT_EQ(served.get("/throw").body, "old error");
  served.server.reload({.routes = {{"/a", says("new a")},
                                   {"/prepared", Response("new prepared")},
                                   {"/new", says("new")}},
                        .fetch = [](Request& req) -> Response {
                          if (req.path() == "/throw") throw std::runtime_error("x");
                          return Response("new fetch");
                        },
                        .error = [](const std::exception&) { return Response("new error"); }});
  EXPECT_EQ(served.get("/a").body, "new a");
  EXPECT_EQ(served.get("/prepared").body, "new prepared");
  EXPECT_EQ(served.get("/new").body, "new");
  EXPECT_EQ(served.get("/gone").body, "new fetch");
  EXPECT_EQ(served.get("/throw").body, "new error");
}

TEST(Reload, WhatIsNotGivenIsGone) {
  Served served({.routes = {{"/a", says("a")}},
                 .fetch = says("fetch"),
                 .error = [](const std::exception&) { return Response("error"); }});
  served.server.reload({.fetch = []() -> Response { throw std::runtime_error("x"); }});
  RawReply reply = served.get("/a");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body, "");
  served.server.reload({});
  EXPECT_EQ(served.get("/a").status, 404);
}

TEST(Reload, HoldsOnConnectionsThatAreOpen) {
  Served served({.fetch = says("old")});
  RawClient client = served.connect();
  EXPECT_EQ(client.get("/").body, "old");
  served.server.reload({.fetch = says("new")});
  EXPECT_EQ(client.get("/").body, "new");
  EXPECT_EQ(served.server.counters().connections_total, 1u);
}

TEST(Reload, RequestsUnderWayEndWithTheOldHandlers) {
  bool open = false;
  Served served({.routes = {{"/:id",
                             [&](Request& req) -> Task<Response> {
                               while (!open) co_await sleep(1ms);
                               if (req.param("id") == "fail") throw std::runtime_error("x");
                               co_return Response("old " + req.param("id"));
                             }}},
                 .error = [](const std::exception&) { return Response("old error"); }});
  RawClient fine = served.connect(), fails = served.connect();
  fine.send("GET /7 HTTP/1.1\r\nHost: a\r\n\r\nGET /8 HTTP/1.1\r\nHost: a\r\n\r\n");
  fails.send("GET /fail HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 2; }));
  served.server.reload({.fetch = says("new")});
  EXPECT_EQ(served.get("/").body, "new");
  open = true;
  EXPECT_EQ(fine.read_reply().body, "old 7");
  EXPECT_EQ(fails.read_reply().body, "old error");
  EXPECT_EQ(fine.read_reply().body, "new") << "what was pipelined behind is a new request";
}

TEST(Reload, OldHandlersAreDestroyedAtTheirLastRequestsEnd) {
  auto token = std::make_shared<int>();
  std::weak_ptr<int> alive = token;
  bool open = false;
  Served served({.fetch = [&open, token = std::move(token)]() -> Task<Response> {
    while (!open) co_await sleep(1ms);
    co_return Response("old");
  }});
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 1; }));
  served.server.reload({});
  EXPECT_FALSE(alive.expired());
  open = true;
  EXPECT_EQ(client.read_reply().body, "old");
  EXPECT_TRUE(alive.expired());
}

TEST(Reload, WithoutRequestsUnderWayDestroysTheOldAtOnce) {
  auto token = std::make_shared<int>();
  std::weak_ptr<int> alive = token;
  Served served({.fetch = [token = std::move(token)] { return Response(); }});
  EXPECT_EQ(served.get("/").status, 200);
  served.server.reload({});
  EXPECT_TRUE(alive.expired());
}

TEST(Reload, AWrongOneThrowsAndChangesNothing) {
  Served served({.routes = {{"/a", says("a")}}, .fetch = says("fetch")});
  auto refused = [&](ReloadOptions options) -> std::string {
    try {
      served.server.reload(std::move(options));
    } catch (const OptionError& error) {
      return error.option();
    }
    return "";
  };
  EXPECT_EQ(refused({.routes = {{"/fine", says("")}, {"wrong", says("")}}}), "wrong");
  EXPECT_EQ(refused({.routes = {{"/:a", says("")}, {"/:b", says("")}}}), "/:b");
  EXPECT_EQ(refused({.routes = {{"/x", Handler()}}}), "/x");
  EXPECT_EQ(refused({.routes = {{"/x", true}}}), "/x");
  EXPECT_EQ(refused({.routes = {{"/x", methods{}}}}), "/x");
  EXPECT_EQ(served.get("/a").body, "a");
  EXPECT_EQ(served.get("/fine").body, "fetch");
}

TEST(Reload, InsideAHandlerAnswersWithTheOldOne) {
  auto token = std::make_shared<std::string>("old");
  std::weak_ptr<std::string> alive = token;
  Served served({.fetch = [token = std::move(token)](Request& req, Server& server) {
    server.reload({.fetch = says("new")});
    // This very lambda belongs to the old set, and must not be gone.
    return Response(*token + std::string(req.path()));
  }});
  EXPECT_EQ(served.get("/x").body, "old/x");
  EXPECT_TRUE(alive.expired());
  EXPECT_EQ(served.get("/").body, "new");
}

TEST(Reload, InsideACoroutineAndAnErrorHandler) {
  Served served({.fetch = [](Request&, Server& server) -> Task<Response> {
                   server.reload({.fetch = says("new")});
                   co_await sleep(1ms);
                   throw std::runtime_error("x");
                 },
                 .error = [](const std::exception&) -> Task<Response> {
                   co_await sleep(1ms);
                   co_return Response("old error");
                 }});
  EXPECT_EQ(served.get("/").body, "old error");
  EXPECT_EQ(served.get("/").body, "new");
}

TEST(Reload, ManyTimesUnderTraffic) {
  Served served({.fetch = says("0")});
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(served.connect());
  for (int round = 1; round <= 100; ++round) {
    for (RawClient& client : clients) client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    if (round % 3 == 0) Loop::current().turn(1ms);
    const std::string number = std::to_string(round);
    if (round % 2 == 0) {
      served.server.reload({.fetch = says(number)});
    } else {
      served.server.reload({.fetch = [number]() -> Task<Response> {
        co_await sleep(0ms);
        co_return Response(number);
      }});
    }
    for (RawClient& client : clients) {
      RawReply reply = client.read_reply();
      ASSERT_EQ(reply.status, 200);
      ASSERT_TRUE(reply.body == number || reply.body == std::to_string(round - 1)) << reply.body;
    }
  }
}

TEST(Reload, KeepsDevelopmentAndLimits) {
  Served served({.development = true, .max_request_body_size = 3});
  served.server.reload({.fetch = [](Request& req) -> Response {
    if (req.path() == "/throw") throw std::runtime_error("<seen>");
    return Response(req.text().get());
  }});
  EXPECT_NE(served.get("/throw").body.find("&lt;seen&gt;"), std::string::npos);
  EXPECT_EQ(served.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd").status,
            413);
}

TEST(Reload, OfAServerThatStops) {
  auto token = std::make_shared<int>();
  std::weak_ptr<int> alive = token;
  bool open = false;
  Served served({.fetch = [&]() -> Task<Response> {
    while (!open) co_await sleep(1ms);
    co_return Response("old");
  }});
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 1; }));
  Stopping stopping = served.server.stop();
  served.server.reload({.fetch = [token = std::move(token)] { return Response("new"); }});
  open = true;
  EXPECT_EQ(client.read_reply().body, "old");
  client.close();
  EXPECT_TRUE(turn_until([&] { return stopping.done(); }));
  EXPECT_TRUE(alive.expired()) << "a server that has stopped keeps no handlers";
  served.server.reload({.fetch = says("never")});
}

}  // namespace
}  // namespace bao
