#include <chrono>
#include <gtest/gtest.h>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include <bao/bao.h>

#include "api/served.h"
#include "net/temporary_file.h"

// A handler that returns what another server says: a reverse proxy.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::RawReply;
using testing::Served;

std::string url_of(const Served& served) {
  return "http://127.0.0.1:" + std::to_string(*served.server.port());
}

/// A proxy in front of that server.
Options proxy_to(std::string origin) {
  return {.fetch =
              [origin](Request& req) {
                std::string url = origin + std::string(req.path());
                if (!req.query_string().empty()) url.append("?").append(req.query_string());
                return fetch(FetchRequest(url).forward(req));
              },
          .max_request_body_size = 1ull << 30};
}

std::string random_bytes(size_t size) {
  std::mt19937_64 random(size);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

TEST(Forward, SendsStatusFieldsAndContentOn) {
  Served origin({.fetch = [] {
    return Response("hello")
        .status(418)
        .set("X-One", "1")
        .append("Set-Cookie", "a=1")
        .append("Set-Cookie", "b=2")
        .set("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
  }});
  Served proxy(proxy_to(url_of(origin)));
  const RawReply reply = proxy.get("/");
  EXPECT_EQ(reply.status, 418);
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(reply.field("X-One"), "1");
  EXPECT_EQ(reply.field("Content-Type"), "text/plain;charset=utf-8");
  EXPECT_EQ(reply.field("Content-Length"), "5");
  EXPECT_EQ(reply.field_all("Set-Cookie"), (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_EQ(reply.field_all("Date"), (std::vector<std::string>{"Sun, 06 Nov 1994 08:49:37 GMT"}));
}

Response mirror(const Request& req, const std::string& body) {
  std::string text = std::string(req.method()) + " " + req.url() + "\n";
  for (auto [name, value] : req.fields()) text.append(name).append(": ").append(value) += "\n";
  return text + "\n" + body;
}

// RFC 9110 section 7.6.1
TEST(Forward, LeavesOutWhatIsMeantForOneConnection) {
  Served origin({.fetch = [](Request& req) {
    return mirror(req, "").set("Keep-Alive", "5").set("Proxy-Connection", "x").set("Upgrade", "x");
  }});
  Served proxy(proxy_to(url_of(origin)));
  const RawReply reply = proxy.exchange(
      "GET /a/../b?c=%20 HTTP/1.1\r\nHost: name:1\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\n"
      "Keep-Alive: 5\r\nTE: trailers\r\nUpgrade: h2c\r\nProxy-Authorization: x\r\nX-End: 1\r\n"
      "X-Forwarded-For: 10.0.0.1\r\n\r\n");
  EXPECT_EQ(reply.body, "GET " + url_of(origin) +
                            "/a/../b?c=%20\nHost: " + url_of(origin).substr(7) +
                            "\nX-End: 1\nVia: 1.1 bao\nX-Forwarded-For: 10.0.0.1, 127.0.0.1\n"
                            "X-Forwarded-Host: name:1\nX-Forwarded-Proto: http\n\n");
  EXPECT_FALSE(reply.has("Keep-Alive") || reply.has("Proxy-Connection") || reply.has("Upgrade"));
}

// RFC 9110 section 7.6.3: the version is that of the message as it came.
TEST(Forward, SaysByWhichVersionTheRequestCame) {
  Served origin({.fetch = [](Request& req) { return Response(req.field("via").value_or("")); }});
  Served proxy(proxy_to(url_of(origin)));
  EXPECT_EQ(proxy.exchange("GET / HTTP/1.0\r\nVia: 1.0 old\r\n\r\n").body, "1.0 old, 1.0 bao");
  EXPECT_EQ(proxy.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").body, "1.1 bao");
}

TEST(Forward, AnswersHeadAndConditionsAsTheOtherDoes) {
  testing::TemporaryFile file("content", "x.txt");
  Served origin({.routes = {{"/", bao::file(file.path())}}});
  Served proxy(proxy_to(url_of(origin)));
  RawClient client = proxy.connect();
  const RawReply head = client.exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("Content-Length"), "7");
  const std::string etag = head.field("ETag").value_or("");
  const RawReply same =
      client.exchange("GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: " + etag + "\r\n\r\n");
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(client.exchange("GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=1-3\r\n\r\n").body, "ont");
}

TEST(Forward, AChainKeepsEveryByteOfAFile) {
  const std::string content = random_bytes(5'000'001);
  testing::TemporaryFile file(content);
  Served origin({.routes = {{"/", bao::file(file.path())}}});
  Served inner(proxy_to(url_of(origin)));
  Served outer(proxy_to(url_of(inner)));
  const RawReply reply = outer.get("/");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.body == content);
}

TEST(Forward, AChainKeepsEveryByteOfAnUpload) {
  const std::string content = random_bytes(3'000'001);
  Served origin({.fetch = [&](Request& req) -> Task<Response> {
    const bool length = req.field("content-length").has_value();
    std::string body = co_await req.text();
    co_return std::string(body == content ? "same" : "other") + (length ? " with length" : "");
  }});
  Served inner(proxy_to(url_of(origin)));
  Served outer(proxy_to(url_of(inner)));
  EXPECT_EQ(outer
                .exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                          std::to_string(content.size()) + "\r\n\r\n" + content)
                .body,
            "same with length");
  std::string chunks;
  for (size_t at = 0; at < content.size(); at += 100'000) {
    const std::string_view piece = std::string_view(content).substr(at, 100'000);
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    chunks.append(size).append(piece).append("\r\n");
  }
  EXPECT_EQ(outer
                .exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                          chunks + "0\r\n\r\n")
                .body,
            "same");
}

TEST(Forward, ReadsNoFasterThanItsClient) {
  Served origin({.fetch = [] {
    return Response::stream([](Writer& out) -> Task<> {
      const std::string piece(64 * 1024, 'x');
      for (;;) co_await out.write(piece);
    });
  }});
  Served proxy(proxy_to(url_of(origin)));
  RawClient client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  testing::turn_for(150ms);
  const auto sent = origin.server.counters().bytes_out;
  testing::turn_for(50ms);
  EXPECT_EQ(origin.server.counters().bytes_out, sent);
}

TEST(Forward, SendsNoFasterThanTheOtherReads) {
  bool read = false;
  size_t received = 0;
  Served origin({.fetch = [&](Request& req) -> Task<Response> {
                   while (!read) co_await sleep(1ms);
                   while (std::optional<std::string> piece = co_await req.body().next()) {
                     received += piece->size();
                   }
                   co_return "x";
                 },
                 .max_request_body_size = 1ull << 30});
  Served proxy(proxy_to(url_of(origin)));
  RawClient client = proxy.connect();
  constexpr size_t kSize = 100 << 20;
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kSize) +
              "\r\n\r\n");
  const std::string piece(64 * 1024, 'x');
  size_t sent = 0;
  const auto send_all = [&] {
    for (int i = 0; i < 100 && sent < kSize; ++i) {
      const size_t count =
          client.send_some(std::string_view(piece).substr(0, std::min(piece.size(), kSize - sent)));
      if (count == 0) return;
      sent += count;
    }
  };
  for (int i = 0; i < 100; ++i) {
    send_all();
    Served::turn();
  }
  EXPECT_LT(sent, 40u << 20) << "what the kernel holds for three connections, and little more";
  read = true;
  ASSERT_TRUE(testing::turn_until([&] {
    send_all();
    return sent == kSize && received == kSize;
  }));
  EXPECT_EQ(client.read_reply().body, "x");
}

