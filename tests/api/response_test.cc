#include <array>
#include <cstddef>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bao/bao.h>
#include <bao/response.h>

#include "api/served.h"

namespace bao {
namespace {

using testing::RawClient;
using testing::RawReply;
using testing::Served;

/// How that response looks on the wire.
RawReply sent(Response response, const std::string& method = "GET",
              const std::string& version = "HTTP/1.1") {
  Served served({.fetch = [&] { return response; }});
  return served.exchange(method + " / " + version + "\r\nHost: a\r\n\r\n");
}

// ---- What is sent

TEST(Response, AStringIsPlainText) {
  RawReply reply = sent(Response("h\xC3\xA9llo"));
  EXPECT_EQ(reply.head.substr(0, 17), "HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(reply.field("Content-Type"), "text/plain;charset=utf-8");
  EXPECT_EQ(reply.field("Content-Length"), "6");
  EXPECT_EQ(reply.field("Date").value_or("").size(), 29u);
  EXPECT_FALSE(reply.has("Connection"));
  EXPECT_EQ(reply.body, "h\xC3\xA9llo");
}

TEST(Response, OfEveryKindOfString) {
  EXPECT_EQ(Response("literal").body(), "literal");
  EXPECT_EQ(Response(std::string("a\0b", 3)).body(), std::string("a\0b", 3));
  EXPECT_EQ(Response(std::string_view("view").substr(1)).body(), "iew");
  EXPECT_EQ(Response("").default_content_type(), "text/plain;charset=utf-8");
}

TEST(Response, WithoutABodyIsEmpty) {
  RawReply reply = sent(Response());
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.field("Content-Length"), "0");
  EXPECT_FALSE(reply.has("Content-Type"));
}

TEST(Response, HtmlJsonAndBytesHaveTheirTypes) {
  EXPECT_EQ(sent(Response::html("<p>")).field("Content-Type"), "text/html;charset=utf-8");
  EXPECT_EQ(sent(Response::json_text("{}")).field("Content-Type"),
            "application/json;charset=utf-8");
  RawReply bytes = sent(Response::bytes(std::string("\0\xFF", 2)));
  EXPECT_FALSE(bytes.has("Content-Type"));
  EXPECT_EQ(bytes.body, std::string("\0\xFF", 2));
  const std::array<std::byte, 2> raw{std::byte{0}, std::byte{0xFE}};
  EXPECT_EQ(sent(Response::bytes(raw)).body, std::string("\0\xFE", 2));
  EXPECT_EQ(sent(Response::bytes(std::span<const std::byte>())).body, "");
}

TEST(Response, AFieldGoesBeforeTheTypeOfItsOwn) {
  RawReply reply = sent(Response("a{}").set("content-type", "text/css"));
  EXPECT_EQ(reply.field("Content-Type"), "text/css");
}

TEST(Response, RedirectsTo) {
  RawReply reply = sent(Response::redirect("/x?y"));
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(reply.field("Location"), "/x?y");
  EXPECT_EQ(reply.field("Content-Length"), "0");
  for (int status : {301, 302, 303, 307, 308}) {
    EXPECT_EQ(Response::redirect("https://example.org/", status).status(), status);
  }
}

TEST(Response, RefusesARedirectThatIsNone) {
  for (int status : {200, 300, 304, 305, 306, 309, 404, 0}) {
    try {
      Response::redirect("/", status);
      FAIL() << status;
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(error.what(), "Response::redirect with status " + std::to_string(status) +
                                  ": give 301, 302, 303, 307 or 308");
    }
  }
  EXPECT_THROW(Response::redirect("/\r\nX-Evil: 1"), std::invalid_argument);
}

TEST(Response, StatusMayBe200To599) {
  for (int status : {200, 299, 451, 599}) EXPECT_EQ(sent(Response().status(status)).status, status);
  EXPECT_EQ(Response::empty(418).status(), 418);
  for (int status : {-1, 0, 99, 100, 101, 199, 600, 1000}) {
    try {
      Response response;
      response.status(status);
      FAIL() << status;
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(error.what(), "Response status " + std::to_string(status) + ": give 200 to 599");
    }
    EXPECT_THROW(Response::empty(status), std::invalid_argument);
  }
}

TEST(Response, ReasonPhrasesAreThoseOfTheRegistry) {
  EXPECT_EQ(sent(Response::empty(404)).head.substr(0, 24), "HTTP/1.1 404 Not Found\r\n");
  // RFC 9112 section 4: the space stands there even without a phrase.
  EXPECT_EQ(sent(Response::empty(299)).head.substr(0, 15), "HTTP/1.1 299 \r\n");
}

// RFC 9110 sections 15.3.5 and 15.4.5, RFC 9112 section 6.3
TEST(Response, SomeStatusesHaveNoBody) {
  for (int status : {204, 304}) {
    Served served({.fetch = [&] { return Response("never sent").status(status); }});
    RawClient client = served.connect();
    RawReply reply = client.get("/");
    EXPECT_EQ(reply.status, status);
    EXPECT_TRUE(status == 304 || !reply.has("Content-Length"));
    EXPECT_EQ(client.get("/").status, status) << "no body stands in the way";
  }
  RawReply reset = sent(Response("never sent").status(205));
  EXPECT_EQ(reset.field("Content-Length"), "0");
}

TEST(Response, ToHeadHasTheHeadOfGetAndNoBody) {  // RFC 9110 section 9.3.2
  Served served({.fetch = [] { return Response("text").set("X-A", "1"); }});
  RawClient client = served.connect();
  RawReply get = client.get("/");
  RawReply head = client.exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(head.field("Content-Length"), "4");
  EXPECT_EQ(head.field("Content-Type"), get.field("Content-Type"));
  EXPECT_EQ(head.field("X-A"), "1");
  EXPECT_EQ(client.get("/").body, "text");
}

TEST(Response, ToHeadMayTellALengthWithoutTheBody) {
  RawReply reply = sent(Response().set("Content-Length", "12345"), "HEAD");
  EXPECT_EQ(reply.field("Content-Length"), "12345");
}

// ---- Framing is the server's

TEST(Response, WrongFramingOfTheProgramIsIgnored) {
  RawReply reply = sent(Response("text")
                            .set("Content-Length", "1000")
                            .set("Transfer-Encoding", "chunked")
                            .append("content-length", "1")
                            .set("Connection", "keep-alive, upgrade"));
  EXPECT_EQ(reply.field_all("Content-Length"), std::vector<std::string>{"4"});
  EXPECT_FALSE(reply.has("Transfer-Encoding"));
  EXPECT_FALSE(reply.has("Connection"));
  EXPECT_EQ(reply.body, "text");
}

TEST(Response, MayCloseTheConnection) {
  Served served({.fetch = [] { return Response("bye").set("Connection", "close"); }});
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_reply().field("Connection"), "close");
  EXPECT_NE(client.wait_for_end(), RawClient::End::open);
  EXPECT_EQ(client.received(), "") << "nothing is answered behind the last reply";
}

TEST(Response, ADateOfTheProgramStays) {
  RawReply reply = sent(Response().set("Date", "Mon, 01 Jan 2001 00:00:00 GMT"));
  EXPECT_EQ(reply.field("Date"), "Mon, 01 Jan 2001 00:00:00 GMT");
}

TEST(Response, InHttp10SaysKeepAliveOnlyIfAsked) {  // RFC 9112 section 9.3
  EXPECT_EQ(sent(Response("x"), "GET", "HTTP/1.0").field("Connection"), "close");
  Served served({.fetch = [] { return Response("x"); }});
  RawClient client = served.connect();
  RawReply kept = client.exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(kept.field("Connection"), "keep-alive");
  EXPECT_EQ(client.get("/").body, "x");
}

TEST(Response, KeepsSeveralFieldsOfOneName) {
  RawReply reply = sent(Response().append("Set-Cookie", "a=1").append("Set-Cookie", "b=2"));
  EXPECT_EQ(reply.field_all("Set-Cookie"), (std::vector<std::string>{"a=1", "b=2"}));
}

TEST(Response, OfManyMegabytesArrivesWhole) {
  std::string large;
  for (int i = 0; i < 700'000; ++i) large += std::to_string(i);
  Served served({.fetch = [&] { return Response(large); }});
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  testing::turn_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(client.read_reply().body == large);
  EXPECT_TRUE(client.get("/").body == large);
}

// ---- The value

TEST(ResponseValue, IsBuiltByChainsOfBothKinds) {
  Response response = Response("a").status(201).set("X", "1").append("X", "2").body("b");
  EXPECT_EQ(response.status(), 201);
  EXPECT_EQ(response.body(), "b");
  EXPECT_EQ(response.fields().get_all("X"), (std::vector<std::string_view>{"1", "2"}));
  Response& same = response.status(202).set("X", "3").append("Y", "4").body("c");
  EXPECT_EQ(&same, &response);
  EXPECT_EQ(response.fields().get_all("X"), std::vector<std::string_view>{"3"});
  EXPECT_EQ(response.default_content_type(), "text/plain;charset=utf-8");
}

TEST(ResponseValue, CopiesAreTheirOwn) {
  Response first("a");
  Response second = first;
  second.body("b").set("X", "1").status(400);
  EXPECT_EQ(first.body(), "a");
  EXPECT_TRUE(first.fields().empty());
  EXPECT_EQ(first.status(), 200);
  first = second;
  EXPECT_EQ(first.body(), "b");
  EXPECT_EQ(first.take_body(), "b");
}

TEST(ResponseValue, FieldsMayBeChangedDirectly) {
  Response response;
  response.fields().append("A", "1");
  response.fields().remove("a");
  EXPECT_TRUE(response.fields().empty());
}

TEST(ResponseValue, RefusesFieldsThatWouldSmuggle) {
  const std::string_view nul("a\0b", 3);
  for (std::string_view value :
       {std::string_view("a\r\nX: 1"), std::string_view("a\nX"), std::string_view("a\r"), nul}) {
    EXPECT_THROW(Response().set("X-A", value), std::invalid_argument);
    EXPECT_THROW(Response().append("X-A", value), std::invalid_argument);
  }
  for (std::string_view name : {"", "a b", "a:", "a\r\n", "\xC3\xA9"}) {
    EXPECT_THROW(Response().set(name, "x"), std::invalid_argument);
  }
}

}  // namespace
}  // namespace bao

namespace app {
struct Other {
  int n;
};
}  // namespace app

template <>
struct bao::JsonAdapter<app::Other> {
  static std::string dump(const app::Other& value) { return "[" + std::to_string(value.n) + "]"; }
  static app::Other parse(std::string_view text) { return {static_cast<int>(text.size())}; }
};

namespace bao {
namespace {

TEST(ResponseValue, AnAdapterOfAnotherJsonLibraryWorks) {
  EXPECT_EQ(Response::json(app::Other{7}).body(), "[7]");
  Served served({.fetch = [](Request& req) -> Task<Response> {
    app::Other other = co_await req.json<app::Other>();
    co_return Response::json(other);
  }});
  EXPECT_EQ(served.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").body,
            "[3]");
}

}  // namespace
}  // namespace bao
