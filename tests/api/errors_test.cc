#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <bao/bao.h>
#include <bao/error.h>

#include "api/served.h"

// What happens when handlers throw or return nothing.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::RawReply;
using testing::Served;

/// An exception of a type of the program's own.
class OwnError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown by something that derives from nothing.
struct NoException {
  int number;
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

/// Handlers of every kind that throw what `thrower` throws.
Routes throwing(std::function<void()> thrower) {
  return {{"/sync",
           [thrower]() -> Response {
             thrower();
             return {};
           }},
          {"/task",
           [thrower]() -> Task<Response> {
             thrower();
             co_return Response();
           }},
          {"/suspended",
           [thrower]() -> Task<Response> {
             co_await sleep(1ms);
             thrower();
             co_return Response();
           }},
          {"/buffered", buffered([thrower]() -> Response {
             thrower();
             return {};
           })}};
}
const char* const kKinds[] = {"/sync", "/task", "/suspended", "/buffered"};

void throw_own() {
  throw OwnError("own <message> & \"text\"");
}

// ---- Without an error handler

TEST(Errors, InProductionAre500WithoutAnyDetail) {
  Served served({.routes = throwing(throw_own)});
  for (const char* path : kKinds) {
    RawReply reply = served.get(path);
    EXPECT_EQ(reply.head.substr(0, 36), "HTTP/1.1 500 Internal Server Error\r\n");
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ(reply.field("Content-Length"), "0");
    EXPECT_TRUE(reply.has("Date"));
    EXPECT_FALSE(contains(reply.head, "own")) << reply.head;
    EXPECT_FALSE(contains(reply.head, "Content-Type"));
  }
}

TEST(Errors, AreLoggedWithTypeMessageAndRequest) {
  for (const char* path : kKinds) {
    Served served({.routes = throwing(throw_own)});
    served.get(path);
    EXPECT_TRUE(contains(served.log, "OwnError")) << served.log;
    EXPECT_TRUE(contains(served.log, "own <message> & \"text\"")) << served.log;
    EXPECT_TRUE(contains(served.log, std::string("GET ") + path + " HTTP/1.1")) << served.log;
  }
}

TEST(Errors, KeepTheConnection) {
  Served served({.routes = throwing(throw_own)});
  RawClient client = served.connect();
  for (int i = 0; i < 3; ++i) {
    for (const char* path : kKinds) EXPECT_EQ(client.get(path).status, 500);
  }
}

TEST(Errors, ToHeadHaveNoBody) {
  Served served({.routes = throwing(throw_own), .development = true});
  RawClient client = served.connect();
  RawReply reply = client.exchange("HEAD /sync HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(client.get("/sync").status, 500) << "no body stands in the way";
}

TEST(Errors, ThatAreNoStdExceptionsAreErrors) {
  Served served({.routes = throwing([] { throw NoException{7}; })});
  for (const char* path : kKinds) EXPECT_EQ(served.get(path).status, 500);
  EXPECT_TRUE(contains(served.log, "NoException")) << served.log;
  Served with_int({.routes = throwing([] { throw 42; })});
  for (const char* path : kKinds) EXPECT_EQ(with_int.get(path).status, 500);
}

// ---- The page of development

TEST(ErrorPage, ShowsTypeMessageFunctionFileLineAndRequest) {
  Served served({.routes = throwing(throw_own), .development = true});
  for (const char* path : kKinds) {
    RawReply reply = served.exchange(std::string("GET ") + path +
                                     " HTTP/1.1\r\nHost: example.org\r\nX-Seen: yes\r\n\r\n");
    EXPECT_EQ(reply.status, 500);
    EXPECT_EQ(reply.field("Content-Type"), "text/html;charset=utf-8");
    EXPECT_TRUE(contains(reply.body, "OwnError")) << path;
    EXPECT_TRUE(contains(reply.body, "own &lt;message&gt; &amp; ")) << path;
    EXPECT_TRUE(contains(reply.body, "throw_own")) << path;
    EXPECT_TRUE(contains(reply.body, "errors_test.cc")) << path;
    EXPECT_TRUE(contains(reply.body, std::string("GET ") + path)) << path;
    EXPECT_TRUE(contains(reply.body, "X-Seen")) << path;
  }
}

TEST(ErrorPage, ShowsTheLineThatThrew) {
  int line = 0;
  Served served({.fetch = [&]() -> Response {
                   line = __LINE__ + 1;
                   throw OwnError("here");
                 },
                 .development = true});
  RawReply reply = served.get("/");
  EXPECT_TRUE(contains(reply.body, "errors_test.cc:" + std::to_string(line))) << reply.body;
  EXPECT_TRUE(contains(reply.body, "throw OwnError(")) << "the source is shown";
}

// A thread remembers its own throws only, so where it was comes back with the exception.
TEST(ErrorPage, ShowsTheLineThatThrewOnAnotherThread) {
  int line = 0, nested_line = 0;
  auto work = [&] {
    try {
      line = __LINE__ + 1;
      throw OwnError("there");
    } catch (const OwnError&) {
      nested_line = __LINE__ + 1;
      std::throw_with_nested(std::runtime_error("cannot work"));
    }
  };
  Served served({.fetch = [&]() -> Task<Response> {
                   co_await blocking(work);
                   co_return "";
                 },
                 .development = true});
  for (int i = 0; i < 3; ++i) {
    RawReply reply = served.get("/");
    EXPECT_EQ(reply.status, 500);
    EXPECT_TRUE(contains(reply.body, "errors_test.cc:" + std::to_string(line))) << reply.body;
    EXPECT_TRUE(contains(reply.body, "errors_test.cc:" + std::to_string(nested_line)));
    EXPECT_TRUE(contains(reply.body, "throw OwnError(")) << "the source is shown";
  }
  EXPECT_TRUE(contains(served.log, "errors_test.cc:" + std::to_string(line))) << served.log;
}

TEST(ErrorPage, EscapesHostileText) {
  const std::string hostile = "<script>alert(1)</script>";
  Served served({.fetch = [&]() -> Response { throw OwnError(hostile); }, .development = true});
  RawReply reply =
      served.exchange("GET /" + hostile + "?" + hostile + " HTTP/1.1\r\nHost: a\r\nX-" +
                      "Evil: " + hostile + "\r\nReferer: \"><img src=x onerror=alert(1)>\r\n\r\n");
  EXPECT_EQ(reply.status, 500);
  EXPECT_FALSE(contains(reply.body, hostile));
  EXPECT_FALSE(contains(reply.body, "<img src=x"));
}

TEST(ErrorPage, MasksSecrets) {
  Served served({.routes = throwing(throw_own), .development = true});
  // Not a literal: the page shows the source of this very function.
  const std::string secret = "hunter" + std::to_string(2);
  RawReply reply = served.exchange("GET /sync HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " +
                                   secret + "\r\nCookie: session=" + secret + "\r\n\r\n");
  EXPECT_TRUE(contains(reply.body, "Authorization"));
  EXPECT_FALSE(contains(reply.body, secret));
}

TEST(ErrorPage, IsThereForWhatIsNoStdException) {
  Served served({.routes = throwing([] { throw NoException{7}; }), .development = true});
  EXPECT_TRUE(contains(served.get("/sync").body, "NoException"));
  EXPECT_TRUE(contains(served.get("/suspended").body, "NoException"));
}

// ---- With an error handler

TEST(ErrorHandler, ReplacesThePage) {
  for (bool development : {false, true}) {
    Served served(
        {.routes = throwing(throw_own),
         .error = [](const std::exception& error) { return Response(error.what()).status(503); },
         .development = development});
    for (const char* path : kKinds) {
      RawReply reply = served.get(path);
      EXPECT_EQ(reply.status, 503) << path;
      EXPECT_EQ(reply.body, "own <message> & \"text\"") << path;
    }
    EXPECT_EQ(served.log, "") << "the program has taken care of it";
  }
}

TEST(ErrorHandler, MayTakeTheRequest) {
  Served served({.routes = throwing(throw_own), .error = [](const std::exception&, Request& req) {
                   return Response(std::string(req.method()) + " " + std::string(req.path()) + " " +
                                   std::string(req.field("X-A").value_or("none")));
                 }});
  for (const char* path : kKinds) {
    EXPECT_EQ(
        served.exchange(std::string("GET ") + path + " HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n").body,
        std::string("GET ") + path + " 1");
  }
}

TEST(ErrorHandler, SeesTheParametersOfTheRoute) {
  Served served(
      {.routes = {{"/:id", [](Request&) -> Response { throw OwnError("x"); }}},
       .error = [](const std::exception&, Request& req) { return Response(req.param("id")); }});
  EXPECT_EQ(served.get("/a%20b").body, "a b");
}

TEST(ErrorHandler, GetsTheExceptionItself) {
  bool same_type = false;
  Served served({.routes = throwing(throw_own), .error = [&](const std::exception& error) {
                   same_type = dynamic_cast<const OwnError*>(&error) != nullptr;
                   return Response();
                 }});
  for (const char* path : kKinds) {
    same_type = false;
    EXPECT_EQ(served.get(path).status, 200);
    EXPECT_TRUE(same_type) << path;
  }
}

TEST(ErrorHandler, GetsAStandInForWhatIsNoStdException) {
  std::string what;
  bool stand_in = false;
  Served served(
      {.routes = throwing([] { throw NoException{7}; }), .error = [&](const std::exception& error) {
         what = error.what();
         stand_in = dynamic_cast<const UnknownException*>(&error) != nullptr;
         return Response("handled");
       }});
  for (const char* path : kKinds) {
    EXPECT_EQ(served.get(path).body, "handled");
    EXPECT_TRUE(contains(what, "NoException")) << what;
    EXPECT_TRUE(stand_in);
  }
}

TEST(ErrorHandler, MayBeACoroutine) {
  Served served({.routes = throwing(throw_own),
                 .error = [](const std::exception& error, Request& req) -> Task<Response> {
                   co_await sleep(1ms);
                   // The exception and the request live as long as this runs.
                   co_return Response(std::string(error.what()) + " at " + std::string(req.path()))
                       .status(502);
                 }});
  for (const char* path : kKinds) {
    RawReply reply = served.get(path);
    EXPECT_EQ(reply.status, 502);
    EXPECT_EQ(reply.body, "own <message> & \"text\" at " + std::string(path));
  }
}

TEST(ErrorHandler, MayReadTheBody) {
  Served served({.fetch = [](Request&) -> Response { throw OwnError("x"); },
                 .error = [](const std::exception&, Request& req) -> Task<Response> {
                   co_return Response("body: " + co_await req.text());
                 }});
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
  testing::turn_for(10ms);
  client.send("bc");
  EXPECT_EQ(client.read_reply().body, "body: abc");
}

TEST(ErrorHandler, KnowsThatTheBodyWasTaken) {
  Served served(
      {.fetch = [](Request& req) -> Response {
         req.text().get();
         throw OwnError("x");
       },
       .error = [](const std::exception&,
                   Request& req) { return Response(req.body_used() ? "used" : "unused"); }});
  EXPECT_EQ(served.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na").body,
            "used");
}

TEST(ErrorHandler, ThatThrowsGetsTheDefault) {
  auto sync = [](const std::exception&) -> Response {
    throw std::logic_error("in the error handler");
  };
  auto task = [](const std::exception&) -> Task<Response> {
    co_await sleep(1ms);
    throw std::logic_error("in the error handler");
  };
  for (const ErrorHandler& handler : {ErrorHandler(sync), ErrorHandler(task)}) {
    Served served({.routes = throwing(throw_own), .error = handler});
    Served development({.routes = throwing(throw_own), .error = handler, .development = true});
    for (const char* path : kKinds) {
      RawReply reply = served.get(path);
      EXPECT_EQ(reply.status, 500);
      EXPECT_EQ(reply.body, "");
      EXPECT_TRUE(contains(served.log, "in the error handler"));
      EXPECT_TRUE(contains(development.get(path).body, "in the error handler"));
    }
  }
}

TEST(ErrorHandler, ThatReturnsNothingGetsTheDefault) {
  auto sync = [](const std::exception&) -> std::optional<Response> { return std::nullopt; };
  auto task = [](const std::exception&) -> Task<std::optional<Response>> {
    co_return std::nullopt;
  };
  auto suspended = [](const std::exception&) -> Task<std::optional<Response>> {
    co_await sleep(1ms);
    co_return std::nullopt;
  };
  for (const ErrorHandler& handler :
       {ErrorHandler(sync), ErrorHandler(task), ErrorHandler(suspended)}) {
    Served served({.routes = throwing(throw_own), .error = handler});
    Served development({.routes = throwing(throw_own), .error = handler, .development = true});
    for (const char* path : kKinds) {
      RawReply reply = served.get(path);
      EXPECT_EQ(reply.status, 500) << path;
      EXPECT_EQ(reply.body, "");
      EXPECT_TRUE(contains(served.log, "own <message>"))
          << "the error is the program's, so it is told";
      EXPECT_TRUE(contains(development.get(path).body, "own &lt;message&gt;")) << path;
    }
  }
}

TEST(ErrorHandler, IsNotCalledForItself) {
  int calls = 0;
  Served served(
      {.routes = throwing(throw_own), .error = [&](const std::exception&) -> Task<Response> {
         ++calls;
         co_await sleep(1ms);
         throw std::logic_error("again");
       }});
  served.get("/task");
  EXPECT_EQ(calls, 1);
}

// The client has its answer already, or is gone: nobody is left to be told.
TEST(ErrorHandler, IsNotCalledForBodiesThatDidNotArrive) {
  int calls = 0;
  Served served(
      {.fetch = [](Request& req) -> Task<Response> { co_return Response(co_await req.text()); },
       .error = [&](const std::exception&) { return ++calls, Response("never"); },
       .max_request_body_size = 3});
  EXPECT_EQ(
      served
          .exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n")
          .status,
      413);
  EXPECT_EQ(calls, 0);
}

TEST(ErrorHandler, IsCalledForBodyNotReadyAndOtherMistakes) {
  Served served(
      {.fetch =
           [](Request& req) {
             std::string text = req.text().get();
             return Response(text + req.param("none"));
           },
       .error = [](const std::exception& error) { return Response(error.what()).status(500); }});
  EXPECT_TRUE(contains(served.get("/").body, "no parameter \"none\""));
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
  EXPECT_TRUE(contains(client.read_reply().body, "has not arrived yet"));
}

TEST(ErrorHandler, IsAskedOnlyForHandlers) {
  int calls = 0;
  Served served({.error = [&](const std::exception&) { return ++calls, Response(); }});
  EXPECT_EQ(served.get("/").status, 404);
  EXPECT_EQ(served.exchange("bad request\r\n\r\n").status, 400);
  EXPECT_EQ(calls, 0);
}

TEST(ErrorHandler, MayHaveMoveOnlyCapturesAndState) {
  auto text = std::make_unique<std::string>("owned");
  Served served({.routes = throwing(throw_own),
                 .error = [text = std::move(text), n = 0](const std::exception&) mutable {
                   return Response(*text + std::to_string(++n));
                 }});
  EXPECT_EQ(served.get("/sync").body, "owned1");
  EXPECT_EQ(served.get("/task").body, "owned2");
}

Response error_function(const std::exception& error) {
  return Response(error.what());
}

TEST(ErrorHandler, MayBeAFunction) {
  Served served({.routes = throwing(throw_own), .error = error_function});
  EXPECT_TRUE(contains(served.get("/sync").body, "own"));
}

// ---- The exceptions themselves

TEST(Exceptions, SayWhatTheyAreAbout) {
  OptionError option(".port", "sentence");
  EXPECT_EQ(option.option(), ".port");
  EXPECT_STREQ(option.what(), "sentence");
  EXPECT_NE(dynamic_cast<std::invalid_argument*>(&option), nullptr);
  ListenError listen("EADDRINUSE", "sentence");
  EXPECT_EQ(listen.code(), "EADDRINUSE");
  EXPECT_NE(dynamic_cast<std::runtime_error*>(&listen), nullptr);
  BodyError body(BodyError::Reason::timed_out, "sentence");
  EXPECT_EQ(body.reason(), BodyError::Reason::timed_out);
  EXPECT_STREQ(UnknownException("int").what(), "int");
}

}  // namespace
}  // namespace bao
