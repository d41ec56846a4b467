#include <gtest/gtest.h>
#include <optional>
#include <string>

#include <bao/bao.h>

#include "api/served.h"

// Trailer fields of requests (RFC 9110 section 6.5), and limits of bodies by route.
namespace bao {
namespace {

using testing::RawClient;
using testing::RawReply;
using testing::Served;

std::string chunked(const std::string& trailers) {
  return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n" +
         trailers + "\r\n";
}

std::string shown(const Fields& fields) {
  return std::string(fields.lines());
}

TEST(RequestTrailers, AreThereBehindTheBody) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
    std::string text = co_await req.text();
    co_return text + "\n" + shown(req.trailers());
  }});
  EXPECT_EQ(served.exchange(chunked("X-Sum: 7\r\nx-two:  a b \r\n")).body,
            "hi\nX-Sum: 7\r\nx-two: a b\r\n");
  EXPECT_EQ(served.exchange(chunked("")).body, "hi\n");
}

TEST(RequestTrailers, ComeInPieces) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
    Body body = req.body();
    EXPECT_TRUE(body.trailers().empty());
    while (std::optional<std::string> piece = co_await body.next()) {
      EXPECT_TRUE(req.trailers().empty());
    }
    co_return shown(body.trailers()) + shown(req.trailers());
  }});
  RawClient client = served.connect();
  for (const char byte : chunked("A: b\r\n")) {
    client.send({&byte, 1});
    Served::turn();
  }
  EXPECT_EQ(client.read_reply().body, "A: b\r\nA: b\r\n");
}

// Section 6.5.1: what decides about framing, routing, authentication or the representation.
TEST(RequestTrailers, ThatBelongIntoTheHeadAreLeftOut) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
    std::string text = co_await req.text();
    co_return shown(req.trailers());
  }});
  EXPECT_EQ(served
                .exchange(chunked("Content-Length: 100\r\nTRANSFER-ENCODING: chunked\r\nHost: b\r\n"
                                  "Authorization: x\r\nCookie: a=b\r\nX-Ok: 1\r\nTrailer: x\r\n"))
                .body,
            "X-Ok: 1\r\n");
}

TEST(RequestTrailers, AreNoneBeforeTheEndAndOfBodiesThatNobodyReads) {
  Served served({.fetch = [](Request& req) { return shown(req.trailers()); }});
  RawClient client = served.connect();
  EXPECT_EQ(client.exchange(chunked("X-Sum: 7\r\n")).body, "");
  EXPECT_EQ(client.get("/").body, "") << "nor does the next request see them";
}

TEST(RequestTrailers, AreForOneRequestOnly) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
    std::string text = co_await req.text();
    co_return shown(req.trailers());
  }});
  RawClient client = served.connect();
  EXPECT_EQ(client.exchange(chunked("A: b\r\n")).body, "A: b\r\n");
  EXPECT_EQ(client.exchange(chunked("")).body, "");
}

TEST(RequestTrailers, HaveTheLimitsOfAHead) {
  Served served({.fetch = [](Request& req) -> Task<Response> { co_return co_await req.text(); },
                 .max_head_size = 200,
                 .max_head_fields = 3});
  EXPECT_EQ(served.exchange(chunked("A: b\r\nC: d\r\nE: f\r\n")).status, 200);
  const RawReply many = served.exchange(chunked("A: b\r\nC: d\r\nE: f\r\nG: h\r\n"));
  EXPECT_EQ(many.status, 431);
  EXPECT_EQ(many.body, "too many trailer fields\n");
  const RawReply large = served.exchange(chunked("A: " + std::string(300, 'x') + "\r\n"));
  EXPECT_EQ(large.status, 431);
  EXPECT_EQ(large.body, "the trailer fields are too large\n");
}

// ---- Limits by route

std::string post(const std::string& path, size_t size) {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) +
         "\r\n\r\n" + std::string(size, 'x');
}
std::string post_chunked(const std::string& path, const std::string& content) {
  return "POST " + path +
         " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n" +
         (content.empty() ? "" : "5\r\nabcde\r\n") + "0\r\n\r\n";
}

class BodyLimit : public ::testing::Test {
 protected:
  int runs = 0;
  Handler length = [this](Request& req) -> Task<Response> {
    ++runs;
    std::string text = co_await req.text();
    co_return std::to_string(text.size());
  };
  Served served{{.routes = {{"/large", body_limit(20, length)},
                            {"/small", methods{.post = body_limit(5, length)}},
                            {"/buffered", body_limit(15, buffered(length))},
                            {"/prepared", "prepared"}},
                 .fetch = length,
                 .max_request_body_size = 10}};
};

TEST_F(BodyLimit, IsTheServersUnlessTheRouteHasItsOwn) {
  EXPECT_EQ(served.exchange(post("/", 10)).body, "10");
  EXPECT_EQ(served.exchange(post("/large", 20)).body, "20");
  EXPECT_EQ(served.exchange(post("/small", 5)).body, "5");
  EXPECT_EQ(served.exchange(post("/buffered", 15)).body, "15");
  EXPECT_EQ(served.exchange(post_chunked("/large", "more")).body, "15");
}

TEST_F(BodyLimit, RefusesBeforeTheHandlerRuns) {
  for (const std::string& request :
       {post("/", 11), post("/large", 21), post("/small", 6), post("/buffered", 16)}) {
    RawClient client = served.connect();
    const RawReply reply = client.exchange(request);
    EXPECT_EQ(reply.status, 413) << request;
    EXPECT_EQ(reply.field("Connection"), "close");
    EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  }
  EXPECT_EQ(runs, 0);
}

TEST_F(BodyLimit, RefusesChunksBeyondIt) {
  EXPECT_EQ(served.exchange(post_chunked("/", "more")).status, 413);
  EXPECT_EQ(served.exchange(post_chunked("/small", "")).status, 413);
}

TEST_F(BodyLimit, HoldsWithoutASocket) {
  auto status_of = [&](std::string path, size_t size) {
    std::optional<Response> reply;
    FetchOptions options;
    options.method = "POST";
    options.body = std::string(size, 'x');
    auto ask = [&]() -> Task<> { reply = co_await served.server.fetch(path, options); };
    spawn(ask());
    EXPECT_TRUE(testing::turn_until([&] { return reply.has_value(); }));
    return reply ? reply->status() : 0;
  };
  EXPECT_EQ(status_of("/large", 20), 200);
  EXPECT_EQ(status_of("/large", 21), 413);
  EXPECT_EQ(status_of("/", 11), 413);
}

TEST_F(BodyLimit, OfAReloadHolds) {
  served.server.reload({.routes = {{"/large", length}}});
  EXPECT_EQ(served.exchange(post("/large", 11)).status, 413);
}

}  // namespace
}  // namespace bao
