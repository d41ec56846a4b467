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

// bao::fetch: other servers are asked. How replies are sent on is in forward_test.cc.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::Served;

/// What a fetch came to.
struct Outcome {
  bool done = false;
  int status = 0;
  std::string text;
  Fields fields;
  std::optional<FetchError::Reason> failure;
  std::string what;
};

Task<> ask(FetchRequest request, Outcome& outcome) {
  try {
    FetchReply reply = co_await fetch(std::move(request));
    outcome.status = reply.status();
    outcome.fields = reply.fields();
    outcome.text = co_await reply.text();
  } catch (const FetchError& error) {
    outcome.failure = error.reason();
    outcome.what = error.what();
  }
  outcome.done = true;
}

Outcome fetched(FetchRequest request) {
  Outcome outcome;
  spawn(ask(std::move(request), outcome));
  EXPECT_TRUE(testing::turn_until([&] { return outcome.done; }));
  return outcome;
}

/// Shows what a request looks like.
Response mirror(const Request& req, const std::string& body) {
  std::string text = std::string(req.method()) + " " + std::string(req.path()) + "\n";
  for (auto [name, value] : req.fields()) text.append(name).append(": ").append(value) += "\n";
  return text + "\n" + body;
}
const Handler kMirror = [](Request& req) -> Task<Response> {
  std::string body = co_await req.text();
  co_return mirror(req, body);
};

std::string url_of(const Served& served, const std::string& path = "/") {
  return "http://127.0.0.1:" + std::to_string(*served.server.port()) + path;
}

TEST(Fetch, GivesStatusFieldsAndContent) {
  Served other({.fetch = [] { return Response("hello").status(418).set("X-One", "1"); }});
  const Outcome outcome = fetched(url_of(other));
  EXPECT_EQ(outcome.status, 418);
  EXPECT_EQ(outcome.text, "hello");
  EXPECT_EQ(outcome.fields.get("x-one"), "1");
}

TEST(Fetch, SaysNoMoreThanItIsTold) {
  Served other({.fetch = kMirror});
  const std::string host = "127.0.0.1:" + std::to_string(*other.server.port());
  EXPECT_EQ(fetched(url_of(other, "/a?b")).text, "GET /a\nHost: " + host + "\n\n");
  EXPECT_EQ(fetched(FetchRequest(url_of(other))
                        .set("X-One", "1")
                        .append("X-One", "2")
                        .set("Empty", "")
                        .set("Host", "other")
                        .set("Content-Length", "7")
                        .set("Transfer-Encoding", "chunked")
                        .set("Connection", "close"))
                .text,
            "GET /\nHost: other\nX-One: 1\nX-One: 2\nEmpty: \n\n");
}

TEST(Fetch, SendsBodies) {
  Served other({.fetch = kMirror});
  const std::string host = "Host: 127.0.0.1:" + std::to_string(*other.server.port()) + "\n";
  EXPECT_EQ(fetched(FetchRequest(url_of(other)).method("POST").body("hello")).text,
            "POST /\n" + host + "Content-Length: 5\n\nhello");
  EXPECT_EQ(fetched(FetchRequest(url_of(other)).method("POST")).text,
            "POST /\n" + host + "Content-Length: 0\n\n");
  EXPECT_EQ(fetched(FetchRequest(url_of(other)).method("DELETE")).text, "DELETE /\n" + host + "\n");
  EXPECT_EQ(fetched(FetchRequest(url_of(other)).method("Odd")).text, "Odd /\n" + host + "\n");
  const std::string large(300'000, 'x');
  EXPECT_TRUE(fetched(FetchRequest(url_of(other)).method("PUT").body(large)).text.ends_with(large));
}

TEST(Fetch, OfHeadHasNoContent) {
  Served other({.fetch = [] { return "hello"; }});
  const Outcome outcome = fetched(FetchRequest(url_of(other)).method("HEAD"));
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.fields.get("Content-Length"), "5");
  EXPECT_EQ(outcome.text, "");
}

TEST(Fetch, KeepsConnections) {
  Served other({.fetch = [] { return "x"; }});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fetched(url_of(other)).text, "x");
  EXPECT_EQ(other.server.counters().connections_total, 1u);
}

