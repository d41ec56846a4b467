#include "server/table.h"

#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "routing/pattern.h"
#include "server/server_world.h"

namespace bao::server {
namespace {

using http::Method;
using testing::says;
using testing::TableMaker;
using testing::World;

/// `STATUS BODY`, and ` Allow: …` if there is one.
std::string answer(World& world, std::string_view method, std::string_view target) {
  auto reply = world.request(method, target);
  if (!reply) return "none";
  std::string text = std::to_string(reply->status) + " " + reply->body;
  if (auto allow = reply->fields.get("Allow")) text.append("Allow: ").append(*allow);
  return text;
}

TEST(Table, WithoutAnythingAnswers404) {
  World world(TableMaker().make());
  EXPECT_EQ(answer(world, "GET", "/"), "404 ");
  EXPECT_EQ(answer(world, "POST", "/a/b?c"), "404 ");
}

TEST(Table, RunsTheHandlerOfTheMostSpecificRoute) {
  World world(TableMaker()
                  .route("/*", says("rest"))
                  .route("/:one", says("one"))
                  .route("/a", says("a"))
                  .fetch(says("fetch"))
                  .make());
  EXPECT_EQ(answer(world, "GET", "/a"), "200 a");
  EXPECT_EQ(answer(world, "GET", "/b"), "200 one");
  EXPECT_EQ(answer(world, "GET", "/b/c"), "200 rest");
}

TEST(Table, FetchAnswersWhatNoRouteDoes) {
  World world(TableMaker().route("/a", says("a")).fetch(says("fetch")).make());
  EXPECT_EQ(answer(world, "GET", "/b"), "200 fetch");
}

TEST(Table, APreparedReplyNeedsNoHandler) {
  World world(TableMaker().prepared("/a", PreparedReply(201, {}, "", "made")).make());
  EXPECT_EQ(answer(world, "GET", "/a"), "201 made");
  EXPECT_EQ(answer(world, "POST", "/a"), "201 made");
}

TEST(Table, PassOnGoesToFetch) {
  World world(TableMaker().route("/*", says("rest")).pass_on("/a").fetch(says("fetch")).make());
  EXPECT_EQ(answer(world, "GET", "/a"), "200 fetch");
  EXPECT_EQ(answer(world, "GET", "/b"), "200 rest");
}

TEST(Table, PassOnWithoutFetchIs404) {
  World world(TableMaker().pass_on("/a").make());
  EXPECT_EQ(answer(world, "GET", "/a"), "404 ");
}

TEST(Table, ATargetForAnyMethodGetsAnyToken) {
  World world(TableMaker().route("/a", says("a")).make());
  for (const char* method :
       {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE", "get", "M-SEARCH"}) {
    EXPECT_EQ(answer(world, method, "/a"), "200 a") << method;
  }
}

/// One route with that list of methods, each saying its name.
http::Reference<Table> by_method(std::vector<std::pair<Method, std::string>> methods,
                                 bool fetch = false) {
  TableMaker maker;
  std::vector<std::pair<Method, Target>> targets;
  for (auto& [method, text] : methods) targets.emplace_back(method, maker.handler(says(text)));
  maker.methods("/a", std::move(targets));
  if (fetch) maker.fetch(says("fetch"));
  return maker.make();
}

TEST(TableMethods, EachMethodHasItsOwnTarget) {
  World world(by_method({{Method::get, "get"},
                         {Method::post, "post"},
                         {Method::put, "put"},
                         {Method::patch, "patch"},
                         {Method::delete_, "delete"},
                         {Method::options, "options"}}));
  EXPECT_EQ(answer(world, "GET", "/a"), "200 get");
  EXPECT_EQ(answer(world, "POST", "/a"), "200 post");
  EXPECT_EQ(answer(world, "PUT", "/a"), "200 put");
  EXPECT_EQ(answer(world, "PATCH", "/a"), "200 patch");
  EXPECT_EQ(answer(world, "DELETE", "/a"), "200 delete");
  EXPECT_EQ(answer(world, "OPTIONS", "/a"), "200 options");
}

// RFC 9110 section 15.5.6
TEST(TableMethods, AMethodThatIsNotListedIs405WithAllow) {
  World world(by_method({{Method::post, "p"}, {Method::delete_, "d"}}));
  EXPECT_EQ(answer(world, "GET", "/a"), "405 Allow: POST, DELETE");
  EXPECT_EQ(answer(world, "PURGE", "/a"), "405 Allow: POST, DELETE");
  EXPECT_EQ(answer(world, "HEAD", "/a"), "405 Allow: POST, DELETE");
  EXPECT_EQ(answer(world, "OPTIONS", "/a"), "405 Allow: POST, DELETE");
}

TEST(TableMethods, AllowNamesHeadWhereGetIsListed) {
  World world(by_method({{Method::get, "g"}, {Method::put, "p"}}));
  EXPECT_EQ(answer(world, "POST", "/a"), "405 Allow: GET, PUT, HEAD");
}

TEST(TableMethods, AllowNamesHeadOnce) {
  World world(by_method({{Method::get, "g"}, {Method::head, "h"}}));
  EXPECT_EQ(answer(world, "POST", "/a"), "405 Allow: GET, HEAD");
}

// RFC 9110 section 9.1: methods are case-sensitive.
TEST(TableMethods, AMethodInSmallLettersIsAnother) {
  World world(by_method({{Method::get, "g"}}));
  EXPECT_EQ(answer(world, "get", "/a"), "405 Allow: GET, HEAD");
}

// RFC 9110 section 9.3.2
TEST(TableMethods, HeadFallsBackToGet) {
  int runs = 0;
  TableMaker maker;
  std::vector<std::pair<Method, Target>> targets;
  targets.emplace_back(Method::get, maker.handler([&](Exchange& exchange) {
    ++runs;
    EXPECT_EQ(exchange.head.method(), "HEAD");
    exchange.reply({.status = 203, .body = "text"});
  }));
  World world(maker.methods("/a", std::move(targets)).make());
  EXPECT_EQ(answer(world, "HEAD", "/a"), "203 ");
  EXPECT_EQ(runs, 1);
}

TEST(TableMethods, HeadOfItsOwnGoesFirst) {
  World world(by_method({{Method::get, "g"}, {Method::head, "h"}}));
  EXPECT_EQ(world.request("HEAD", "/a")->status, 200);
}

// Bun's order: what a route does not list goes on to fetch.
TEST(TableMethods, WithFetchAMethodThatIsNotListedGoesThere) {
  World world(by_method({{Method::get, "g"}}, true));
  EXPECT_EQ(answer(world, "GET", "/a"), "200 g");
  EXPECT_EQ(answer(world, "POST", "/a"), "200 fetch");
}

// Bun's order, too: a less specific route that takes the method goes before fetch.
TEST(TableMethods, AMethodThatIsNotListedGoesToTheNextLessSpecificRoute) {
  auto make = [](bool fetch) {
    TableMaker maker;
    std::vector<std::pair<Method, Target>> specific, middle;
    specific.emplace_back(Method::get, maker.handler(says("specific")));
    middle.emplace_back(Method::put, maker.handler([](Exchange& exchange) {
      exchange.reply({.body = "middle " + exchange.parameter("id").value_or("?")});
    }));
    maker.methods("/a/one", std::move(specific)).methods("/a/:id", std::move(middle));
    if (fetch) maker.fetch(says("fetch"));
    return maker.make();
  };
  World world(make(false)), with_fetch(make(true));
  EXPECT_EQ(answer(world, "GET", "/a/one"), "200 specific");
  EXPECT_EQ(answer(world, "PUT", "/a/one"), "200 middle one");
  EXPECT_EQ(answer(world, "POST", "/a/one"), "405 Allow: GET, HEAD");
  EXPECT_EQ(answer(with_fetch, "PUT", "/a/one"), "200 middle one");
  EXPECT_EQ(answer(with_fetch, "POST", "/a/one"), "200 fetch");
}

TEST(TableMethods, MayMixHandlersAndPreparedReplies) {
  TableMaker maker;
  std::vector<std::pair<Method, Target>> targets;
  targets.emplace_back(Method::get, PreparedReply(200, {}, "", "prepared"));
  targets.emplace_back(Method::post, maker.handler(says("made")));
  World world(maker.methods("/a", std::move(targets)).make());
  EXPECT_EQ(answer(world, "GET", "/a"), "200 prepared");
  EXPECT_EQ(answer(world, "POST", "/a"), "200 made");
}

// RFC 9110 section 9.3.7
TEST(Table, OptionsOfTheServerListsWhatItKnows) {
  World world(TableMaker().route("/*", says("rest")).make());
  EXPECT_EQ(answer(world, "OPTIONS", "*"),
            "204 Allow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
}

TEST(Table, OptionsOfTheServerGoesToFetchIfThereIsOne) {
  World world(TableMaker().fetch(says("fetch")).make());
  EXPECT_EQ(answer(world, "OPTIONS", "*"), "200 fetch");
}

// ---- Parameters

TEST(TableParameters, AreThereForTheRouteThatMatched) {
  std::optional<std::string> id, rest, other;
  auto look = [&](Exchange& exchange) {
    id = exchange.parameter("id");
    rest = exchange.parameter("*");
    other = exchange.parameter("other");
    exchange.reply({});
  };
  World world(TableMaker().route("/u/:id/*", look).fetch(look).make());
  world.request("GET", "/u/a%2Fb%20%ff/x/%41");
  EXPECT_EQ(id, "a/b \xEF\xBF\xBD");
  EXPECT_EQ(rest, "x/A");
  EXPECT_EQ(other, std::nullopt);
  world.request("GET", "/nothing");
  EXPECT_EQ(id, std::nullopt);
}

TEST(TableParameters, AreNotThereForFetchBehindARoute) {
  std::optional<std::string> id = "before";
  auto look = [&](Exchange& exchange) {
    id = exchange.parameter("id");
    exchange.reply({});
  };
  TableMaker maker;
  std::vector<std::pair<Method, Target>> targets;
  targets.emplace_back(Method::get, maker.handler(says("")));
  World world(maker.methods("/m/:id", std::move(targets)).pass_on("/p/:id").fetch(look).make());
  world.request("GET", "/p/1");
  EXPECT_EQ(id, std::nullopt);
  id = "before";
  world.request("POST", "/m/1");
  EXPECT_EQ(id, std::nullopt);
}

TEST(TableParameters, StayGoodWhenTheHeadMoves) {
  std::optional<std::string> id;
  World world(TableMaker()
                  .route("/u/:id",
                         [&](Exchange& exchange) {
                           std::string copy(exchange.head.bytes());
                           exchange.head.borrow(copy);
                           id = exchange.parameter("id");
                           exchange.reply({});
                         })
                  .make());
  world.request("GET", "/u/seven");
  EXPECT_EQ(id, "seven");
}

// ---- Building, life

TEST(TableBuilder, RefusesWhatTheRouterRefuses) {
  EXPECT_THROW(TableMaker().route("no-slash", says("")), routing::PatternError);
  EXPECT_THROW(TableMaker().route("/:a/:a", says("")), routing::PatternError);
  EXPECT_THROW(TableMaker().route("/*/x", says("")), routing::PatternError);
  EXPECT_THROW(TableMaker().route("/:a", says("")).route("/:b", says("")).make(),
               routing::PatternError);
}

TEST(Table, LivesUntilTheLastExchangeThatBeganWithIt) {
  auto token = std::make_shared<int>(1);
  std::weak_ptr<int> alive = token;
  http::Reference<Exchange> pending;
  World world(
      TableMaker()
          .route("/a", [&](Exchange& exchange) { pending = http::Reference<Exchange>(&exchange); })
          .keep(std::move(token))
          .make());
  world.request("GET", "/a");
  world.server->reload(TableMaker().route("/a", says("new")).make());
  EXPECT_FALSE(alive.expired());
  EXPECT_EQ(answer(world, "GET", "/a"), "200 new");
  EXPECT_TRUE(pending->reply({.body = "old"}));
  EXPECT_FALSE(alive.expired());
  pending = {};
  EXPECT_TRUE(alive.expired());
}

}  // namespace
}  // namespace bao::server
