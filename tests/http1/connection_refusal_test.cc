#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "http1/connection_fixture.h"
#include "http1/cuts.h"

// Requests that must be refused, as a hostile client sends them: each with a request behind it that
// must never be seen as one. RFC 9112 sections 2.2, 3, 5, 6.3, 7.1 and 11.2.
namespace bao::http1 {
namespace {

using namespace std::string_literals;
using testing::reply_with;

struct Hostile {
  std::string text;
  int status;
  size_t requests = 0;  // that reach the handler before
  // Whether its body is what is wrong: the handler is not called if that came with the head.
  bool wrong_body = false;
};

class ConnectionRefusalTest : public testing::ConnectionTest {
 protected:
  // The status of the last reply and how often the handler was called.
  struct Outcome {
    std::string bytes;
    size_t requests = 0;
    bool operator==(const Outcome&) const = default;
  };

  Outcome feed(const std::string& text, const testing::Cuts& cuts) {
    world.requests.clear();
    Client& client = world.connect();
    size_t from = 0;
    for (size_t end : cuts) {
      world.send(client, std::string_view(text).substr(from, end - from));
      from = end;
    }
    Outcome outcome{output(client), world.requests.size()};
    client.wire.peer_finished = true;
    world.run();
    EXPECT_TRUE(client.wire.closed);
    EXPECT_FALSE(client.wire.reset);
    EXPECT_EQ(client.wire.outbound, "") << "nothing follows the refusal";
    world.kept.clear();
    world.clients.pop_back();
    --world.workspace.counters.connections_total;
    return outcome;
  }

