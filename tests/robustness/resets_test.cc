#include <csignal>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

#include "robustness/server_process.h"

namespace bao::testing {
namespace {

using namespace std::chrono_literals;
using Kind = ServerProcess::Kind;

/// A point in the life of a request, at which its client goes away.
struct Step {
  const char* name;
  /// Brings a client there.
  std::function<bool(Client&)> reach;
  /// Requests that are under way for each client once it is there; -1 if that is not waited for.
  int pending = -1;
  size_t clients = 20;
};

bool send_head_of_body(Client& client, const char* path) {
  return client.send(request(path, "Content-Length: 100000\r\n"));
}

std::vector<Step> steps() {
  return {
      {"Connected", [](Client&) { return true; }},
      {"InTheHead", [](Client& c) { return c.send("GET /text HTTP/1.1\r\nHost: ro"); }},
      {"BehindAWholeReply", [](Client& c) { return c.get("/text") && c.read_reply(); }},
      {"BehindTheHeadOfABody", [](Client& c) { return send_head_of_body(c, "/echo"); }, 1},
      {"InTheBody",
       [](Client& c) { return send_head_of_body(c, "/echo") && c.send(std::string(70'000, 'b')); },
       1},
      {"InAChunk",
       [](Client& c) {
         return c.send(request("/echo", "Transfer-Encoding: chunked\r\n") + "fff\r\nchunk");
       },
       1},
      {"InABodyThatNobodyReads",
       [](Client& c) {
         return send_head_of_body(c, "/unread") && c.send(std::string(10'000, 'b')) &&
                c.read_reply();
       },
       1},
      {"WhileTheHandlerIsSuspended", [](Client& c) { return c.get("/wait"); }, 1},
      {"WithRequestsBehindASuspendedHandler",
       [](Client& c) {
         // More than the server takes at once, but not more than the kernel takes for it: behind a
         // full window no end of a connection can be seen.
         std::string requests = request("/wait");
         for (int i = 0; i < 3500; ++i) requests += request("/text");
         return c.send(requests);
       },
       1, 5},
      {"JustBeforeTheReply", [](Client& c) { return c.get("/later"); }},
      {"WithManyRepliesUnderWay",
       [](Client& c) {
         std::string requests;
         for (int i = 0; i < 100; ++i) requests += request(i % 2 ? "/prepared" : "/later");
         return c.send(requests);
       }},
      {"WhileALargeReplyIsSent", [](Client& c) { return c.get("/large") && c.skip(100'000) > 0; },
       -1, 4},
      {"WhileAStreamIsSent", [](Client& c) { return c.get("/stream") && c.skip(100'000) > 0; }, 1,
       4},
      {"WhileItLingers",
       [](Client& c) { return c.send("no such thing as HTTP\r\n\r\n") && c.read_reply(); }},
      {"WhileItLingersWithMoreToRead",
       [](Client& c) {
         return c.send("no such thing as HTTP\r\n\r\n") && c.read_reply() &&
                c.send(std::string(50'000, 'x'));
       }},
      {"AfterAHalfClose",
       [](Client& c) {
         const bool sent = c.get("/wait");
         c.half_close();
         return sent;
       }},
      {"AfterAHalfCloseInABody",
       [](Client& c) {
         const bool sent = send_head_of_body(c, "/echo");
         c.half_close();
         return sent;
       }},
      {"AfterAHalfCloseInAStream",
       [](Client& c) {
         const bool sent = c.get("/stream") && c.skip(1000) > 0;
         c.half_close();
         return sent;
       }},
      {"WhenItWasAborted", [](Client& c) { return c.get("/abort") && c.read_end() != End::none; }},
      {"WhenTheHandlerThrew", [](Client& c) { return c.get("/throw"); }},
  };
}

// What is kept for later requests may still grow a little after some rounds.
constexpr int64_t kNoise = 8 << 10;

struct Case {
  Kind kind;
  bool reset;  // or a plain close
};

class Departures : public ::testing::TestWithParam<Case> {
 protected:
  // Brings clients to `step` at once; then all of them go.
  void depart(ServerProcess& server, const Step& step) {
    std::vector<Client> clients;
    for (size_t i = 0; i < step.clients; ++i) {
      // A small buffer, so that large replies stay in the server.
      clients.emplace_back(server.place(), 32 << 10);
      ASSERT_TRUE(clients.back().ok());
      ASSERT_TRUE(step.reach(clients.back())) << step.name;
    }
    if (step.pending >= 0) {
      const auto expected = static_cast<int64_t>(step.clients) * step.pending;
      const Vitals there =
          server.vitals_when([&](const Vitals& now) { return now.requests_pending == expected; });
      ASSERT_EQ(there.requests_pending, expected) << step.name;
    }
    for (Client& client : clients) {
      if (GetParam().reset) {
        client.reset();
      } else {
        client.close();
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Clients, Departures,
                         ::testing::Values(Case{Kind::tcp, true}, Case{Kind::tcp, false},
                                           Case{Kind::unix_socket, false}),
                         [](const auto& info) {
                           if (info.param.kind == Kind::unix_socket) return "CloseUnix";
                           return info.param.reset ? "ResetTcp" : "CloseTcp";
                         });

TEST_P(Departures, AtEveryStepLeaveNothingBehind) {
  ServerProcess server({}, GetParam().kind);
  server.vitals();
  const Vitals start = server.vitals();
  const int rounds = repetitions(12);
  constexpr int kWarmUp = 4;
  constexpr int kAttempts = 4;
  for (const Step& step : steps()) {
    Vitals rest = server.vitals();
    const auto run = [&](int times) {
      for (int round = 0; round < times; ++round) {
        ASSERT_NO_FATAL_FAILURE(depart(server, step)) << step.name;
        rest = server.vitals_at_rest(rest, static_cast<int64_t>(step.clients));
        ASSERT_EQ(rest.connections_open, 0) << step.name;
        ASSERT_EQ(rest.requests_pending, 0) << step.name;
        ASSERT_EQ(rest.descriptors, start.descriptors) << step.name;
      }
    };
    ASSERT_NO_FATAL_FAILURE(run(kWarmUp));
    // What every client leaves behind is there each time; a buffer that is kept for all of them may
    // grow once, whenever many of them meet in one turn.
    int64_t grown = kNoise;
    for (int attempt = 0; attempt < kAttempts && grown >= kNoise; ++attempt) {
      const int64_t before = rest.memory;
      ASSERT_NO_FATAL_FAILURE(run(rounds));
      grown = kSanitized ? 0 : rest.memory - before;
    }
    // Of 240 clients for most steps: forty bytes that each leaves behind are found.
    EXPECT_LT(grown, kNoise) << step.name;
  }
  Client good(server.place());
  EXPECT_TRUE(good.get("/text"));
  EXPECT_EQ(good.read_reply().value_or(ReceivedReply()).body, "hello");
  good.close();
  EXPECT_TRUE(server.stop());
}

// A write to a socket whose peer is gone raises SIGPIPE unless it is told not to. The server writes
// here before it has had a chance to hear of the peer's end.
TEST(BrokenPipe, DoesNotKillTheServer) {
  for (const Kind kind : {Kind::tcp, Kind::unix_socket}) {
    ServerProcess server(
        [](Options& options) {
          ::signal(SIGPIPE, SIG_DFL);
          options.routes.add("/busy", [](Request& request) {
            std::this_thread::sleep_for(5ms);
            return Response(std::string(request.query("large") ? 1 << 20 : 10, 'b'));
          });
          options.routes.add("/busy-stream", [] {
            return Response::stream([](Writer& out) -> Task<void> {
              for (int i = 0; i < 3; ++i) {
                std::this_thread::sleep_for(5ms);
                co_await out.write("piece");
              }
            });
          });
        },
        kind);
    for (int i = 0; i < repetitions(10); ++i) {
      for (const char* path : {"/busy", "/busy?large", "/busy-stream"}) {
        Client client(server.place());
        ASSERT_TRUE(client.send(request(path) + request(path) + request(path)));
        server.vitals();  // the handler has begun: the server answers this behind it
        // A reset behind a half-close is told as EPIPE instead of ECONNRESET.
        if (i % 2 == 0) client.half_close();
        client.reset();
      }
    }
    EXPECT_EQ(server.vitals_when([](const Vitals& now) { return now.connections_open == 0; })
                  .connections_open,
              0);
    EXPECT_TRUE(server.stop());
  }
}

// A client that has sent its end may still read (RFC 9112 section 9.6).
TEST(HalfClose, LeavesTheClientItsReply) {
  for (const Kind kind : {Kind::tcp, Kind::unix_socket}) {
    ServerProcess server({}, kind);
    const Vitals base = server.vitals();
    for (const char* path : {"/text", "/prepared", "/later", "/large", "/stream", "/throw"}) {
      Client client(server.place());
      ASSERT_TRUE(client.get(path));
      client.half_close();
      const auto reply = client.read_reply();
      ASSERT_TRUE(reply) << path;
      EXPECT_FALSE(reply->body.empty() && reply->status == 200) << path;
      EXPECT_EQ(client.read_end(), End::closed) << path;
    }
    // The whole of a pipeline, too.
    Client client(server.place());
    std::string requests;
    for (int i = 0; i < 3000; ++i) requests += request(i % 100 == 0 ? "/later" : "/text");
    ASSERT_TRUE(client.send(requests));
    client.half_close();
    for (int i = 0; i < 3000; ++i) {
      ASSERT_EQ(client.read_reply().value_or(ReceivedReply()).body,
                i % 100 == 0 ? "later" : "hello");
    }
    EXPECT_EQ(client.read_end(), End::closed);
    EXPECT_EQ(server.vitals_at_rest(base, 7).connections_open, 0);
    EXPECT_TRUE(server.stop());
  }
}

// Behind a full close nobody reads: the handler is told.
TEST(FullClose, EndsAStreamThatIsBeingSent) {
  for (const Kind kind : {Kind::tcp, Kind::unix_socket}) {
    ServerProcess server(
        [](Options& options) {
          options.routes.add("/endless", [] {
            return Response::stream([](Writer& out) -> Task<void> {
              for (;;) {
                co_await out.write("tick\n");
                co_await sleep(1ms);
              }
            });
          });
        },
        kind);
    const Vitals base = server.vitals();
    std::vector<Client> clients;
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(clients.emplace_back(server.place()).get("/endless"));
      ASSERT_GT(clients.back().skip(1), 0u);
    }
    EXPECT_EQ(server.vitals().requests_pending, 20);
    clients.clear();
    const Vitals rest = server.vitals_at_rest(base, 20);
    EXPECT_EQ(rest.requests_pending, 0);
    EXPECT_EQ(rest.connections_open, 0);
    EXPECT_TRUE(server.stop());
  }
}

}  // namespace
}  // namespace bao::testing
