#include <gtest/gtest.h>
#include <iostream>
#include <string>
#include <sys/resource.h>
#include <vector>

#include "robustness/server_process.h"

namespace bao::testing {
namespace {

// Raises this process's limit, which the server's process inherits. False if the hard limit is too
// low.
bool allow_descriptors(rlim_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < count) return false;
  limit.rlim_cur = std::max(limit.rlim_cur, count);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

constexpr int kWave = 500;

// Connects a wave of clients, brings each of them to a different point of its life, and drops them
// all.
void run_wave(const Place& place, int wave) {
  std::vector<Client> clients;
  clients.reserve(kWave);
  for (int i = 0; i < kWave; ++i) {
    clients.emplace_back(place, 0, 2 + i % 8);
    ASSERT_TRUE(clients.back().ok());
  }
  for (int i = 0; i < kWave; ++i) {
    Client& client = clients[static_cast<size_t>(i)];
    switch (i % 6) {
      case 0: break;  // says nothing
      case 1: client.send("GET /text HTTP/1.1\r\nHos"); break;
      case 2: client.get("/text"); break;  // and does not wait
      case 3:
        ASSERT_TRUE(client.get("/prepared"));
        ASSERT_TRUE(client.read_reply());
        break;
      case 4: client.send("no such thing as HTTP\r\n\r\n"); break;
      case 5: client.send(request("/echo", "", std::string(3000, 'e'))); break;
    }
  }
  for (int i = 0; i < kWave; ++i) {
    Client& client = clients[static_cast<size_t>(i)];
    if ((i + wave) % 2 == 0) {
      client.reset();
    } else {
      client.close();
    }
  }
}

// Brings what is kept for later requests to the largest size that a wave can give it.
void warm_up(ServerProcess& server) {
  std::vector<Client> clients;
  for (int i = 0; i < kWave; ++i) {
    clients.emplace_back(server.place());
    ASSERT_TRUE(
        clients.back().send(request("/echo", "Content-Length: 3000\r\n") + std::string(2000, 'e')));
  }
  const Vitals there =
      server.vitals_when([](const Vitals& now) { return now.requests_pending == kWave; });
  ASSERT_EQ(there.requests_pending, kWave);
}

TEST(ManyConnections, TwentyThousandThatComeAndGoLeaveNothingBehind) {
  if (!allow_descriptors(2000)) GTEST_SKIP() << "needs 2000 descriptors (ulimit -Hn)";
  ServerProcess server;
  const Vitals start = server.vitals();
  ASSERT_NO_FATAL_FAILURE(warm_up(server));
  constexpr int kWarmUp = 2;
  const int waves = repetitions(40);
  for (int i = 0; i < kWarmUp; ++i) ASSERT_NO_FATAL_FAILURE(run_wave(server.place(), i));
  const Vitals base = server.vitals_at_rest(start, int64_t{kWarmUp + 1} * kWave);
  ASSERT_EQ(base.connections_open, 0);
  for (int i = 0; i < waves; ++i) ASSERT_NO_FATAL_FAILURE(run_wave(server.place(), i));
  const Vitals rest = server.vitals_at_rest(base, int64_t{waves} * kWave);
  EXPECT_EQ(rest.connections_open, 0);
  EXPECT_EQ(rest.requests_pending, 0);
  EXPECT_EQ(rest.connections_total, int64_t{kWarmUp + waves + 1} * kWave);
  EXPECT_EQ(rest.descriptors, base.descriptors);
  if constexpr (!kSanitized) {
    std::cout << "bytes left behind: " << rest.memory - base.memory << '\n';
    EXPECT_LT(rest.memory - base.memory, 16 << 10);
  }
  EXPECT_TRUE(server.stop());
}

// The bound is on what malloc gives out. The kernel's own memory for a socket is several times
// that.
TEST(ManyConnections, TenThousandIdleOnesCostAtMost512BytesEachAndAreServedAgain) {
  const int count = repetitions(10'000);
  if (!allow_descriptors(static_cast<rlim_t>(count) + 100)) {
    GTEST_SKIP() << "needs " << count + 100 << " descriptors (ulimit -Hn)";
  }
  ServerProcess server([](Options& options) { options.idle_timeout = std::chrono::minutes(2); });
  const Vitals start = server.vitals();
  for (int i = 0; i < 100; ++i) {
    Client client(server.place());
    ASSERT_TRUE(client.get("/later") && client.read_reply());
  }
  const Vitals base = server.vitals_at_rest(start, 100);

  std::vector<Client> clients;
  clients.reserve(static_cast<size_t>(count));
  const char* const paths[] = {"/text", "/prepared", "/later", "/throw"};
  for (int i = 0; i < count; ++i) {
    Client& client = clients.emplace_back(server.place(), 0, 2 + i % 8);
    ASSERT_TRUE(client.ok()) << i;
    ASSERT_TRUE(client.get(paths[i % 4])) << i;
    if (i % 100 != 99) continue;
    for (int j = i - 99; j <= i; ++j)
      ASSERT_TRUE(clients[static_cast<size_t>(j)].read_reply()) << j;
  }
  const Vitals full = server.vitals();
  ASSERT_EQ(full.connections_open, count);
  ASSERT_EQ(full.requests_pending, 0);
  const int64_t bytes = (full.memory - base.memory) / count;
  if constexpr (!kSanitized) {
    std::cout << "bytes of memory for each idle connection: " << bytes << '\n';
    EXPECT_LE(bytes, 512);
  }

  for (Client& client : clients) ASSERT_TRUE(client.get("/text"));
  for (Client& client : clients) {
    ASSERT_EQ(client.read_reply().value_or(ReceivedReply()).body, "hello");
  }
  if constexpr (!kSanitized) {
    EXPECT_LE((server.vitals().memory - base.memory) / count, 512) << "after a burst of requests";
  }
  clients.clear();
  const Vitals rest = server.vitals_at_rest(base, count);
  EXPECT_EQ(rest.connections_open, 0);
  EXPECT_EQ(rest.descriptors, base.descriptors);
  EXPECT_TRUE(server.stop());
}

}  // namespace
}  // namespace bao::testing
