#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"
#include "net/temporary_file.h"

// Cookies that handlers set leave with whatever reply does.
namespace bao {
namespace {

using testing::RawClient;
using testing::RawReply;
using testing::Served;
using Values = std::vector<std::string>;

const Values kSet{"a=1; Path=/; SameSite=Lax"};

Values cookies_of(const RawReply& reply) {
  return reply.field_all("Set-Cookie");
}

RawReply reply_of(Handler handler, ErrorHandler error = {}) {
  Served served({.fetch = std::move(handler), .error = std::move(error)});
  return served.get("/");
}

TEST(ReplyCookies, FollowThoseOfTheResponse) {
  RawReply reply = reply_of([](Request& req) {
    req.cookies().set("a", "1");
    return Response("x").append("Set-Cookie", "own=2").set("X-One", "1");
  });
  EXPECT_EQ(cookies_of(reply), (Values{"own=2", kSet[0]}));
  EXPECT_EQ(reply.body, "x");
}

TEST(ReplyCookies, AreThereWhateverTheHandlerReturns) {
  testing::TemporaryFile file("content");
  const std::vector<Handler> handlers{
      [](Request& req) {
        req.cookies().set("a", "1");
        return Response::empty(204);
      },
      [](Request& req) {
        req.cookies().set("a", "1");
        return Response::redirect("/x");
      },
      [](Request& req) -> std::optional<Response> {
        req.cookies().set("a", "1");
        return std::nullopt;
      },
      [](Request& req) -> Task<Response> {
        co_await sleep(std::chrono::milliseconds(1));
        req.cookies().set("a", "1");
        co_return "y";
      },
      [&](Request& req) {
        req.cookies().set("a", "1");
        return Response(bao::file(file.path()));
      },
      [](Request& req) {
        req.cookies().set("a", "1");
        return Response(std::string(100'000, 'x'));
      },
  };
  for (const Handler& handler : handlers) {
    RawReply reply = reply_of(handler);
    EXPECT_NE(reply.status, 0);
    EXPECT_EQ(cookies_of(reply), kSet) << reply.head;
  }
}

TEST(ReplyCookies, AreThereWithStreams) {
  Served served({.fetch = [](Request& req) {
    req.cookies().set("a", "1");
    return Response::stream([](Writer& out) -> Task<> { co_await out.write("x"); });
  }});
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(client.wait_for("0\r\n\r\n"));
  EXPECT_NE(client.received().find("Set-Cookie: a=1; Path=/; SameSite=Lax\r\n"), std::string::npos);
}

TEST(ReplyCookies, AreThereWithErrors) {
  const auto fail = [](Request& req) -> Response {
    req.cookies().set("a", "1");
    throw std::runtime_error("x");
  };
  RawReply bare = reply_of(fail);
  EXPECT_EQ(bare.status, 500);
  EXPECT_EQ(cookies_of(bare), kSet);

  Served page({.fetch = fail, .development = true});
  EXPECT_EQ(cookies_of(page.get("/")), kSet);
}

TEST(ReplyCookies, OfAHandlerAndItsErrorHandlerAreTogether) {
  const ErrorHandler mend = [](const std::exception&, Request& req) {
    EXPECT_EQ(req.cookies().get("a"), "1");
    req.cookies().set("b", "2");
    return Response("mended").status(400);
  };
  const std::vector<Handler> handlers{
      [](Request& req) -> Response {
        req.cookies().set("a", "1");
        throw std::runtime_error("x");
      },
      [](Request& req) -> Task<Response> {
        req.cookies().set("a", "1");
        co_await sleep(std::chrono::milliseconds(1));
        throw std::runtime_error("x");
      },
  };
  for (const Handler& handler : handlers) {
    EXPECT_EQ(cookies_of(reply_of(handler, mend)), (Values{kSet[0], "b=2; Path=/; SameSite=Lax"}));
  }
}

// The protocol layer answers, but it is this request's answer.
TEST(ReplyCookies, AreThereWithRefusalsOfTheBody) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
                   req.cookies().set("a", "1");
                   co_return co_await req.text();
                 },
                 .max_request_body_size = 3});
  RawReply reply = served.exchange(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(cookies_of(reply), kSet);
}

TEST(ReplyCookies, AreForOneRequestOnly) {
  Served served({.routes = {{"/set",
                             [](Request& req) {
                               req.cookies().set("a", "1");
                               return "set";
                             }},
                            {"/prepared", "prepared"}},
                 .fetch = [](Request& req) { return std::to_string(req.cookies().size()); }});
  RawClient client = served.connect();
  EXPECT_EQ(cookies_of(client.get("/set")), kSet);
  EXPECT_EQ(cookies_of(client.get("/")), Values{});
  EXPECT_EQ(cookies_of(client.get("/set")), kSet);
  EXPECT_EQ(cookies_of(client.get("/prepared")), Values{});
}

TEST(ReplyCookies, AreThereWithoutASocket) {
  Served served({.fetch = [](Request& req) {
    req.cookies().set("a", "1");
    return Response("x").append("Set-Cookie", "own=2");
  }});
  std::optional<Response> reply;
  auto ask = [&]() -> Task<> { reply = co_await served.server.fetch("/"); };
  spawn(ask());
  ASSERT_TRUE(testing::turn_until([&] { return reply.has_value(); }));
  EXPECT_EQ(reply->fields().get_all("Set-Cookie"),
            (std::vector<std::string_view>{"own=2", "a=1; Path=/; SameSite=Lax"}));
}

}  // namespace
}  // namespace bao
