#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <utility>

#include <bao/bao.h>
#include <bao/routes.h>

#include "api/served.h"

namespace bao {
namespace {

using testing::RawClient;
using testing::RawReply;
using testing::Served;

Handler says(std::string text) {
  return [text = std::move(text)] { return Response(text); };
}

std::string request(std::string_view method, std::string_view path) {
  return std::string(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: test\r\n\r\n");
}

struct Refusal {
  std::string option;
  std::string sentence;
};

Refusal refusal(Routes routes) {
  try {
    serve({.port = 0, .hostname = "127.0.0.1", .routes = std::move(routes)}).stop(true);
  } catch (const OptionError& error) {
    return {error.option(), error.what()};
  }
  return {};
}

/// A head without its Date, which may turn between two replies.
std::string without_date(std::string head) {
  size_t at = head.find("Date: ");
  if (at != head.npos) head.erase(at, head.find("\r\n", at) + 2 - at);
  return head;
}

// ---- Values

TEST(Routes, AValueMayBeAHandlerAResponseMethodsOrFalse) {
  Served served({.routes = {{"/handler", [] { return Response("handler"); }},
                            {"/response", Response("response").status(201)},
                            {"/methods", methods{.get = says("get"), .post = Response("posted")}},
                            {"/false", false},
                            {"/function", says("function")}},
                 .fetch = says("fetch")});
  EXPECT_EQ(served.get("/handler").body, "handler");
  EXPECT_EQ(served.get("/response").body, "response");
  EXPECT_EQ(served.get("/response").status, 201);
  EXPECT_EQ(served.get("/methods").body, "get");
  EXPECT_EQ(served.exchange(request("POST", "/methods")).body, "posted");
  EXPECT_EQ(served.get("/false").body, "fetch");
  EXPECT_EQ(served.get("/function").body, "function");
  EXPECT_EQ(served.get("/else").body, "fetch");
}

TEST(Routes, AValueMayBeText) {
  const char* pointer = "pointer";
  const std::string text = "string";
  Served served({.routes = {{"/literal", "literal"},
                            {"/pointer", pointer},
                            {"/string", text},
                            {"/moved", std::string("moved")},
                            {"/view", std::string_view("view")},
                            {"/methods", methods{.get = "get", .post = std::string("post")}}}});
  for (const char* path : {"/literal", "/pointer", "/string", "/moved", "/view"}) {
    const RawReply reply = served.get(path);
    EXPECT_EQ(reply.body, path == std::string("/string") ? text : std::string(path + 1));
    EXPECT_EQ(reply.field("Content-Type"), "text/plain;charset=utf-8");
    EXPECT_TRUE(reply.has("ETag")) << "it is prepared";
  }
  EXPECT_EQ(served.get("/methods").body, "get");
  EXPECT_EQ(served.exchange(request("POST", "/methods")).body, "post");
  Served one({.routes = {{"/", "only"}}});
  EXPECT_EQ(one.get("/").body, "only");
  Routes added;
  added.add("/", "added");
  EXPECT_EQ(Served({.routes = added}).get("/").body, "added");
}

TEST(Routes, MayBeComputed) {
  Routes routes;
  for (int i = 0; i < 20; ++i) routes.add("/" + std::to_string(i), says(std::to_string(i * i)));
  routes.add("/prepared", Response("prepared"));
  routes.add("/none", false);
  EXPECT_EQ(routes.entries().size(), 22u);
  Served served({.routes = routes});
  EXPECT_EQ(served.get("/7").body, "49");
  EXPECT_EQ(served.get("/prepared").body, "prepared");
  EXPECT_EQ(served.get("/none").status, 404);
}

TEST(Routes, WithNothingAtAllEverythingIs404) {
  Served served;
  RawReply reply = served.get("/");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(reply.field("Content-Length"), "0");
  EXPECT_TRUE(reply.has("Date"));
}

// ---- Order: exact > :param > /* > fetch

TEST(Routes, TheMostSpecificOneWins) {
  Served served({.routes = {{"/*", says("rest")},
                            {"/users/:id", says("parameter")},
                            {"/users/me", says("exact")},
                            {"/users/:id/*", says("below")}},
                 .fetch = says("fetch")});
  EXPECT_EQ(served.get("/users/me").body, "exact");
  EXPECT_EQ(served.get("/users/7").body, "parameter");
  EXPECT_EQ(served.get("/users/7/posts/1").body, "below");
  EXPECT_EQ(served.get("/users/").body, "rest");
  EXPECT_EQ(served.get("/users").body, "rest");
  EXPECT_EQ(served.get("/").body, "rest");
}

TEST(Routes, TheQueryDoesNotMatter) {
  Served served({.routes = {{"/a", says("a")}}});
  EXPECT_EQ(served.get("/a?b=/c").body, "a");
  EXPECT_EQ(served.get("/a?").body, "a");
}

TEST(Routes, PathsAreComparedAsTheyWereSent) {
  Served served({.routes = {{"/a", says("a")}}});
  for (const char* path : {"/A", "/a/", "//a", "/%61", "/a%2F", "/a;x", "/./a"}) {
    EXPECT_EQ(served.get(path).status, 404) << path;
  }
}

TEST(Routes, AnAbsoluteTargetMatchesByItsPath) {  // RFC 9112 section 3.2.2
  Served served({.routes = {{"/a", says("a")}, {"/", says("root")}}});
  EXPECT_EQ(served.get("http://example.org/a").body, "a");
  EXPECT_EQ(served.get("http://example.org").body, "root");
}

// ---- Parameters

TEST(RouteParameters, AreDecoded) {
  Served served(
      {.routes = {{"/:a/x/:b",
                   [](Request& req) { return Response(req.param("a") + "|" + req.param("b")); }},
                  {"/files/*", [](Request& req) { return Response(req.param("*")); }}}});
  EXPECT_EQ(served.get("/1/x/2").body, "1|2");
  EXPECT_EQ(served.get("/a%20b/x/%2F%41").body, "a b|/A");
  EXPECT_EQ(served.get("/%E2%82%AC/x/+").body, "\xE2\x82\xAC|+");
  EXPECT_EQ(served.get("/%FF/x/%C3").body, "\xEF\xBF\xBD|\xEF\xBF\xBD");
  EXPECT_EQ(served.get("/%/x/%4").body, "%|%4");
  EXPECT_EQ(served.get("/files/a/b%20c").body, "a/b c");
  EXPECT_EQ(served.get("/files/").body, "");
}

TEST(RouteParameters, OneThatIsNotThereIsNamed) {
  std::string said;
  auto look = [&](Request& req) {
    try {
      return Response(req.param("name"));
    } catch (const std::out_of_range& error) {
      said = error.what();
      return Response("none");
    }
  };
  Served served({.routes = {{"/:id", look}}, .fetch = look});
  served.get("/1");
  EXPECT_EQ(
      said,
      "The route of this request has no parameter \"name\": its pattern must have a segment :name");
  said.clear();
  served.get("/no/route");
  EXPECT_NE(said, "");
}

// ---- Methods

TEST(Methods, EachHasItsOwn) {
  Served served({.routes = {{"/a", methods{.get = says("get"),
                                           .post = says("post"),
                                           .put = says("put"),
                                           .patch = says("patch"),
                                           .del = says("delete"),
                                           .head = Response().set("X-Head", "1"),
                                           .options = says("options")}}}});
  EXPECT_EQ(served.exchange(request("GET", "/a")).body, "get");
  EXPECT_EQ(served.exchange(request("POST", "/a")).body, "post");
  EXPECT_EQ(served.exchange(request("PUT", "/a")).body, "put");
  EXPECT_EQ(served.exchange(request("PATCH", "/a")).body, "patch");
  EXPECT_EQ(served.exchange(request("DELETE", "/a")).body, "delete");
  EXPECT_EQ(served.exchange(request("OPTIONS", "/a")).body, "options");
  EXPECT_EQ(served.exchange(request("HEAD", "/a")).field("X-Head"), "1");
}

TEST(Methods, WhatIsNotListedIs405WithAllow) {  // RFC 9110 section 15.5.6
  Served served({.routes = {{"/a", methods{.get = says("get"), .del = says("delete")}}}});
  RawReply reply = served.exchange(request("POST", "/a"));
  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(reply.field("Allow"), "GET, DELETE, HEAD");
  EXPECT_EQ(reply.field("Content-Length"), "0");
  EXPECT_EQ(served.exchange(request("BREW", "/a")).status, 405);
}

TEST(Methods, WhatIsNotListedGoesToFetchIfThereIsOne) {
  Served served({.routes = {{"/a/:id", methods{.get = says("get")}}}, .fetch = [](Request& req) {
                   return Response("fetch " + std::string(req.method()));
                 }});
  EXPECT_EQ(served.exchange(request("POST", "/a/1")).body, "fetch POST");
  EXPECT_EQ(served.exchange(request("GET", "/a/1")).body, "get");
}

TEST(Methods, HeadFallsBackToGetWithTheSameHead) {  // RFC 9110 section 9.3.2
  Served served(
      {.routes = {{"/handler", methods{.get =
                                           [](Request& req) {
                                             return Response(std::string(req.method().size(), 'x'))
                                                 .status(203)
                                                 .set("X-A", "1")
                                                 .append("Set-Cookie", "a=1");
                                           }}},
                  {"/prepared", methods{.get = Response("prepared").set("X-A", "1")}},
                  {"/any", Response("any")}}});
  for (const char* path : {"/prepared", "/any"}) {
    RawClient client = served.connect();
    RawReply get = client.get(path);
    RawReply head = client.exchange(request("HEAD", path));
    EXPECT_EQ(without_date(head.head), without_date(get.head)) << path;
    EXPECT_TRUE(head.has("ETag")) << path;
    // The connection goes on: no body came behind the head.
    EXPECT_EQ(client.get(path).status, 200) << path;
  }
  RawReply head = served.exchange(request("HEAD", "/handler"));
  EXPECT_EQ(head.status, 203);
  EXPECT_EQ(head.field("Content-Length"), "4");
  EXPECT_EQ(head.field("Content-Type"), "text/plain;charset=utf-8");
  EXPECT_EQ(head.field("X-A"), "1");
  EXPECT_EQ(head.field("Set-Cookie"), "a=1");
  EXPECT_TRUE(head.has("Date"));
}

TEST(Methods, AHandlerForAllGetsAnyMethodAsItWasSent) {
  Served served({.routes = {{"/a", [](Request& req) { return Response(req.method()); }}}});
  for (const char* method : {"GET", "POST", "TRACE", "PURGE", "get", "!#$%&'*+-.^_`|~09"}) {
    EXPECT_EQ(served.exchange(request(method, "/a")).body, method);
  }
}

TEST(Methods, OptionsOfTheWholeServer) {  // RFC 9110 section 9.3.7
  Served served({.routes = {{"/*", says("rest")}}});
  RawReply reply = served.exchange(request("OPTIONS", "*"));
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.field("Allow"), "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
  Served with_fetch({.fetch = [](Request& req) { return Response(req.path()); }});
  EXPECT_EQ(with_fetch.exchange(request("OPTIONS", "*")).body, "*");
}

TEST(Methods, ConnectIsNotImplemented) {  // RFC 9110 section 9.3.6
  Served served({.fetch = says("fetch")});
  EXPECT_EQ(served.exchange("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n").status, 501);
}

// ---- Prepared replies

TEST(PreparedRoute, NeverRunsCodeAndKeepsItsFields) {
  Response response = Response::json_text("{}");
  response.set("Cache-Control", "no-store").append("Set-Cookie", "a=1").append("Set-Cookie", "b=2");
  Served served({.routes = {{"/a", response}}});
  response.body("changed afterwards");
  RawReply reply = served.get("/a");
  EXPECT_EQ(reply.body, "{}");
  EXPECT_EQ(reply.field("Content-Type"), "application/json;charset=utf-8");
  EXPECT_EQ(reply.field("Cache-Control"), "no-store");
  EXPECT_EQ(reply.field_all("Set-Cookie").size(), 2u);
}

TEST(PreparedRoute, HasAnETagAndAnswers304) {  // RFC 9110 section 13.1.2
  Served served({.routes = {{"/a", Response("hello")},
                            {"/mine", Response("hello").set("ETag", "W/\"v1\"")}}});
  RawReply first = served.get("/a");
  const std::string etag = first.field("ETag").value_or("");
  ASSERT_GT(etag.size(), 2u);
  auto conditional = [&](const std::string& path, const std::string& tags) {
    return served.exchange("GET " + path + " HTTP/1.1\r\nHost: a\r\nIf-None-Match: " + tags +
                           "\r\n\r\n");
  };
  RawReply same = conditional("/a", "\"other\", W/" + etag);
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.field("ETag"), etag);
  EXPECT_TRUE(same.has("Date"));
  EXPECT_FALSE(same.has("Content-Length"));
  EXPECT_FALSE(same.has("Content-Type"));
  EXPECT_EQ(conditional("/a", "*").status, 304);
  EXPECT_EQ(conditional("/a", "\"other\"").body, "hello");
  EXPECT_EQ(conditional("/mine", "\"v1\"").status, 304);
}

TEST(PreparedRoute, MayHaveALargeBody) {
  const std::string large(3 << 20, 'x');
  Served served({.routes = {{"/a", Response(large)}}});
  RawClient client = served.connect();
  client.send(request("GET", "/a") + request("GET", "/a"));
  EXPECT_EQ(client.read_reply().body, large);
  EXPECT_EQ(client.read_reply().body, large);
}

TEST(PreparedRoute, MayClose) {
  Served served({.routes = {{"/a", Response("bye").set("Connection", "close")}}});
  RawClient client = served.connect();
  EXPECT_EQ(client.get("/a").field("Connection"), "close");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
}

// ---- Wrong routes

TEST(WrongRoute, IsNamedByItsPattern) {
  Refusal found = refusal({{"/fine", says("")}, {"users", says("")}});
  EXPECT_EQ(found.option, "users");
  EXPECT_EQ(found.sentence,
            "route pattern \"users\": a pattern begins with \"/\"; write \"/users\"");
  for (const char* pattern : {"", "/:a/:a", "/*/x", "/a*", "/:", "/a b", "/a?b", "/../a"}) {
    EXPECT_EQ(refusal({{pattern, says("")}}).option, pattern);
    EXPECT_EQ(refusal({{pattern, Response("")}}).option, pattern);
    EXPECT_EQ(refusal({{pattern, methods{.get = says("")}}}).option, pattern);
    EXPECT_EQ(refusal({{pattern, false}}).option, pattern);
  }
}

TEST(WrongRoute, TwoOfTheSameShapeAreNamed) {
  Refusal found = refusal({{"/users/:id", says("a")}, {"/users/:name", says("b")}});
  EXPECT_EQ(found.option, "/users/:name");
  EXPECT_NE(found.sentence.find("/users/:id"), std::string::npos) << found.sentence;
  EXPECT_EQ(refusal({{"/a", says("a")}, {"/a", says("b")}}).option, "/a");
}

TEST(WrongRoute, AnEmptyHandlerIsNamed) {
  Response (*nothing)(Request&) = nullptr;
  Refusal found = refusal({{"/a", Handler()}});
  EXPECT_EQ(found.option, "/a");
  EXPECT_EQ(found.sentence,
            "Route \"/a\" has an empty handler: give one, or false to let requests fall through to "
            ".fetch");
  EXPECT_EQ(refusal({{"/a", nothing}}).sentence, found.sentence);
  EXPECT_EQ(refusal({{"/a", buffered(Handler())}}).sentence, found.sentence);
}

TEST(WrongRoute, NoMethodsAreNamed) {
  Refusal found = refusal({{"/a", methods{}}});
  EXPECT_EQ(found.option, "/a");
  EXPECT_EQ(found.sentence,
            "Route \"/a\" lists no method: set at least one of bao::methods, or remove the route");
  EXPECT_EQ(refusal({{"/a", methods{.get = Handler()}}}).sentence, found.sentence);
}

TEST(WrongRoute, AStreamIsNamed) {
  auto produce = [](Writer& out) -> Task<> { co_await out.write("x"); };
  Refusal found = refusal({{"/a", Response::stream(produce)}});
  EXPECT_EQ(found.option, "/a");
  EXPECT_EQ(found.sentence,
            "Route \"/a\" has a streamed Response, which cannot be prepared: give a handler that "
            "returns it");
  EXPECT_EQ(refusal({{"/a", methods{.get = Response::stream(produce)}}}).sentence, found.sentence);
}

TEST(WrongRoute, TrueIsNamed) {
  Refusal found = refusal({{"/a", true}});
  EXPECT_EQ(found.option, "/a");
  EXPECT_EQ(found.sentence,
            "Route \"/a\" is true: give a handler or a Response, or false to let requests fall "
            "through to .fetch");
}

}  // namespace
}  // namespace bao
