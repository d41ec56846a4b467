#include <gtest/gtest.h>
#include <optional>
#include <string>

#include <bao/bao.h>

#include "api/served.h"

// Coroutines that end without the co_return that they owe. The language leaves open what happens
// then, so these are compiled as programs are: optimised (tests/CMakeLists.txt).
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawReply;
using testing::Served;

Task<Response> forgets(Request& req) {
  if (req.query("well")) co_return "well\n";
}

Task<Response> forgets_after_a_wait(Request& req) {
  co_await sleep(1ms);
  if (req.query("well")) co_return "well\n";
}

Task<std::optional<Response>> forgets_an_optional(Request& req) {
  if (req.query("well")) co_return "well\n";
}

Task<int> number(bool well) {
  if (well) co_return 7;
}

Task<Response> awaits_one_that_forgets(Request& req) {
  const bool well = req.query("well").has_value();
  int n = co_await number(well);
  co_return n == 7 ? "well\n" : "a wrong number\n";
}

TEST(ForgottenCoReturn, IsAnErrorOfThatRequestAlone) {
  for (const Handler& handler : {Handler(forgets), Handler(forgets_after_a_wait),
                                 Handler(forgets_an_optional), Handler(awaits_one_that_forgets)}) {
    Served served({.fetch = handler, .development = true});
    const RawReply reply = served.get("/");
    EXPECT_EQ(reply.status, 500);
    EXPECT_NE(reply.body.find("std::logic_error"), std::string::npos);
    EXPECT_NE(reply.body.find("ended without co_return"), std::string::npos);
    EXPECT_EQ(served.get("/?well").body, "well\n");
  }
}

TEST(ForgottenCoReturn, ComesToTheErrorHandler) {
  Served served({.fetch = forgets, .error = [](const std::exception& error) {
                   return Response(std::string(error.what())).status(503);
                 }});
  const RawReply reply = served.get("/");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body,
            "A coroutine ended without co_return: end each of its paths with one that gives a "
            "value");
}

}  // namespace
}  // namespace bao
