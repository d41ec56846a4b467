#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

#include "robustness/server_process.h"

namespace bao::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A reply in time comes after `timeout`, and not much later on a machine that others use too.
void expect_about(Clock::duration taken, milliseconds timeout) {
  EXPECT_GE(taken, timeout - 20ms);
  EXPECT_LT(taken, timeout + (kSanitized ? 3000ms : 700ms));
}

// Sends one byte of `text` to each client every so often, until each of them has something to read.
// Gives the longest time that a fast client's request took meanwhile.
Clock::duration trickle(const Place& place, std::vector<Client>& slow, std::string_view text) {
  Client fast(place);
  Clock::duration longest{};
  const auto deadline = Clock::now() + kPatience;
  for (size_t at = 0; Clock::now() < deadline; at = (at + 1) % text.size()) {
    bool all_ended = true;
    for (Client& client : slow) {
      if (client.readable()) continue;
      all_ended = false;
      client.send(text.substr(at, 1));
    }
    if (all_ended) break;
    const auto start = Clock::now();
    EXPECT_TRUE(fast.get("/later"));
    EXPECT_EQ(fast.read_reply().value_or(ReceivedReply()).body, "later");
    longest = std::max(longest, Clock::now() - start);
    std::this_thread::sleep_for(20ms);  // the slowness is the test
  }
  return longest;
}

class SlowHeads : public ::testing::TestWithParam<milliseconds> {};
INSTANTIATE_TEST_SUITE_P(IdleTimeouts, SlowHeads, ::testing::Values(10s, 0ms),
                         [](const auto& info) { return info.param == 0ms ? "None" : "Long"; });

TEST_P(SlowHeads, EndWith408AtTheHeadTimeoutAndDisturbNobody) {
  constexpr auto kTimeout = 600ms;
  ServerProcess server([&](Options& options) {
    options.idle_timeout = GetParam();
    options.head_timeout = kTimeout;
  });
  const Vitals base = server.vitals();
  std::vector<Client> slow;
  const int count = repetitions(500);
  const auto start = Clock::now();
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(slow.emplace_back(server.place()).send("GET /text HTTP/1.1\r\nX-Slow: "));
  }
  const auto longest = trickle(server.place(), slow, "slowly,");
  expect_about(Clock::now() - start, kTimeout);
  EXPECT_LT(longest, kSanitized ? 1500ms : 250ms);
  for (Client& client : slow) {
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 408);
    EXPECT_TRUE(reply->says_close());
    // It may have sent a byte that nobody wanted any more.
    EXPECT_NE(client.read_end(), End::none);
  }
  slow.clear();
  EXPECT_EQ(server.vitals_at_rest(base, count + 1).connections_open, 0);
  EXPECT_TRUE(server.stop());
}

// A second head on a connection has its own time, whatever came before it.
TEST_P(SlowHeads, AreTimedAnewForEachRequest) {
  constexpr auto kTimeout = 500ms;
  ServerProcess server([&](Options& options) {
    options.idle_timeout = GetParam();
    options.head_timeout = kTimeout;
  });
  Client client(server.place());
  ASSERT_TRUE(client.get("/text") && client.read_reply());
  std::this_thread::sleep_for(kTimeout +
                              100ms);  // longer than a head may take: the connection is only idle
  ASSERT_TRUE(client.get("/text") && client.read_reply());
  const auto start = Clock::now();
  ASSERT_TRUE(client.send("GET /te"));
  EXPECT_EQ(client.read_reply().value_or(ReceivedReply()).status, 408);
  expect_about(Clock::now() - start, kTimeout);
  EXPECT_EQ(client.read_end(), End::closed);
  client.close();
  EXPECT_TRUE(server.stop());
}

TEST_P(SlowHeads, ThatNeverBeginEndWithoutAReply) {
  constexpr auto kTimeout = 400ms;
  ServerProcess server([&](Options& options) {
    options.idle_timeout = GetParam();
    options.head_timeout = kTimeout;
  });
  const auto start = Clock::now();
  Client client(server.place());
  EXPECT_EQ(client.read_end(), End::closed);
  EXPECT_EQ(client.skipped(), 0u);
  expect_about(Clock::now() - start, kTimeout);
  EXPECT_TRUE(server.stop());
}

// What a client has sent of a request whose body then stays away.
struct Stall {
  const char* name;
  std::string bytes;
};

