#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <bao/bao.h>
#include <bao/handler.h>

#include "api/served.h"

// Everything that may stand for a handler: its arguments, its results, its kinds.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::RawReply;
using testing::Served;

/// What a server with that handler says to `GET /`.
RawReply reply_of(Handler handler, bool development = false) {
  Served served({.fetch = std::move(handler), .development = development});
  return served.get("/");
}

Response function(Request& req) {
  return Response(std::string("function ").append(req.path()));
}
Response function_of_both(Request&, Server& server) {
  return Response(server.id());
}
Response function_of_nothing() {
  return Response("nothing");
}
Response never_throws(Request&) noexcept {
  return Response("noexcept");
}
Task<Response> coroutine(Request& req) {
  co_return Response(std::string("coroutine ").append(req.path()));
}
Task<Response> coroutine_of_nothing() {
  co_return Response("empty");
}
Task<std::optional<Response>> coroutine_of_both(Request& req, Server& server) {
  co_return Response(std::string(req.path()) + server.id());
}

// ---- Arguments

TEST(HandlerArguments, Request) {
  EXPECT_EQ(reply_of([](Request& req) { return Response(req.path()); }).body, "/");
  EXPECT_EQ(reply_of([](const Request& req) { return Response(req.path()); }).body, "/");
}

TEST(HandlerArguments, RequestAndServer) {
  Served served(
      {.fetch = [](Request&, Server& server) { return Response(server.id()); }, .id = "me"});
  EXPECT_EQ(served.get("/").body, "me");
}

TEST(HandlerArguments, TheServerMayBeCopied) {
  std::optional<Server> kept;
  Served served({.fetch =
                     [&](Request&, Server server) {
                       kept = server;
                       return Response();
                     },
                 .id = "me"});
  served.get("/");
  EXPECT_EQ(kept->id(), "me");
}

TEST(HandlerArguments, Nothing) {
  EXPECT_EQ(reply_of([] { return Response("nothing"); }).body, "nothing");
}

TEST(HandlerArguments, MayBeGeneric) {
  EXPECT_EQ(reply_of([](auto& req) { return Response(req.path()); }).body, "/");
  EXPECT_EQ(reply_of([](auto&&... all) { return Response(std::to_string(sizeof...(all))); }).body,
            "2");
}

TEST(HandlerArguments, OfFunctions) {
  EXPECT_EQ(reply_of(function).body, "function /");
  EXPECT_EQ(reply_of(&function).body, "function /");
  EXPECT_NE(reply_of(function_of_both).body, "");
  EXPECT_EQ(reply_of(function_of_nothing).body, "nothing");
  EXPECT_EQ(reply_of(never_throws).body, "noexcept");
}

TEST(HandlerArguments, OfCoroutines) {
  EXPECT_EQ(reply_of(coroutine).body, "coroutine /");
  EXPECT_EQ(reply_of(coroutine_of_nothing).body, "empty");
  EXPECT_EQ(reply_of(coroutine_of_both).body.substr(0, 1), "/");
}

// ---- Kinds of callables

TEST(HandlerKinds, StdFunction) {
  std::function<Response(Request&)> f = [](Request& req) { return Response(req.path()); };
  EXPECT_EQ(reply_of(f).body, "/");
}

TEST(HandlerKinds, AnEmptyStdFunctionIsAnError) {
  EXPECT_EQ(reply_of(std::function<Response(Request&)>()).status, 500);
}

TEST(HandlerKinds, MemberFunctions) {
  struct Counter {
    Response operator()(Request&) { return Response(std::to_string(++count)); }
    Response next() { return Response(std::to_string(++count)); }
    int count = 0;
  };
  Counter counter;
  Served served(
      {.routes = {{"/bound", std::bind_front(&Counter::next, &counter)}}, .fetch = Counter{41}});
  EXPECT_EQ(served.get("/bound").body, "1");
  EXPECT_EQ(served.get("/bound").body, "2");
  EXPECT_EQ(served.get("/").body, "42");
}

TEST(HandlerKinds, MoveOnlyCaptures) {
  auto text = std::make_unique<std::string>("owned");
  EXPECT_EQ(reply_of([text = std::move(text)] { return Response(*text); }).body, "owned");
}

TEST(HandlerKinds, MutableLambdasKeepTheirState) {
  Served served(
      {.routes = {{"/count", [n = 0]() mutable { return Response(std::to_string(++n)); }}},
       .fetch = [n = 0]() mutable -> Task<Response> { co_return Response(std::to_string(--n)); }});
  EXPECT_EQ(served.get("/count").body, "1");
  EXPECT_EQ(served.get("/count").body, "2");
  EXPECT_EQ(served.get("/").body, "-1");
  EXPECT_EQ(served.get("/").body, "-2");
}

TEST(HandlerKinds, CopiesShareTheCallable) {
  Handler handler = [n = 0]() mutable { return Response(std::to_string(++n)); };
  Served served({.routes = {{"/a", handler}, {"/b", handler}, {"/c", methods{.get = handler}}},
                 .fetch = handler});
  EXPECT_EQ(served.get("/a").body, "1");
  EXPECT_EQ(served.get("/b").body, "2");
  EXPECT_EQ(served.get("/c").body, "3");
  EXPECT_EQ(served.get("/d").body, "4");
}

TEST(HandlerKinds, KnowWhetherTheyAreThere) {
  Response (*nothing)() = nullptr;
  EXPECT_FALSE(Handler());
  EXPECT_FALSE(Handler(nothing));
  EXPECT_TRUE(Handler(function));
  EXPECT_TRUE(Handler([] { return Response(); }));
  EXPECT_FALSE(ErrorHandler());
  EXPECT_TRUE(ErrorHandler([](const std::exception&) { return Response(); }));
}

