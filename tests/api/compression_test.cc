#include <coroutine>
#include <cstdlib>
#include <gtest/gtest.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <bao/bao.h>

#include "api/raw_client.h"
#include "api/served.h"
#include "content_coding/decoded.h"
#include "content_coding/encoder.h"
#include "net/temporary_file.h"

// Content codings on sockets: how coded replies are framed, that streams do not stall, and bodies
// of requests.
namespace bao::testing {
namespace {

using http::Coding;

std::string text(size_t size) {
  std::string content;
  for (unsigned i = 0; content.size() < size; ++i) {
    content += "line " + std::to_string(i * 2654435761U) + "\n";
  }
  content.resize(size);
  return content;
}

Options compressing(Handler fetch, Compression compression = {}) {
  Options options;
  options.fetch = std::move(fetch);
  options.compression = std::move(compression);
  return options;
}

std::string request(std::string_view fields, std::string_view method = "GET") {
  return std::string(method) + " / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

/// The content of a chunked reply as far as it is here; `end` is set at the last chunk.
std::string unchunked(const std::string& received, bool& end) {
  std::string content;
  end = false;
  size_t at = received.find("\r\n\r\n");
  if (at == received.npos) return content;
  at += 4;
  while (!end) {
    const size_t line = received.find("\r\n", at);
    if (line == received.npos) break;
    const size_t size = std::strtoull(received.c_str() + at, nullptr, 16);
    if (size == 0) {
      end = true;
    } else if (received.size() < line + 2 + size + 2) {
      break;
    }
    content.append(received, line + 2, size);
    at = line + 2 + size + 2;
  }
  return content;
}

std::string read_chunked(RawClient& client) {
  bool end = false;
  std::string content;
  EXPECT_TRUE(client.wait([&] {
    content = unchunked(client.received(), end);
    return end;
  }));
  return content;
}

// RFC 9110 section 8.6
TEST(CompressionOnSockets, ContentLengthIsThatOfTheCodedContent) {
  Served served(compressing([] { return Response(text(5000)).set("ETag", "\"x\""); }));
  RawClient client = served.connect();
  for (int i = 0; i < 3; ++i) {
    const RawReply reply = client.exchange(request("Accept-Encoding: gzip\r\n"));
    EXPECT_EQ(reply.field("Content-Encoding"), "gzip");
    EXPECT_EQ(reply.field("Vary"), "Accept-Encoding");
    EXPECT_EQ(reply.field("ETag"), "W/\"x\"");
    EXPECT_EQ(inflated(reply.body), text(5000));
  }
  const RawReply get = client.exchange(request("Accept-Encoding: gzip\r\n"));
  const RawReply head = client.exchange(request("Accept-Encoding: gzip\r\n", "HEAD"));
  EXPECT_EQ(head.field("Content-Length"), get.field("Content-Length"));
  EXPECT_EQ(head.field("Content-Encoding"), "gzip");
}

TEST(CompressionOnSockets, LargeContentIsChunked) {
  const std::string content = text(5'000'000);
  Served served(compressing([&] { return Response(content); }));
  for (const Coding coding : {Coding::gzip, Coding::brotli, Coding::zstd}) {
    RawClient client = served.connect();
    client.send(request("Accept-Encoding: " + std::string(http::coding_name(coding)) + "\r\n"));
    EXPECT_TRUE(decoded(coding, read_chunked(client)) == content);
    EXPECT_EQ(client.received().find("Content-Length"), std::string::npos);
    EXPECT_EQ(client.end(), RawClient::End::open);
  }
}

TEST(CompressionOnSockets, HttpOneZeroGetsItUntilTheEnd) {
  const std::string content = text(300'000);
  Served served(compressing([&] { return Response(content); }));
  RawClient client = served.connect();
  client.send("GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  const std::string& received = client.received();
  EXPECT_EQ(inflated(std::string_view(received).substr(received.find("\r\n\r\n") + 4)), content);
}

TEST(CompressionOnSockets, OthersAreServedMeanwhile) {
  const std::string content = text(20'000'000);
  Served served(compressing(
      [&](Request& req) { return req.path() == "/" ? Response(content) : Response("small"); }));
  RawClient large = served.connect();
  large.send(request("Accept-Encoding: gzip\r\n"));
  ASSERT_TRUE(large.wait_for("\r\n\r\n"));
  EXPECT_EQ(served.get("/small").body, "small");
  bool end = true;
  unchunked(large.received(), end);
  EXPECT_FALSE(end) << "it is not all encoded before others have their turn";
}

TEST(CompressionOnSockets, AClientThatGoesAwayEndsIt) {
  const std::string content = text(20'000'000);
  Served served(compressing([&] { return Response(content); }));
  {
    RawClient client = served.connect();
    client.send(request("Accept-Encoding: gzip\r\n"));
    ASSERT_TRUE(client.wait_for("\r\n\r\n"));
    EXPECT_EQ(served.server.pending_requests(), 1U);
    client.reset();
  }
  EXPECT_TRUE(turn_until([&] { return served.server.pending_requests() == 0; }));
}

TEST(CompressionOnSockets, AServerThatIsStoppedEndsIt) {
  const std::string content = text(20'000'000);
  Served served(compressing([&] { return Response(content); }));
  RawClient client = served.connect();
  client.send(request("Accept-Encoding: gzip\r\n"));
  ASSERT_TRUE(client.wait_for("\r\n\r\n"));
  served.server.stop(true);
  EXPECT_NE(client.wait_for_end(), RawClient::End::open);
  bool end = true;
  unchunked(client.received(), end);
  EXPECT_FALSE(end) << "what is cut does not look whole";
}

TEST(CompressionOnSockets, AFileThatBecomesShorterEndsInAReset) {
  TemporaryFile file(text(20'000'000), "a.txt");
  Served served(compressing([&] { return Response(bao::file(file.path())); }));
  RawClient client = served.connect();
  client.send(request("Accept-Encoding: gzip\r\n"));
  ASSERT_TRUE(client.wait_for("\r\n\r\n"));
  file.resize(1'000'000);
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
}

/// Lets a coroutine wait until a test opens it.
class Gate {
 public:
  struct Wait {
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiting) const { gate.waiting_ = waiting; }
    void await_resume() const {}
    Gate& gate;
  };
  Wait wait() { return {*this}; }
  bool closed() const { return waiting_ != nullptr; }
  void open() { std::exchange(waiting_, nullptr).resume(); }

 private:
  std::coroutine_handle<> waiting_ = nullptr;
};

// An event stream: what was written can be read before the next event is there.
TEST(CompressionOnSockets, AStreamIsFlushedAtEachPiece) {
  for (const Coding coding : {Coding::gzip, Coding::brotli, Coding::zstd}) {
    Gate gate;
    Served served(compressing([&] {
      return Response::stream([&](Writer& out) -> Task<> {
               for (int i = 0; i < 5; ++i) {
                 co_await out.write("data: " + std::to_string(i) + "\n\n");
                 co_await gate.wait();
               }
             })
          .set("Content-Type", "text/event-stream");
    }));
    RawClient client = served.connect();
    client.send(request("Accept-Encoding: " + std::string(http::coding_name(coding)) + "\r\n"));
    std::string expected;
    for (int i = 0; i < 5; ++i) {
      expected += "data: " + std::to_string(i) + "\n\n";
      bool end = true;
      ASSERT_TRUE(client.wait([&] {
        return gate.closed() && decoded(coding, unchunked(client.received(), end)) == expected;
      })) << i;
      EXPECT_FALSE(end);
      gate.open();
    }
    bool whole = false;
    EXPECT_EQ(decoded(coding, read_chunked(client), &whole), expected);
    EXPECT_TRUE(whole);
  }
}

TEST(CompressionOnSockets, AStreamThatFailsEndsInAReset) {
  Served served(compressing([] {
    return Response::stream([](Writer& out) -> Task<> {
             co_await out.write(text(5000));
             throw std::runtime_error("no more");
           })
        .set("Content-Type", "text/plain");
  }));
  RawClient client = served.connect();
  client.send(request("Accept-Encoding: gzip\r\n"));
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
}

TEST(CompressionOnSockets, PreparedRepliesAreCompressed) {
  Options options;
  options.routes = {{"/", text(5000)}, {"/m", methods{.get = text(9000)}}};
  options.compression = Compression{};
  Served served(std::move(options));
  RawClient client = served.connect();
  for (int i = 0; i < 2; ++i) {
    const RawReply reply = client.exchange(request("Accept-Encoding: br\r\n"));
    EXPECT_EQ(reply.field("Content-Encoding"), "br");
    EXPECT_EQ(unbrotlied(reply.body), text(5000));
    EXPECT_EQ(client.exchange(request("")).body, text(5000));
  }
  EXPECT_EQ(
      unbrotlied(client.exchange("GET /m HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\n\r\n").body),
      text(9000));
}

// ---- Options

void expect_refused(Compression compression, const std::string& sentence) {
  try {
    Served served(compressing([] { return Response(); }, std::move(compression)));
    FAIL() << sentence;
  } catch (const OptionError& error) {
    EXPECT_EQ(error.option(), ".compression.codings");
    EXPECT_EQ(std::string(error.what()), sentence);
  }
}

TEST(CompressionOption, WrongCodingsAreRefused) {
  expect_refused({.codings = {"gzip", "lzma"}},
                 "Option .compression.codings is \"lzma\": name zstd, br or gzip");
  expect_refused({.codings = {"gzip", "br", "gzip"}},
                 "Option .compression.codings is \"gzip\" twice: name each coding once");
  expect_refused({.codings = {}},
                 "Option .compression.codings is empty: name at least one of zstd, br and gzip, or "
                 "leave it out");
}

// ---- Bodies of requests

std::string gzip(std::string_view content) {
  return content_coding::encode(Coding::gzip, content_coding::Effort::each_time, content);
}

std::string post(std::string_view body, std::string_view fields = "Content-Encoding: gzip\r\n") {
  return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

Task<Response> echo(Request& req) {
  co_return co_await req.text();
}

Options decoding(Handler fetch, std::uint64_t limit = 1 << 20) {
  Options options;
  options.fetch = std::move(fetch);
  options.decode_request_bodies = true;
  options.max_request_body_size = limit;
  return options;
}

TEST(RequestCoding, BodiesAreDecoded) {
  Served served(decoding(echo));
  RawClient client = served.connect();
  EXPECT_EQ(client.exchange(post(gzip(text(200'000)))).body, text(200'000));
  EXPECT_EQ(client.exchange(post("plain", "")).body, "plain");
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
      "Content-Encoding: gzip\r\n\r\n");
  for (const char c : gzip("byte by byte")) client.send("1\r\n" + std::string(1, c) + "\r\n");
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.read_reply().body, "byte by byte");
  EXPECT_EQ(client.exchange(post(gzip("kept"))).body, "kept") << "the connection goes on";
}

TEST(RequestCoding, BufferedHandlersHaveThemDecoded) {
  Served served(decoding(buffered([](Request& req) { return Response(req.text().get()); })));
  EXPECT_EQ(served.exchange(post(gzip("hello"))).body, "hello");
}

// RFC 9110 section 15.5.16
TEST(RequestCoding, AnUnknownCodingIs415) {
  bool called = false;
  Served served(decoding([&] {
    called = true;
    return Response();
  }));
  RawClient client = served.connect();
  const RawReply reply = client.exchange(post("x", "Content-Encoding: br\r\n"));
  EXPECT_EQ(reply.status, 415);
  EXPECT_EQ(reply.field("Accept-Encoding"), "gzip, deflate");
  EXPECT_FALSE(called);
  EXPECT_EQ(client.exchange(post("")).status, 200) << "the connection goes on";
}

TEST(RequestCoding, AMalformedBodyIs400) {
  std::optional<BodyError::Reason> reason;
  Served served(decoding([&](Request& req) -> Task<Response> {
    try {
      co_return co_await req.text();
    } catch (const BodyError& error) {
      reason = error.reason();
    }
    co_return Response("late");
  }));
  const RawReply reply = served.exchange(post("this is no gzip"));
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, "the body is not of its content coding\n");
  EXPECT_EQ(reply.field("Connection"), "close");
  EXPECT_EQ(reason, BodyError::Reason::malformed);
  EXPECT_EQ(served.exchange(post(gzip("hello").substr(0, 12))).body,
            "the body ends in the middle of its content coding\n");
}

// RFC 9110 section 15.5.14
TEST(RequestCoding, ABombIs413) {
  std::optional<BodyError::Reason> reason;
  Served served(decoding([&](Request& req) -> Task<Response> {
    try {
      co_return co_await req.text();
    } catch (const BodyError& error) {
      reason = error.reason();
    }
    co_return Response("late");
  }));
  const RawReply reply = served.exchange(post(gzip(std::string(50'000'000, 'a'))));
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.body, "the decoded body is larger than this server takes\n");
  EXPECT_EQ(reason, BodyError::Reason::too_large);
}

TEST(RequestCoding, PiecesOfABombAreBounded) {
  size_t largest = 0;
  Served served(decoding(
      [&](Request& req) -> Task<Response> {
        size_t bytes = 0;
        Body body = req.body();
        while (std::optional<std::string> piece = co_await body.next()) {
          bytes += piece->size();
          largest = std::max(largest, piece->size());
        }
        co_return Response(std::to_string(bytes));
      },
      100'000'000));
  RawClient client = served.connect();
  EXPECT_EQ(client.exchange(post(gzip(std::string(50'000'000, 'a')))).body, "50000000");
  EXPECT_LE(largest, 64U * 1024);
  const std::string content = text(3'000'000);
  EXPECT_EQ(client.exchange(post(gzip(content))).body, "3000000");
}

TEST(RequestCoding, AReaderThatGoesAwayEndsIt) {
  Served served(decoding([&](Request& req) -> Task<Response> {
    {
      std::optional<std::string> piece = co_await req.body().next();
    }
    co_return Response("enough");
  }));
  RawClient client = served.connect();
  EXPECT_EQ(client.exchange(post(gzip(std::string(900'000, 'a')))).body, "enough");
  EXPECT_EQ(client.exchange(post(gzip("again"))).body, "enough");
}

TEST(RequestCoding, AHandlerAsksByItself) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
    if (!req.decode_body(100)) co_return Response("not sent");
    co_return co_await req.text();
  }});
  EXPECT_EQ(served.exchange(post(gzip("hello"))).body, "hello");
  EXPECT_EQ(served.exchange(post(gzip(std::string(101, 'a')))).status, 413);
  EXPECT_EQ(served.exchange(post("x", "Content-Encoding: zstd\r\n")).status, 415);
  EXPECT_EQ(served.exchange(post("plain", "")).body, "plain");
}

TEST(RequestCoding, AskingTooLateIsAMistake) {
  Served served({.fetch = [](Request& req) -> Task<Response> {
                   const std::string body = co_await req.text();
                   req.decode_body(100);
                   co_return body;
                 },
                 .error = [](const std::exception& error) { return Response(error.what()); }});
  EXPECT_EQ(served.exchange(post(gzip("hello"))).body,
            "decode_body comes too late: call it once, before the body is asked for, and without "
            ".decode_request_bodies");
}

}  // namespace
}  // namespace bao::testing
