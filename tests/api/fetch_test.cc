#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"

// Server::fetch: the handlers without a socket.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::Served;
using testing::turn_until;

/// What a fetch came to.
struct Result {
  std::optional<Response> response;
  std::string thrown;
};

Task<void> fetch_into(Server server, std::string target, FetchOptions options, Result& result) {
  try {
    result.response = co_await server.fetch(std::move(target), std::move(options));
  } catch (const std::runtime_error& error) {
    result.thrown = error.what();
  }
}

Result fetch(Served& served, std::string target, FetchOptions options = {}) {
  Result result;
  spawn(fetch_into(served.server, std::move(target), std::move(options), result));
  EXPECT_TRUE(turn_until([&] { return result.response || !result.thrown.empty(); }));
  return result;
}

TEST(Fetch, RunsTheHandlers) {
  Served served(
      {.routes = {{"/users/:id", [](Request& req) { return Response("user " + req.param("id")); }},
                  {"/prepared", Response("prepared").status(203)}},
       .fetch = [](Request& req) { return Response("fetch " + std::string(req.path())); }});
  EXPECT_EQ(fetch(served, "/users/a%20b").response->body(), "user a b");
  EXPECT_EQ(fetch(served, "/prepared").response->status(), 203);
  EXPECT_EQ(fetch(served, "/else?q").response->body(), "fetch /else");
  EXPECT_EQ(served.server.counters().connections_total, 0u);
}

TEST(Fetch, SendsMethodFieldsAndBody) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
    std::string all(req.method());
    for (auto [name, value] : req.fields()) all.append("|").append(name).append("=").append(value);
    all += "|" + co_await req.text();
    co_return Response(all);
  }});
  FetchOptions options;
  options.method = "PUT";
  options.fields.append("X-A", "1");
  options.fields.append("X-A", "2");
  options.body = std::string("b\0dy", 4);
  const std::string host = served.server.url().substr(7, served.server.url().size() - 8);
  EXPECT_EQ(fetch(served, "/", options).response->body(),
            "PUT|Host=" + host + "|Content-Length=4|X-A=1|X-A=2|" + std::string("b\0dy", 4));
}

TEST(Fetch, MayNameAUrl) {
  Served served({.fetch = [](Request& req) { return Response(req.url()); }});
  EXPECT_EQ(fetch(served, "http://example.org/a?b").response->body(), "http://example.org/a?b");
  EXPECT_EQ(fetch(served, "/a?b").response->body(), served.server.url() + "a?b");
  FetchOptions options;
  options.fields.set("Host", "other.org");
  EXPECT_EQ(fetch(served, "/a", options).response->body(), "http://other.org/a");
}

TEST(Fetch, GivesStatusFieldsAndBody) {
  Served served({.fetch = [](Request&) {
    return Response::json_text("{}")
        .status(418)
        .append("Set-Cookie", "a=1")
        .append("Set-Cookie", "b=2");
  }});
  Response response = *fetch(served, "/").response;
  EXPECT_EQ(response.status(), 418);
  EXPECT_EQ(response.body(), "{}");
  EXPECT_EQ(response.fields().get("Content-Type"), "application/json;charset=utf-8");
  EXPECT_EQ(response.fields().get_all("Set-Cookie").size(), 2u);
}

TEST(Fetch, ItsResponseMayBeHandedOn) {
  Served served(
      {.routes = {{"/inner", [] { return Response("inner").status(203).set("X-A", "1"); }}},
       .fetch = [](Request&, Server& server) -> Task<Response> {
         co_return co_await server.fetch("/inner");
       }});
  testing::RawReply reply = served.get("/");
  EXPECT_EQ(reply.status, 203);
  EXPECT_EQ(reply.body, "inner");
  EXPECT_EQ(reply.field("X-A"), "1");
  EXPECT_EQ(reply.field("Content-Type"), "text/plain;charset=utf-8");
}

TEST(Fetch, WaitsForAHandlerThatSuspends) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
    co_await sleep(5ms);
    co_return Response(co_await req.text());
  }});
  FetchOptions options;
  options.method = "POST";
  options.body = "body";
  EXPECT_EQ(fetch(served, "/", options).response->body(), "body");
}

TEST(Fetch, ErrorsOfHandlersAreReplies) {
  Served served({.fetch = []() -> Response { throw std::runtime_error("x"); }});
  EXPECT_EQ(fetch(served, "/").response->status(), 500);
  EXPECT_NE(served.log, "");
  Served handled(
      {.fetch = []() -> Task<Response> {
         co_await sleep(1ms);
         throw std::runtime_error("x");
       },
       .error = [](const std::exception& error) { return Response(error.what()).status(503); }});
  EXPECT_EQ(fetch(handled, "/").response->body(), "x");
}

TEST(Fetch, NotFoundAndWrongMethodsAreReplies) {
  Served served({.routes = {{"/a", methods{.get = Response("a")}}}});
  EXPECT_EQ(fetch(served, "/b").response->status(), 404);
  FetchOptions options;
  options.method = "POST";
  Response response = *fetch(served, "/a", options).response;
  EXPECT_EQ(response.status(), 405);
  EXPECT_EQ(response.fields().get("Allow"), "GET, HEAD");
  options.method = "HEAD";
  EXPECT_EQ(fetch(served, "/a", options).response->body(), "");
}