TEST(Forward, DoesNotWaitForTheEndOfAnUploadToReply) {
  Served origin({.fetch = [](Request& req) {
    return Response::stream([body = req.body()](Writer& out) -> Task<> {
      while (std::optional<std::string> piece = co_await body.next()) co_await out.write(*piece);
    });
  }});
  Served proxy(proxy_to(url_of(origin)));
  RawClient client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
  ASSERT_TRUE(client.wait_for("5\r\nfirst\r\n"));
  client.send("6\r\nsecond\r\n0\r\n\r\n");
  ASSERT_TRUE(client.wait_for("6\r\nsecond\r\n0\r\n\r\n"));
}

// ---- Failures

TEST(Forward, AnswersForAServerThatIsNotThere) {
  Served proxy(proxy_to("http://127.0.0.1:1"));
  const RawReply reply = proxy.get("/");
  EXPECT_EQ(reply.status, 502);
  EXPECT_EQ(reply.body, "Bad Gateway\n");
  EXPECT_NE(proxy.log.find("bao::fetch of \"http://127.0.0.1:1/\" failed: "), std::string::npos);
}

TEST(Forward, AnswersForAServerThatIsSilent) {
  Served origin({.fetch = [](Request& req) -> Task<Response> {
    const std::stop_token stop = req.stop_token();
    while (!stop.stop_requested()) co_await sleep(1ms);
    co_return "late";
  }});
  Served proxy({.fetch = [&](Request& req) {
    return fetch(FetchRequest(url_of(origin)).forward(req).timeout(20ms));
  }});
  const RawReply reply = proxy.get("/");
  EXPECT_EQ(reply.status, 504);
  EXPECT_EQ(reply.body, "Gateway Timeout\n");
}