TEST(HandlerKinds, KnowWhetherTheyAreCoroutines) {
  EXPECT_FALSE(Handler(function).is_task());
  EXPECT_TRUE(Handler(coroutine).is_task());
  EXPECT_FALSE(Handler(function).wants_body());
  EXPECT_TRUE(buffered(function).wants_body());
}

// ---- Results

TEST(HandlerResults, Response) {
  RawReply reply = reply_of([] { return Response("text").status(201).set("X-A", "1"); });
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, "text");
  EXPECT_EQ(reply.field("X-A"), "1");
}

TEST(HandlerResults, ReferencesAreCopied) {
  Response kept("kept");
  auto handler = [&]() -> const Response& { return kept; };
  Served served({.fetch = handler});
  EXPECT_EQ(served.get("/").body, "kept");
  EXPECT_EQ(served.get("/").body, "kept");
  EXPECT_EQ(kept.body(), "kept");
}

TEST(HandlerResults, WhatConvertsToAResponse) {
  EXPECT_EQ(reply_of([] { return std::string("string"); }).body, "string");
  EXPECT_EQ(reply_of([] { return std::string_view("view"); }).body, "view");
  EXPECT_EQ(reply_of([] { return "literal"; }).body, "literal");
  EXPECT_EQ(reply_of([]() -> Task<std::string> { co_return "task"; }).body, "task");
}

TEST(HandlerResults, OptionalResponse) {
  auto maybe = [](bool there) -> std::optional<Response> {
    if (!there) return std::nullopt;
    return Response("there");
  };
  EXPECT_EQ(reply_of([&] { return maybe(true); }).body, "there");
  EXPECT_EQ(reply_of([&] { return maybe(false); }).status, 204);
  EXPECT_EQ(reply_of([]() -> std::optional<std::string> { return "text"; }).body, "text");
}

TEST(HandlerResults, TaskOfEach) {
  EXPECT_EQ(reply_of([]() -> Task<Response> { co_return Response("r"); }).body, "r");
  EXPECT_EQ(reply_of([]() -> Task<Response> { co_return "converted"; }).body, "converted");
  EXPECT_EQ(reply_of([]() -> Task<std::optional<Response>> { co_return Response("o"); }).body, "o");
  EXPECT_EQ(reply_of([]() -> Task<std::optional<Response>> { co_return std::nullopt; }).status,
            204);
  EXPECT_EQ(reply_of([]() -> Task<std::optional<Response>> { co_return {}; }).status, 204);
  EXPECT_EQ(reply_of([]() -> Task<Response> { co_return {}; }).status, 200);
}

TEST(HandlerResults, AFunctionMayHandOnATask) {
  EXPECT_EQ(reply_of([](Request& req) { return coroutine(req); }).body, "coroutine /");
}

TEST(HandlerResults, AFunctionThatHandsOnATaskMayThrow) {
  EXPECT_EQ(reply_of([](Request& req) {
              if (req.path() == "/") throw std::runtime_error("before the task");
              return coroutine(req);
            }).status,
            500);
}

// ---- Nothing

TEST(HandlerResults, NothingIs204InProduction) {
  RawReply reply = reply_of([]() -> std::optional<Response> { return std::nullopt; });
  EXPECT_EQ(reply.status, 204);
  EXPECT_FALSE(reply.has("Content-Length"));
  EXPECT_TRUE(reply.has("Date"));
}

TEST(HandlerResults, NothingIsAnExplainingPageInDevelopment) {
  for (const Handler& handler :
       {Handler([]() -> std::optional<Response> { return std::nullopt; }),
        Handler([]() -> Task<std::optional<Response>> { co_return std::nullopt; })}) {
    RawReply reply = reply_of(handler, true);
    EXPECT_EQ(reply.status, 500);
    EXPECT_EQ(reply.field("Content-Type"), "text/html;charset=utf-8");
    EXPECT_NE(reply.body.find("GET / HTTP/1.1"), std::string::npos);
    EXPECT_EQ(reply.body.find("WebSocket"), std::string::npos) << "there are none";
  }
}

TEST(HandlerResults, TheExplainingPageEscapesTheTarget) {
  Served served(
      {.fetch = []() -> std::optional<Response> { return std::nullopt; }, .development = true});
  EXPECT_EQ(served.get("/<script>alert(1)</script>").body.find("<script>alert(1)"),
            std::string::npos);
}

// ---- Servers see only their own

TEST(Handlers, TwoServersInOneProcess) {
  Served a(
      {.fetch = [](Request&, Server& server) { return Response("a" + server.id()); }, .id = "1"});
  Served b(
      {.fetch = [](Request&, Server& server) { return Response("b" + server.id()); }, .id = "2"});
  EXPECT_EQ(a.get("/").body, "a1");
  EXPECT_EQ(b.get("/").body, "b2");
}

// A handler of one server may make requests to the other one's handlers.
TEST(Handlers, OneServerMayFetchFromAnother) {
  Served inner(
      {.fetch = [](Request& req) { return Response("inner " + std::string(req.path())); }});
  Served outer({.fetch = [&](Request&) -> Task<Response> {
    Response got = co_await inner.server.fetch("/from-outer");
    co_return Response("outer got " + got.body());
  }});
  EXPECT_EQ(outer.get("/").body, "outer got inner /from-outer");
}

}  // namespace
}  // namespace bao