TEST(Fetch, WhatTheProtocolRefusesIsAReply) {
  Served served({.fetch = [] { return Response("never"); }, .max_request_body_size = 3});
  for (const char* target : {"", "no-slash", "/a b", "/a\r\nX: 1", "ftp://a/"}) {
    EXPECT_EQ(fetch(served, target).response->status(), 400) << target;
  }
  FetchOptions options;
  options.method = "BAD METHOD";
  EXPECT_EQ(fetch(served, "/", options).response->status(), 400);
  options.method = "POST";
  options.body = "four";
  EXPECT_EQ(fetch(served, "/", options).response->status(), 413);
}

TEST(Fetch, OfAHandlerThatAbortsThrows) {
  Served served({.routes = {{"/sync",
                             [](Request& req, Server& server) {
                               EXPECT_TRUE(server.abort(req));
                               EXPECT_FALSE(server.abort(req));
                               return Response("ignored");
                             }},
                            {"/task", [](Request& req, Server& server) -> Task<Response> {
                               co_await sleep(1ms);
                               server.abort(req);
                               co_await sleep(1ms);
                               co_return Response("ignored");
                             }}}});
  EXPECT_EQ(fetch(served, "/sync").thrown, "Server::fetch: the request was aborted");
  EXPECT_EQ(fetch(served, "/task").thrown, "Server::fetch: the request was aborted");
  EXPECT_EQ(served.server.pending_requests(), 0u);
}

TEST(Fetch, AfterStopThrows) {
  Served served({.fetch = [] { return Response("x"); }});
  served.server.stop();
  EXPECT_EQ(fetch(served, "/").thrown, "Server::fetch: the server is stopped");
}

TEST(Fetch, IsAbortedByAForcedStop) {
  bool stopped = false;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
    while (!req.stop_token().stop_requested()) co_await sleep(1ms);
    stopped = true;
    co_return Response("too late");
  }});
  Result result;
  spawn(fetch_into(served.server, "/", {}, result));
  EXPECT_EQ(served.server.pending_requests(), 1u);
  served.server.stop(true);
  EXPECT_EQ(result.thrown, "Server::fetch: the request was aborted");
  EXPECT_TRUE(turn_until([&] { return stopped; }));
  EXPECT_EQ(served.server.pending_requests(), 0u);
}

TEST(Fetch, UnderWayIsAnsweredAlthoughTheServerStops) {
  Served served({.fetch = []() -> Task<Response> {
    co_await sleep(10ms);
    co_return Response("answered");
  }});
  Result result;
  spawn(fetch_into(served.server, "/", {}, result));
  served.server.stop();
  EXPECT_TRUE(turn_until([&] { return result.response.has_value(); }));
  EXPECT_EQ(result.response->body(), "answered");
}

TEST(Fetch, KeepsTheLoopWhileItRuns) {
  Served served({.fetch = []() -> Task<Response> {
    co_await sleep(1ms);
    co_return Response("x");
  }});
  served.server.unref();
  Result result;
  spawn(fetch_into(served.server, "/", {}, result));
  EXPECT_TRUE(Loop::current().alive());
  run({.signals = false});
  EXPECT_EQ(result.response->body(), "x");
}

TEST(Fetch, DoesNothingUntilItIsAwaited) {
  int runs = 0;
  Served served({.fetch = [&] { return ++runs, Response(); }});
  {
    auto task = served.server.fetch("/");
  }
  EXPECT_EQ(runs, 0);
}

TEST(Fetch, MayBeDroppedWhileItWaits) {
  bool finished = false;
  Served served({.fetch = [&]() -> Task<Response> {
    co_await sleep(5ms);
    finished = true;
    co_return Response("for nobody");
  }});
  auto frame = served.server.fetch("/").release();
  frame.resume();
  frame.destroy();
  EXPECT_TRUE(turn_until([&] { return finished; }));
}

TEST(Fetch, ThousandsInARow) {
  Served served({.fetch = [](Request& req) { return Response(req.query_string()); }});
  int sum = 0;
  auto many = [&]() -> Task<void> {
    for (int i = 0; i < 2000; ++i) {
      Response response = co_await served.server.fetch("/?" + std::to_string(i));
      sum += std::stoi(response.body());
    }
  };
  spawn(many());
  EXPECT_TRUE(turn_until([&] { return sum == 1999 * 1000; }));
}

// A handler that asks its own server, and so on.
TEST(Fetch, MayNest) {
  Served served({.fetch = [](Request& req, Server& server) -> Task<Response> {
    const int depth = std::stoi(std::string(req.query_string()));
    if (depth == 0) co_return Response("bottom");
    Response below = co_await server.fetch("/?" + std::to_string(depth - 1));
    co_return Response(below.body() + "+");
  }});
  EXPECT_EQ(served.get("/?20").body, "bottom" + std::string(20, '+'));
}

}  // namespace
}  // namespace bao