TEST(Fetch, ManyAtOnce) {
  Served other({.fetch = [](Request& req) -> Task<Response> {
    co_await sleep(1ms);
    co_return std::string(req.path());
  }});
  std::vector<Outcome> outcomes(20);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    spawn(ask(url_of(other, "/" + std::to_string(i)), outcomes[i]));
  }
  for (size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_TRUE(testing::turn_until([&] { return outcomes[i].done; }));
    EXPECT_EQ(outcomes[i].text, "/" + std::to_string(i));
  }
}

TEST(Fetch, GoesToUnixSockets) {
  const testing::TemporaryFile folder;
  const std::string path = folder.folder() + "/socket";
  {
    Served other({.unix_path = path, .fetch = kMirror});
    EXPECT_EQ(fetched(FetchRequest("http://name/x").unix_path(path)).text,
              "GET /x\nHost: name\n\n");
  }
  const std::string name("\0bao-fetch-test", 15);
  Served other({.unix_path = name, .fetch = kMirror});
  EXPECT_EQ(fetched(FetchRequest("http://name/x").unix_path(name)).status, 200);
}

TEST(Fetch, FollowsRedirectsIfTold) {
  Served other({.routes = {{"/a", Response::redirect("/b")},
                           {"/b", Response::redirect("/c", 307)},
                           {"/c", "there"}}});
  EXPECT_EQ(fetched(url_of(other, "/a")).status, 302);
  EXPECT_EQ(fetched(FetchRequest(url_of(other, "/a")).follow(2)).text, "there");
  EXPECT_EQ(fetched(FetchRequest(url_of(other, "/a")).follow(1)).failure,
            FetchError::Reason::malformed);
  EXPECT_EQ(fetched(FetchRequest(url_of(other, "/a")).method("POST").follow(2)).status, 302);
}

// ---- Content as it arrives

TEST(Fetch, GivesPiecesAsTheyCome) {
  bool go_on = false;
  Served other({.fetch = [&] {
    return Response::stream([&](Writer& out) -> Task<> {
      co_await out.write("first");
      while (!go_on) co_await sleep(1ms);
      co_await out.write("second");
    });
  }});
  std::vector<std::string> pieces;
  bool done = false;
  auto read = [&]() -> Task<> {
    FetchReply reply = co_await fetch(url_of(other));
    while (std::optional<std::string> piece = co_await reply.next()) {
      pieces.push_back(*piece);
      go_on = true;
    }
    std::optional<std::string> more = co_await reply.next();
    EXPECT_FALSE(more.has_value());
    done = true;
  };
  spawn(read());
  ASSERT_TRUE(testing::turn_until([&] { return done; }));
  EXPECT_EQ(pieces, (std::vector<std::string>{"first", "second"}));
}

TEST(Fetch, IsReadOnlyAsFastAsItIsTaken) {
  Served other({.fetch = [] {
    return Response::stream([](Writer& out) -> Task<> {
      const std::string piece(64 * 1024, 'x');
      for (int i = 0; i < 1000; ++i) co_await out.write(piece);
    });
  }});
  std::uint64_t taken = 0;
  bool read_on = false, done = false;
  auto read = [&]() -> Task<> {
    FetchReply reply = co_await fetch(url_of(other));
    while (!read_on) co_await sleep(1ms);
    while (std::optional<std::string> piece = co_await reply.next()) taken += piece->size();
    done = true;
  };
  spawn(read());
  testing::turn_for(100ms);
  const auto sent = other.server.counters().bytes_out;
  testing::turn_for(30ms);
  EXPECT_EQ(other.server.counters().bytes_out, sent);
  EXPECT_LT(sent, 20u << 20) << "the kernel's buffers and little more";
  read_on = true;
  ASSERT_TRUE(testing::turn_until([&] { return done; }));
  EXPECT_EQ(taken, 1000u * 64 * 1024);
}

