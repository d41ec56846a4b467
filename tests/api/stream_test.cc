#include <chrono>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <bao/bao.h>

#include "api/raw_client.h"
#include "api/served.h"

// Replies that are written while they are sent: RFC 9112 section 7.1 on the wire, Response::stream
// and Writer above.
namespace bao::testing {
namespace {

using namespace std::chrono_literals;

Task<> write_pieces(Writer& out) {
  co_await out.write("one\n");
  co_await bao::sleep(1ms);
  co_await out.write("");  // an empty chunk would end the content: it is left out
  co_await out.write("three");
}

Options streaming(Producer produce, std::optional<std::uint64_t> length = std::nullopt) {
  Options options;
  options.fetch = [produce, length] { return Response::stream(produce, length); };
  return options;
}

TEST(Stream, IsChunkedInHttp11) {
  Served served(streaming(write_pieces));
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(client.wait_for("0\r\n\r\n"));
  const std::string& text = client.received();
  EXPECT_NE(text.find("Transfer-Encoding: chunked\r\n"), text.npos);
  EXPECT_EQ(text.find("Content-Length"), text.npos);
  EXPECT_EQ(text.substr(text.find("\r\n\r\n") + 4), "4\r\none\n\r\n5\r\nthree\r\n0\r\n\r\n");
  EXPECT_EQ(client.end(), RawClient::End::open) << "the connection is kept for the next request";
}

TEST(Stream, EndsWithTheConnectionInHttp10) {
  Served served(streaming(write_pieces));
  RawClient client = served.connect();
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  const std::string& text = client.received();
  EXPECT_EQ(text.find("Transfer-Encoding"), text.npos);
  EXPECT_NE(text.find("Connection: close\r\n"), text.npos);
  EXPECT_EQ(text.substr(text.find("\r\n\r\n") + 4), "one\nthree");
}

TEST(Stream, OfDeclaredLengthHasContentLength) {
  Served served(streaming(write_pieces, 9));
  RawReply reply = served.get("/");
  EXPECT_EQ(reply.field("Content-Length"), "9");
  EXPECT_FALSE(reply.has("Transfer-Encoding"));
  EXPECT_EQ(reply.body, "one\nthree");
}

TEST(Stream, ThatGivesMoreOrLessThanDeclaredIsResetAndLogged) {
  const std::vector<std::pair<std::uint64_t, std::string>> cases{
      {3, "a streamed reply declared 3 bytes and wrote 4\n"},
      {6, "a streamed reply declared 6 bytes and wrote 9\n"},
      {8, "a streamed reply declared 8 bytes and wrote 9\n"},
      {10, "a streamed reply declared 10 bytes and wrote 9\n"}};
  for (const auto& [length, logged] : cases) {
    Served served(streaming(write_pieces, length));
    RawClient client = served.connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.wait_for_end(), RawClient::End::reset) << length;
    const std::string& text = client.received();
    const size_t head = text.find("\r\n\r\n");
    EXPECT_TRUE(head == text.npos || text.size() - head - 4 <= length) << text;
    EXPECT_EQ(served.log, logged);
    EXPECT_EQ(served.server.pending_requests(), 0u);
  }
}

// A mistake of the program, not an end of the client's.
TEST(Stream, ThatWritesTooMuchIsToldSo) {
  std::string said;
  int gone = 0;
  Served served(streaming(
      [&](Writer& out) -> Task<> {
        co_await out.write("one\n");
        try {
          co_await out.write("two\n");
        } catch (const std::length_error& error) {
          said = error.what();
        }
        gone += out.client_gone();
        try {
          co_await out.write("three");
        } catch (const ClientGone&) {
          ++gone;
        }
      },
      7));
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
  EXPECT_EQ(said, "a streamed reply declared 7 bytes and wrote 8");
  EXPECT_EQ(gone, 2) << "its connection is cut";
  EXPECT_EQ(served.log, said + "\n") << "once";
}

TEST(Stream, OfAWrongLengthFailsWithoutASocketToo) {
  for (std::uint64_t length : {8u, 10u}) {
    Served served(streaming(write_pieces, length));
    std::string failure;
    spawn([](Server server, std::string& failure) -> Task<> {
      try {
        co_await server.fetch("/");
      } catch (const std::runtime_error& error) {
        failure = error.what();
      }
    }(served.server, failure));
    EXPECT_TRUE(turn_until([&] { return !failure.empty(); })) << length;
    EXPECT_EQ(failure, "Server::fetch: the request was aborted");
    EXPECT_EQ(served.log,
              "a streamed reply declared " + std::to_string(length) + " bytes and wrote 9\n");
  }
}

TEST(Stream, WhoseClientGoesAwayIsNotToldOfItsLength) {
  bool ended = false;
  Served served(streaming(
      [&](Writer& out) -> Task<> {
        co_await out.write("x");
        while (!out.client_gone()) co_await bao::sleep(1ms);
        ended = true;
      },
      7));
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(client.wait_for("\r\n\r\nx"));
  client.reset();
  EXPECT_TRUE(turn_until([&] { return ended; }));
  EXPECT_EQ(served.log, "");
}

// RFC 9112 section 6.3, rule 1: the head is the whole reply, so nobody wants the content.
TEST(Stream, WithoutContentDoesNotRun) {
  int runs = 0;
  auto produce = [&](Writer&) -> Task<> {
    ++runs;
    co_return;
  };
  Options options = streaming(produce, 7);
  options.routes = {{"/304", [produce] { return Response::stream(produce, 7).status(304); }}};
  Served served(std::move(options));
  RawClient client = served.connect();
  for (int i = 0; i < 2; ++i) {
    client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.read_reply(true).field("Content-Length"), "7");
    client.send("GET /304 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.read_reply(true).status, 304);
  }
  EXPECT_EQ(runs, 0);
  EXPECT_EQ(served.log, "");
  EXPECT_EQ(served.server.pending_requests(), 0u);
}

TEST(Stream, HeadHasTheHeadOfGetAndNoContent) {
  Served served(streaming(write_pieces));
  RawClient client = served.connect();
  RawReply reply = client.exchange("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.field("Transfer-Encoding"), "chunked");
  EXPECT_EQ(client.exchange("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").status, 200)
      << "no stray bytes before it";
}

TEST(Stream, HasTrailers) {
  Served served(streaming([](Writer& out) -> Task<> {
    co_await out.write("x");
    out.set_trailer("X-Sum", "7");
  }));
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.wait_for("1\r\nx\r\n0\r\nX-Sum: 7\r\n\r\n"));
}

TEST(Stream, RefusesTrailersThatDecideAboutTheMessage) {
  int refused = 0;
  Served served(streaming([&](Writer& out) -> Task<> {
    for (const char* name :
         {"Content-Length", "transfer-encoding", "Host", "Set-Cookie", "bad name"}) {
      try {
        out.set_trailer(name, "1");
      } catch (const std::invalid_argument&) {
        ++refused;
      }
    }
    co_await out.write("x");
  }));
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.wait_for("1\r\nx\r\n0\r\n\r\n"));
  EXPECT_EQ(refused, 5);
}