  void expect_refused(const Hostile& hostile) {
    const std::string text = hostile.text + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
    const Outcome expected = feed(text, testing::whole(text.size()));
    const size_t last = expected.bytes.rfind("HTTP/1.1 ");
    ASSERT_NE(last, std::string::npos) << "no reply to " << ::testing::PrintToString(hostile.text);
    const std::string refusal = expected.bytes.substr(last);
    EXPECT_TRUE(refusal.starts_with("HTTP/1.1 " + std::to_string(hostile.status) + " "))
        << ::testing::PrintToString(hostile.text) << "\n"
        << refusal;
    EXPECT_NE(refusal.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_EQ(expected.requests, hostile.requests) << ::testing::PrintToString(hostile.text);
    for (const testing::Cuts& cuts : testing::all_ways(text.size())) {
      Outcome outcome = feed(text, cuts);
      if (hostile.wrong_body && outcome.requests == expected.requests + 1) --outcome.requests;
      EXPECT_TRUE(outcome == expected) << ::testing::PrintToString(hostile.text);
    }
  }
};

TEST_F(ConnectionRefusalTest, MalformedHeads) {
  for (const Hostile& hostile : std::vector<Hostile>{
           {"GET /\r\n", 400},
           {"GET / HTTP/1.1\nHost: h\n\n", 400},
           {"GET / HTTP/1.1\r\nHost: h\r\n\n", 400},
           {"GET / HTTP/1.1\rHost: h\r\r", 400},
           {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
           {"GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"s, 400},
           {"GET / HTTP/1.1\r\nHost: h\r\nA: \0\r\n\r\n"s, 400},
           {"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
           {"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
           {"GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
           {"GET http://real/ HTTP/1.1\r\n\r\n", 400},
           {"GET ftp://real/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
           {"GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
           {"\x16\x03\x01\x02\x00\x01"s, 400},
           {"\r\n\r\n \r\n", 400},
           {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
           {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
           {"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 501},
           {"GET /" + std::string(17'000, 'a') + " HTTP/1.1\r\n", 414},
           {"GET / HTTP/1.1\r\nA: " + std::string(17'000, 'a') + "\r\n", 431},
       }) {
    expect_refused(hostile);
  }
}

// What one server takes for a body and another for a request
TEST_F(ConnectionRefusalTest, AmbiguousFraming) {
  const auto with = [](std::string_view fields, std::string_view rest) {
    return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n" + std::string(rest);
  };
  const std::string chunks = "0\r\n\r\n";
  for (const Hostile& hostile : std::vector<Hostile>{
           // CL.TE and TE.CL
           {with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunks), 400},
           {with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", chunks), 400},
           {with("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", chunks), 400},
           // TE.TE: one of two hides from somebody
           {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", chunks), 400},
           {with("Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n", chunks), 501},
           {with("Transfer-Encoding: chunked, x\r\n", chunks), 400},
           {with("Transfer-Encoding: x, chunked\r\n", chunks), 501},
           {with("Transfer-Encoding: chunked, chunked\r\n", chunks), 400},
           {with("Transfer-Encoding: xchunked\r\n", chunks), 501},
           {with("Transfer-Encoding : chunked\r\n", chunks), 400},
           {with("Transfer-Encoding\t: chunked\r\n", chunks), 400},
           {with("Transfer-Encoding: \x0b"
                 "chunked\r\n",
                 chunks),
            400},
           {with("Transfer-Encoding: chunked\x0c\r\n", chunks), 400},
           {with("Transfer-Encoding: chunked\xa0\r\n", chunks), 400},
           {with("Transfer-Encoding: \"chunked\"\r\n", chunks), 400},
           {with("Transfer-Encoding: chunked;q=1\r\n", chunks), 400},
           {with("Transfer-Encoding:\r\n", chunks), 400},
           {with("Transfer-Encoding: identity\r\n", chunks), 400},
           {with("Transfer-Encoding:\r\n chunked\r\n", chunks), 400},
           {with("X: y\nTransfer-Encoding: chunked\r\n", chunks), 400},
           {with("X: y\rTransfer-Encoding: chunked\r\n", chunks), 400},
           {with("Transfer-Encoding: chunked\r\nX: y\r\n z\r\n", chunks), 400},
           {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, 400},
           // Lengths
           {with("Content-Length: 5\r\nContent-Length: 6\r\n", "helloX"), 400},
           {with("Content-Length: 5, 6\r\n", "helloX"), 400},
           {with("Content-Length: +5\r\n", "hello"), 400},
           {with("Content-Length: -5\r\n", "hello"), 400},
           {with("Content-Length: 0x5\r\n", "hello"), 400},
           {with("Content-Length: 5 \x0b\r\n", "hello"), 400},
           {with("Content-Length: 5;\r\n", "hello"), 400},
           {with("Content-Length: 1 5\r\n", "hello"), 400},
           {with("Content-Length:\r\n", "hello"), 400},
           {with("Content-Length : 5\r\n", "hello"), 400},
           {with("Content-Length: 18446744073709551621\r\n", "hello"), 413},
           {with("Content-Length: 9223372036854775808\r\n", "hello"), 413},
           {with("Expect: 200-ok\r\nContent-Length: 5\r\n", "hello"), 417},
       }) {
    expect_refused(hostile);
  }
}

TEST_F(ConnectionRefusalTest, MalformedChunks) {
  echo_bodies();
  const std::string huge(2000, 'e');
  for (const std::string& chunks : std::vector<std::string>{
           "5\nhello\n0\n\n",
           "5\r\nhello0\r\n\r\n",
           "5\r\nhello\n0\r\n\r\n",
           "5\r\nhelloo\r\n0\r\n\r\n",
           " 5\r\nhello\r\n0\r\n\r\n",
           "5 \r\nhello\r\n0\r\n\r\n",
           "+5\r\nhello\r\n0\r\n\r\n",
           "-1\r\nhello\r\n0\r\n\r\n",
           "0x5\r\nhello\r\n0\r\n\r\n",
           "\r\n0\r\n\r\n",
           "5\rhello\r\n0\r\n\r\n",
           "10000000000000005\r\nhello\r\n0\r\n\r\n",
           "ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
           "5;a\nhello\r\n0\r\n\r\n",
           "5;a=\"\r\n0\r\n\r\n\"\r\nhello\r\n0\r\n\r\n",
           "5;a=\"\\\r\nhello\r\n0\r\n\r\n",
           "5;\r\nhello\r\n0\r\n\r\n",
           "5;a=\r\nhello\r\n0\r\n\r\n",
           "5;a b\r\nhello\r\n0\r\n\r\n",
           "5;" + huge + "\r\nhello\r\n0\r\n\r\n",
           "5\r\nhello\r\n0\n\r\n",
           "5\r\nhello\r\n0\r\n\n",
           "5\r\nhello\r\n0\r\nA : b\r\n\r\n",
           "5\r\nhello\r\n0\r\nA\r\n\r\n",
           "5\r\nhello\r\n0\r\n A: b\r\n\r\n",
           "5\r\nhello\r\n0\r\nA: \0\r\n\r\n"s,
           "5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n",
       }) {
    expect_refused({chunked_post("/", chunks), 400, 0, true});
  }
}

// They have the limits of a head, and the status of one that is too large.
TEST_F(ConnectionRefusalTest, TrailersThatAreTooLarge) {
  echo_bodies();
  const std::string large = "5\r\nhello\r\n0\r\nA: " + std::string(17'000, 't') + "\r\n\r\n";
  expect_refused({chunked_post("/", large), 431, 0, true});
}

TEST_F(ConnectionRefusalTest, RequestsBeforeTheBadOneAreAnswered) {
  expect_refused({get("/1") + post("/2", "hello") + "nonsense\r\n", 400, 2});
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/1") + "nonsense\r\n");
  reply_to_first("first");
  const std::string all = output(client);
  EXPECT_TRUE(all.starts_with(ok("first") + "HTTP/1.1 400 ")) << all;
  expect_linger(client);
}

// Trailers may say what they like: they do not frame the next request (RFC 9110 section 6.5.1).
TEST_F(ConnectionRefusalTest, FramingFieldsInTrailersAreIgnored) {
  echo_bodies();
  Client& client = world.connect();
  world.send(client, chunked_post("/",
                                  "1\r\nx\r\n0\r\nContent-Length: 50\r\nTransfer-Encoding: "
                                  "chunked\r\nHost: evil\r\n\r\n") +
                         get("/next"));
  EXPECT_EQ(output(client), ok("x") + ok(""));
}

TEST_F(ConnectionRefusalTest, ARefusedHeadRequestGetsNoBody) {
  for (std::string_view rest :
       {" / HTTP/1.1\r\n\r\n", " / HTTP/3.0\r\n", " /\r\n", " / HTTP/1.1\r\nX\r\n"}) {
    Client& client = world.connect();
    world.send(client, "HEAD" + std::string(rest));
    const std::string text = output(client);
    EXPECT_TRUE(text.ends_with("\r\n\r\n")) << text;
    EXPECT_EQ(text.find("\r\n\r\n"), text.size() - 4);
    expect_linger(client);
  }
}

// What the client goes on sending is read and thrown away, but not for ever.
TEST_F(ConnectionRefusalTest, AClientThatNeverStopsIsGivenUp) {
  Client& client = world.connect();
  world.send(client, "nonsense\r\n");
  size_t sent = 0;
  while (!client.wire.closed && sent < 100'000'000) {
    world.send(client, std::string(60'000, 'x'));
    sent += 60'000;
  }
  EXPECT_TRUE(client.wire.closed);
  EXPECT_LT(sent, 5'000'000u);
}

}  // namespace
}  // namespace bao::http1