TEST(Forward, FailuresGoToTheErrorHandler) {
  Options options = proxy_to("http://127.0.0.1:1");
  options.error = [](const std::exception& error) {
    const auto* failure = dynamic_cast<const FetchError*>(&error);
    return Response("mine").status(failure == nullptr ? 500 : 503);
  };
  Served proxy(std::move(options));
  EXPECT_EQ(proxy.get("/").status, 503);
}

TEST(Forward, AReplyThatIsCutIsCutForTheClient) {
  Served origin({.fetch = [](Request& req, Server& server) {
    return Response::stream([&server, body = req.body()](Writer& out) -> Task<> {
      co_await out.write("half");
      co_await sleep(5ms);
      throw std::runtime_error("x");
    });
  }});
  Served proxy(proxy_to(url_of(origin)));
  RawClient client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
  EXPECT_EQ(client.received().find("0\r\n\r\n"), std::string::npos);
}

TEST(Forward, AnUploadThatIsCutIsCutForTheOther) {
  std::optional<BodyError::Reason> reason;
  Served origin({.fetch = [&](Request& req) -> Task<Response> {
    try {
      co_await req.text();
    } catch (const BodyError& error) {
      reason = error.reason();
    }
    co_return "x";
  }});
  Served proxy(proxy_to(url_of(origin)));
  RawClient client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  ASSERT_TRUE(testing::turn_until([&] { return origin.server.pending_requests() == 1; }));
  client.reset();
  ASSERT_TRUE(testing::turn_until([&] { return reason.has_value(); }));
}

TEST(Forward, EndsWhenTheClientGoesBeforeTheReply) {
  bool gone = false;
  Served origin({.fetch = [&](Request& req) -> Task<Response> {
    const std::stop_token stop = req.stop_token();
    const std::stop_callback told(stop, [&] { gone = true; });
    while (!stop.stop_requested()) co_await sleep(1ms);
    co_return "late";
  }});
  Served proxy(proxy_to(url_of(origin)));
  RawClient client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(testing::turn_until([&] { return origin.server.pending_requests() == 1; }));
  client.close();
  EXPECT_TRUE(testing::turn_until([&] { return gone; }));
}

TEST(Forward, EndsWhenTheClientGoesWhileNothingComes) {
  bool gone = false;
  Served origin({.fetch = [&] {
    return Response::stream([&](Writer& out) -> Task<> {
      const std::stop_token stop = out.stop_token();
      const std::stop_callback told(stop, [&] { gone = true; });
      co_await out.write("first");
      while (!stop.stop_requested()) co_await sleep(1ms);
    });
  }});
  Served proxy(proxy_to(url_of(origin)));
  RawClient client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(client.wait_for("first"));
  client.close();
  EXPECT_TRUE(testing::turn_until([&] { return gone; }));
  EXPECT_EQ(proxy.log, "");
}

TEST(Forward, MayBeAwaitedAndChanged) {
  Served origin({.fetch = [] { return "hello"; }});
  Served proxy({.fetch = [&](Request& req) -> Task<Response> {
    FetchRequest request(url_of(origin));
    FetchReply reply = co_await fetch(request.forward(req));
    Response response = reply;
    co_return response.set("X-Seen", "1");
  }});
  const RawReply reply = proxy.get("/");
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(reply.field("X-Seen"), "1");
}

}  // namespace
}  // namespace bao
