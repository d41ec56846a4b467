#include <gtest/gtest.h>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "robustness/server_process.h"

namespace bao::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Kind = ServerProcess::Kind;

// Replies of this size are copied behind their heads; see also those that are not.
constexpr size_t kSmallReply = 12 << 10;
constexpr size_t kHuge = 64 << 20;

/// A request that waits until the test lets it go on.
class Gate {
 public:
  Task<void> passed() const {
    while (!open_) co_await sleep(2ms);
  }
  void open() { open_ = true; }

 private:
  bool open_ = false;
};

void add_routes(Options& options) {
  const auto gate = std::make_shared<Gate>();
  options.routes.add("/small", Response(std::string(kSmallReply, 's')));
  options.routes.add("/medium", [] { return Response(std::string(100 << 10, 'm')); });
  options.routes.add("/gated", [gate]() -> Task<Response> {
    co_await gate->passed();
    co_return Response(std::string(kSmallReply, 'g'));
  });
  options.routes.add("/gated-body", [gate](Request& request) -> Task<Response> {
    co_await gate->passed();
    std::string body = co_await request.text();
    co_return Response(std::move(body));
  });
  options.routes.add("/open", [gate] {
    gate->open();
    return Response("open");
  });
  options.routes.add("/huge", [] { return Response(std::string(kHuge, 'h')); });
  options.routes.add("/huge-prepared", Response(std::string(kHuge, 'p')));
  options.routes.add("/endless", [] {
    return Response::stream([](Writer& out) -> Task<void> {
      const std::string piece(10'000, 'e');
      for (;;) co_await out.write(piece);
    });
  });
}

class SlowReaders : public ::testing::TestWithParam<Kind> {
 protected:
  static constexpr auto kTimeout = 700ms;
  ServerProcess server{[](Options& options) {
                         options.idle_timeout = kTimeout;
                         options.head_timeout = 0ms;
                         add_routes(options);
                       },
                       GetParam()};

  // The most memory that the server has held in `time`, beyond `base`.
  int64_t highest_memory(const Vitals& base, Clock::duration time) {
    int64_t highest = 0;
    const auto deadline = Clock::now() + time;
    while (Clock::now() < deadline) {
      highest = std::max(highest, server.vitals().memory - base.memory);
      std::this_thread::sleep_for(1ms);
    }
    return highest;
  }

  // The server has given the client up, which sees a failure in the middle of a reply. Where a unix
  // socket had nothing unread, that is a plain end: it knows no reset.
  void expect_cut(Client& client) {
    EXPECT_EQ(server.vitals_when([](const Vitals& now) { return now.connections_open == 0; })
                  .connections_open,
              0);
    const End end = client.read_end();
    if (GetParam() == Kind::tcp) {
      EXPECT_EQ(end, End::reset);
    } else {
      EXPECT_NE(end, End::none);
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Sockets, SlowReaders, ::testing::Values(Kind::tcp, Kind::unix_socket),
                         [](const auto& info) { return info.param == Kind::tcp ? "Tcp" : "Unix"; });

// The client sends requests for as long as they are taken, and reads nothing.
TEST_P(SlowReaders, ThatPipelineAndNeverReadCostABoundedAmountAndAreReset) {
  for (const char* path : {"/small", "/medium", "/gated"}) {
    server.vitals();
    const Vitals base = server.vitals();
    Client client(server.place(), 16 << 10);
    std::string requests;
    for (int i = 0; i < 1000; ++i) requests += request(path);
    const size_t sent = client.send_until_full(requests, 200ms);
    EXPECT_GT(sent, 50'000u);
    EXPECT_LT(sent, 64u << 20) << "the server goes on reading";
    if constexpr (!kSanitized) {
      EXPECT_LT(highest_memory(base, 100ms), 1 << 20) << path;
    }
    expect_cut(client);
    client.close();
    const Vitals rest = server.vitals_at_rest(base, 1);
    EXPECT_EQ(rest.connections_open, 0);
    if constexpr (!kSanitized) {
      EXPECT_LT(rest.memory - base.memory, 512 << 10) << path;
    }
  }
  EXPECT_TRUE(server.stop());
}

// Thousands of requests wait behind one whose handler is suspended. When it answers, their replies
// are many times larger than they are.
TEST_P(SlowReaders, ThatPipelineBehindASuspendedHandlerCostABoundedAmount) {
  for (const char* first : {"/gated", "/gated-body"}) {
    ServerProcess fresh([](Options& options) { add_routes(options); }, GetParam());
    fresh.vitals();
    const Vitals base = fresh.vitals();
    Client client(fresh.place(), 16 << 10);
    const bool body = first == std::string("/gated-body");
    ASSERT_TRUE(client.send(request(first, "", body ? std::string(1000, 'b') : std::string())));
    std::string requests;
    for (int i = 0; i < 1000; ++i) requests += request("/small");
    EXPECT_GT(client.send_until_full(requests, 200ms), 60'000u);
    if constexpr (!kSanitized) {
      EXPECT_LT(fresh.vitals().memory - base.memory, 128 << 10) << "input that is held";
    }
    Client opener(fresh.place());
    ASSERT_TRUE(opener.get("/open") && opener.read_reply());
    int64_t highest = 0;
    for (int i = 0; i < 50; ++i) {
      highest = std::max(highest, fresh.vitals().memory - base.memory);
      std::this_thread::sleep_for(2ms);
    }
    if constexpr (!kSanitized) {
      EXPECT_LT(highest, 1 << 20) << "output that is gathered behind " << first;
    }
    // All of them are answered in the end, to a client that reads after all.
    ASSERT_EQ(client.read_reply().value_or(ReceivedReply()).body.size(),
              body ? 1000u : kSmallReply);
    for (int i = 0; i < 1500; ++i) {
      ASSERT_EQ(client.read_reply().value_or(ReceivedReply()).body.size(), kSmallReply) << i;
    }
    client.reset();
    opener.close();
    EXPECT_EQ(fresh.vitals_at_rest(base, 2).connections_open, 0);
    EXPECT_TRUE(fresh.stop());
  }
}

TEST_P(SlowReaders, OfAHugeReplyCostOneCopyWhichGoesWithThem) {
  const Vitals base = server.vitals();
  {
    std::vector<Client> clients;
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(clients.emplace_back(server.place()).get("/huge"));
      ASSERT_GT(clients.back().skip(1000), 0u);
    }
    if constexpr (!kSanitized) {
      const int64_t held = server.vitals().memory - base.memory;
      EXPECT_GE(held, static_cast<int64_t>(2 * kHuge));
      EXPECT_LT(held, static_cast<int64_t>(2 * kHuge + (1 << 20)));
    }
    clients[0].reset();
    clients[1].close();
    const Vitals rest = server.vitals_at_rest(base, 2);
    EXPECT_EQ(rest.connections_open, 0);
    if constexpr (!kSanitized) {
      EXPECT_LT(rest.memory - base.memory, 128 << 10);
    }
  }
  // A prepared one is not copied at all.
  std::vector<Client> clients;
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(clients.emplace_back(server.place()).get("/huge-prepared"));
    ASSERT_GT(clients.back().skip(1000), 0u);
  }
  if constexpr (!kSanitized) {
    EXPECT_LT(server.vitals().memory - base.memory, 256 << 10);
  }
  // Who reads nothing more is reset at the idle timeout.
  for (Client& client : clients) expect_cut(client);
  clients.clear();
  EXPECT_EQ(server.vitals_at_rest(base, 10).connections_open, 0);
  EXPECT_TRUE(server.stop());
}

// A stream is produced only as fast as it is read.
TEST_P(SlowReaders, OfAStreamCostABoundedAmount) {
  server.vitals();
  const Vitals base = server.vitals();
  std::vector<Client> clients;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(clients.emplace_back(server.place(), 16 << 10).get("/endless"));
    ASSERT_GT(clients.back().skip(1000), 0u);
  }
  if constexpr (!kSanitized) {
    EXPECT_LT(highest_memory(base, 200ms), 4 * (512 << 10));
  }
  for (Client& client : clients) expect_cut(client);
  EXPECT_EQ(server.vitals_at_rest(base, 4).connections_open, 0);
  EXPECT_TRUE(server.stop());
}

// Reading steadily is activity, although the kernel asks for more only when a good part of its
// buffer, which may be megabytes, is free.
TEST_P(SlowReaders, ThatReadSteadilyAreNotTakenForIdle) {
  Client client(server.place(), 64 << 10);
  ASSERT_TRUE(client.get("/huge-prepared"));
  // Let the kernel's buffer grow first: it does while the client is fast.
  while (client.skipped() < kHuge / 2) ASSERT_GT(client.skip(1 << 20), 0u);
  // Then 32 KiB every 50 ms, for several times the idle timeout.
  const auto until = Clock::now() + 3 * kTimeout;
  while (Clock::now() < until) {
    ASSERT_GT(client.skip(32 << 10), 0u) << "cut after " << client.skipped() << " bytes";
    std::this_thread::sleep_for(50ms);
  }
  while (client.skipped() < kHuge) {
    ASSERT_GT(client.skip(1 << 20), 0u) << "cut after " << client.skipped() << " bytes";
  }
  EXPECT_TRUE(server.stop());
}

}  // namespace
}  // namespace bao::testing