TEST(Fetch, IsOverWhenNobodyHoldsItsReply) {
  bool gone = false;
  Served other({.fetch = [&] {
    return Response::stream([&](Writer& out) -> Task<> {
      std::stop_callback told(out.stop_token(), [&] { gone = true; });
      for (;;) {
        co_await out.write("x");
        co_await sleep(1ms);
      }
    });
  }});
  auto read = [&]() -> Task<> { FetchReply reply = co_await fetch(url_of(other)); };
  spawn(read());
  EXPECT_TRUE(testing::turn_until([&] { return gone; }));
}

TEST(Fetch, HasALimitOnText) {
  Served other({.fetch = [] { return std::string(1000, 'x'); }});
  std::optional<FetchError::Reason> failure;
  auto read = [&]() -> Task<> {
    FetchReply reply = co_await fetch(url_of(other));
    try {
      std::string text = co_await reply.text(999);
    } catch (const FetchError& error) {
      failure = error.reason();
    }
  };
  spawn(read());
  ASSERT_TRUE(testing::turn_until([&] { return failure.has_value(); }));
}

// ---- Failures

/// A server that says just these bytes and ends the connection.
class Blunt {
 public:
  explicit Blunt(std::string reply) : reply_(std::move(reply)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&in), sizeof in), 0);
    EXPECT_EQ(::listen(socket_, 1), 0);
    socklen_t length = sizeof in;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&in), &length);
    port_ = ntohs(in.sin_port);
  }
  ~Blunt() { ::close(socket_); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

  /// Answers once; to be called until it has.
  bool answer() {
    if (client_ < 0) client_ = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client_ < 0) return false;
    char buffer[1000];
    if (::recv(client_, buffer, sizeof buffer, MSG_DONTWAIT) <= 0) return false;
    EXPECT_EQ(::send(client_, reply_.data(), reply_.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(reply_.size()));
    ::close(client_);
    return true;
  }

 private:
  std::string reply_;
  int socket_ = -1;
  int client_ = -1;
  int port_ = 0;
};

Outcome answered_by(const std::string& reply, const std::function<void(FetchRequest&)>& with = {}) {
  Blunt other(reply);
  FetchRequest request(other.url());
  if (with) with(request);
  Outcome outcome;
  spawn(ask(std::move(request), outcome));
  EXPECT_TRUE(testing::turn_until([&] { return other.answer(); }));
  EXPECT_TRUE(testing::turn_until([&] { return outcome.done; }));
  return outcome;
}