TEST(SlowBodies, EndWith408AtTheIdleTimeoutAndDisturbNobody) {
  constexpr auto kTimeout = 600ms;
  ServerProcess server([&](Options& options) { options.idle_timeout = kTimeout; });
  const Vitals base = server.vitals();
  const std::vector<Stall> stalls{
      {"no byte of it", request("/echo", "Content-Length: 10\r\n")},
      {"some of it", request("/echo", "Content-Length: 10\r\n") + "12345"},
      {"some of much",
       request("/echo", "Content-Length: 100000000\r\n") + std::string(50'000, 'x')},
      {"no chunk", request("/echo", "Transfer-Encoding: chunked\r\n")},
      {"half a chunk size", request("/echo", "Transfer-Encoding: chunked\r\n") + "1"},
      {"half a chunk", request("/echo", "Transfer-Encoding: chunked\r\n") + "10\r\n12345"},
      {"no last chunk", request("/echo", "Transfer-Encoding: chunked\r\n") + "5\r\n12345\r\n"},
      {"half a trailer", request("/echo", "Transfer-Encoding: chunked\r\n") + "0\r\nX-Trailer: v"},
  };
  std::vector<Client> slow;
  const int rounds = repetitions(50);
  const auto start = Clock::now();
  for (int round = 0; round < rounds; ++round) {
    for (const Stall& stall : stalls) {
      ASSERT_TRUE(slow.emplace_back(server.place()).send(stall.bytes));
    }
  }
  const Vitals there = server.vitals();
  EXPECT_GT(there.requests_pending, 0);
  for (size_t i = 0; i < slow.size(); ++i) {
    const char* name = stalls[i % stalls.size()].name;
    const auto reply = slow[i].read_reply();
    ASSERT_TRUE(reply) << name;
    EXPECT_EQ(reply->status, 408) << name;
    EXPECT_TRUE(reply->says_close()) << name;
    EXPECT_EQ(slow[i].read_end(), End::closed) << name;
  }
  expect_about(Clock::now() - start, kTimeout);
  slow.clear();
  EXPECT_EQ(server.vitals_at_rest(base, rounds * 8).handlers, 0) << "a handler still waits";
  EXPECT_TRUE(server.stop());
}

// A byte now and then keeps a body alive; it is only as slow as the client wants it, and costs what
// it has brought.
TEST(SlowBodies, ThatGoOnArriveWhole) {
  ServerProcess server([](Options& options) { options.idle_timeout = 300ms; });
  Client client(server.place());
  ASSERT_TRUE(client.send(request("/echo", "Content-Length: 12\r\n")));
  for (int i = 0; i < 12; ++i) {
    std::this_thread::sleep_for(100ms);
    ASSERT_TRUE(client.send("b"));
  }
  EXPECT_EQ(client.read_reply().value_or(ReceivedReply()).body, std::string(12, 'b'));
  EXPECT_TRUE(server.stop());
}

// A handler has answered without its request's body: the rest of that is waited for like the next
// request.
TEST(SlowBodies, ThatNobodyWantsEndAtTheIdleTimeout) {
  constexpr auto kTimeout = 400ms;
  ServerProcess server([&](Options& options) { options.idle_timeout = kTimeout; });
  const Vitals base = server.vitals();
  std::vector<Client> slow;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(slow.emplace_back(server.place())
                    .send(request("/unread", "Content-Length: 1000\r\n") + "abc"));
    ASSERT_EQ(slow.back().read_reply().value_or(ReceivedReply()).body, "hello");
  }
  for (Client& client : slow) EXPECT_EQ(client.read_end(), End::closed);
  slow.clear();
  const Vitals rest = server.vitals_at_rest(base, 50);
  EXPECT_EQ(rest.connections_open, 0);
  EXPECT_EQ(rest.requests_pending, 0);
  EXPECT_TRUE(server.stop());
}

TEST(SilentHandlers, EndAtTheIdleTimeout) {
  constexpr auto kTimeout = 400ms;
  ServerProcess server([&](Options& options) { options.idle_timeout = kTimeout; });
  const Vitals base = server.vitals();
  std::vector<Client> clients;
  const auto start = Clock::now();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(clients.emplace_back(server.place()).get("/wait"));
  for (Client& client : clients) EXPECT_NE(client.read_end(), End::none);
  expect_about(Clock::now() - start, kTimeout);
  const Vitals rest = server.vitals_at_rest(base, 50);
  EXPECT_EQ(rest.handlers, 0) << "the stop token was not told";
  EXPECT_EQ(rest.requests_pending, 0);
  EXPECT_TRUE(server.stop());
}

}  // namespace
}  // namespace bao::testing