TEST(Stream, ThatThrowsIsResetAndLogged) {
  Served served(streaming([](Writer& out) -> Task<> {
    co_await out.write("half");
    throw std::runtime_error("the disk is gone");
  }));
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
  EXPECT_EQ(client.received().find("0\r\n\r\n"), std::string::npos);
  EXPECT_NE(served.log.find("the disk is gone"), std::string::npos);
  EXPECT_EQ(served.server.pending_requests(), 0u);
}

TEST(Stream, PipelinedRequestsWaitForItsEnd) {
  Options options = streaming(write_pieces);
  options.routes = {{"/plain", Response("plain")}};
  Served served(std::move(options));
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /plain HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(client.wait_for("plain"));
  const std::string& text = client.received();
  EXPECT_LT(text.find("0\r\n\r\n"), text.rfind("HTTP/1.1 200"));
}

TEST(Stream, WaitsForASlowClientWithBoundedMemory) {
  std::uint64_t written = 0;
  bool gone = false;
  Served served(streaming([&](Writer& out) -> Task<> {
    const std::string piece(64 * 1024, 'x');
    try {
      for (;;) {
        co_await out.write(piece);
        written += piece.size();
      }
    } catch (const ClientGone&) {
      gone = true;
      throw;
    }
  }));
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  // What the kernel buffers differs from machine to machine; the point is that it comes to rest.
  std::uint64_t before;
  do {
    before = written;
    turn_for(50ms);
  } while (written != before);
  EXPECT_GT(written, 0u);
  EXPECT_LT(written, 64u << 20);
  client.wait([&] { return client.received().size() > before / 2; });
  turn_until([&] { return written > before; });
  EXPECT_GT(written, before) << "the stream goes on when the client has read";
  client.reset();
  EXPECT_TRUE(turn_until([&] { return gone; }));
  EXPECT_EQ(served.log, "") << "a client that went away is no error";
}