TEST(Fetch, FailsIfTheReplyIsCutShort) {
  EXPECT_EQ(answered_by("").failure, FetchError::Reason::cut);
  const Outcome half = answered_by("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_EQ(half.status, 200);
  EXPECT_EQ(half.failure, FetchError::Reason::cut);
  EXPECT_EQ(answered_by("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab").failure,
            FetchError::Reason::cut);
}

TEST(Fetch, FailsIfTheReplyIsNoHttp) {
  EXPECT_EQ(answered_by("what?\r\n\r\n").failure, FetchError::Reason::malformed);
  EXPECT_EQ(answered_by("HTTP/1.1 200 OK\r\nNo colon\r\n\r\n").failure,
            FetchError::Reason::malformed);
  EXPECT_EQ(answered_by("HTTP/1.1 200 OK\r\nX: a\x01"
                        "b\r\n\r\n")
                .failure,
            FetchError::Reason::malformed);
}

TEST(Fetch, FailsIfTheHeadIsTooLarge) {
  const std::string head = "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n";
  const Outcome outcome = answered_by(head);
  EXPECT_EQ(outcome.failure, FetchError::Reason::malformed);
  EXPECT_NE(outcome.what.find("the head of the reply is too large"), std::string::npos);
  EXPECT_EQ(answered_by(head, [](FetchRequest& request) { request.max_head_size(80'000); }).status,
            200);
}

TEST(Fetch, PassesOverInterimReplies) {
  const Outcome outcome =
      answered_by("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\ntext");
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.fields.lines(), "A: b\r\n");
  EXPECT_EQ(outcome.text, "text");
}

TEST(Fetch, DropsTrailers) {
  const Outcome outcome = answered_by(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n");
  EXPECT_EQ(outcome.text, "x");
  EXPECT_FALSE(outcome.fields.has("X-Sum"));
}

TEST(Fetch, FailsIfNobodyIsThere) {
  std::string url;
  {
    Blunt other("");
    url = other.url();
  }
  const Outcome outcome = fetched(url);
  EXPECT_EQ(outcome.failure, FetchError::Reason::unreachable);
  EXPECT_NE(outcome.what.find("bao::fetch of \"" + url + "\" failed: "), std::string::npos);
  EXPECT_EQ(fetched(FetchRequest("http://x/").unix_path("/nowhere/socket")).failure,
            FetchError::Reason::unreachable);
}

TEST(Fetch, FailsIfTheHostHasNoAddress) {
  EXPECT_EQ(fetched("http://name.invalid/").failure, FetchError::Reason::unresolved);
}

TEST(Fetch, FailsAfterSilence) {
  Served other({.fetch = [](Request& req) -> Task<Response> {
    const std::stop_token stop = req.stop_token();
    while (!stop.stop_requested()) co_await sleep(1ms);
    co_return "late";
  }});
  const Outcome outcome = fetched(FetchRequest(url_of(other)).timeout(20ms));
  EXPECT_EQ(outcome.failure, FetchError::Reason::timed_out);
  EXPECT_NE(outcome.what.find("nothing came for 20 ms"), std::string::npos);
}

TEST(Fetch, DoesNotTakeOurOwnSlownessForSilence) {
  Served other({.fetch = [] { return std::string(20 << 20, 'x'); }});
  std::size_t size = 0;
  auto read = [&]() -> Task<> {
    FetchReply reply = co_await fetch(FetchRequest(url_of(other)).timeout(50ms));
    co_await sleep(200ms);
    std::string text = co_await reply.text();
    size = text.size();
  };
  spawn(read());
  ASSERT_TRUE(testing::turn_until([&] { return size > 0; }));
  EXPECT_EQ(size, 20u << 20);
}

TEST(Fetch, IsCancelledByItsToken) {
  bool gone = false;
  Served other({.fetch = [&](Request& req) -> Task<Response> {
    const std::stop_token stop = req.stop_token();
    const std::stop_callback told(stop, [&] { gone = true; });
    while (!stop.stop_requested()) co_await sleep(1ms);
    co_return "late";
  }});
  std::stop_source source;
  Outcome outcome;
  spawn(ask(FetchRequest(url_of(other)).stop(source.get_token()), outcome));
  ASSERT_TRUE(testing::turn_until([&] { return other.server.pending_requests() == 1; }));
  source.request_stop();
  ASSERT_TRUE(testing::turn_until([&] { return outcome.done && gone; }));
  EXPECT_EQ(outcome.failure, FetchError::Reason::cancelled);
  EXPECT_EQ(fetched(FetchRequest(url_of(other)).stop(source.get_token())).failure,
            FetchError::Reason::cancelled)
      << "before it has begun";
}

TEST(Fetch, RefusesWhatMakesNoSense) {
  for (const char* url :
       {"", "/path", "ftp://host/", "file:///etc/passwd", "http://", "http://a b/"}) {
    EXPECT_THROW(fetch(url), std::invalid_argument) << url;
  }
  EXPECT_THROW(FetchRequest("http://a/").method("A B"), std::invalid_argument);
  EXPECT_THROW(FetchRequest("http://a/").method("CONNECT"), std::invalid_argument);
  EXPECT_THROW(FetchRequest("http://a/").set("A", "b\r\nc"), std::invalid_argument);
  EXPECT_THROW(FetchRequest("http://a/").timeout(-1ms), std::invalid_argument);
  EXPECT_THROW(FetchRequest("http://a/").connect_timeout(0ms), std::invalid_argument);
}

TEST(Fetch, EndsWithItsLoop) {
  testing::on_own_loop([] {
    auto other =
        serve({.port = 0, .hostname = "127.0.0.1", .fetch = [](Request&) -> Task<Response> {
                 co_await sleep(1h);
                 co_return "late";
               }});
    static Outcome outcome;
    outcome = {};
    spawn(ask(other.url(), outcome));
    testing::turn_for(20ms);
  });
}

}  // namespace
}  // namespace bao