TEST(Stream, GoesOnAfterAHalfClose) {
  Served served(streaming(write_pieces));
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  client.finish_writing();
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  EXPECT_TRUE(client.received().ends_with("5\r\nthree\r\n0\r\n\r\n"));
}

TEST(Stream, ThatIsSilentForTheIdleTimeoutIsReset) {
  Options options = streaming([](Writer& out) -> Task<> {
    co_await out.write("x");
    co_await bao::sleep(60s);
  });
  options.idle_timeout = 150ms;
  Served served(std::move(options));
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
}

TEST(Stream, IsCutByAForcedStopAndAwaitedByAGracefulOne) {
  Served served(streaming([](Writer& out) -> Task<> {
    co_await out.write("x");
    co_await bao::sleep(60s);
  }));
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(client.wait_for("1\r\nx\r\n"));
  Stopping stopping = served.server.stop();
  turn_for(30ms);
  EXPECT_FALSE(stopping.done());
  served.server.stop(true);
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
  EXPECT_TRUE(turn_until([&] { return stopping.done(); }));
}

TEST(Stream, EndsWithItsLoop) {
  bool destroyed = false;
  struct Mark {
    bool& destroyed;
    ~Mark() { destroyed = true; }
  };
  on_own_loop([&] {
    Options options = streaming([&](Writer& out) -> Task<> {
      Mark mark{destroyed};
      co_await out.write("x");
      co_await bao::sleep(60s);
    });
    options.port = 0;
    Server server = serve(std::move(options));
    RawClient client = RawClient::tcp(*server.port(), Served::turn);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.wait_for("1\r\nx\r\n"));
  });
  EXPECT_TRUE(destroyed);
}

TEST(Stream, FromACoroutineHandlerAndThroughFetch) {
  Options options;
  options.fetch = []() -> Task<Response> {
    co_await bao::sleep(1ms);
    co_return Response::stream(write_pieces).status(201).set("X-A", "b");
  };
  Served served(std::move(options));
  Response response;
  spawn([](Server server, Response& response) -> Task<> { response = co_await server.fetch("/"); }(
                                                  served.server, response));
  EXPECT_TRUE(turn_until([&] { return response.status() == 201; }));
  EXPECT_EQ(response.body(), "one\nthree");
  EXPECT_EQ(response.fields().get("X-A"), "b");
}

TEST(Stream, CannotBePrepared) {
  Options options;
  options.routes = {{"/stream", Response::stream(write_pieces)}};
  try {
    Served served(std::move(options));
    FAIL();
  } catch (const OptionError& error) {
    EXPECT_EQ(error.option(), "/stream");
    EXPECT_STREQ(error.what(),
                 "Route \"/stream\" has a streamed Response, which cannot be prepared: give a "
                 "handler that returns it");
  }
}

TEST(Stream, NeedsAProducer) {
  EXPECT_THROW(Response::stream(nullptr), std::invalid_argument);
}

}  // namespace
}  // namespace bao::testing
