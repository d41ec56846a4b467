#include <atomic>
#include <csignal>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <bao/bao.h>

#include "robustness/server_process.h"

namespace bao::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Kind = ServerProcess::Kind;

Task<Response> answer_slowly() {
  co_await sleep(300ms);
  co_return Response("at last");
}

void add_slow_routes(Options& options) {
  options.routes.add("/slow", answer_slowly);
  options.routes.add("/slow-stream", [] {
    return Response::stream([](Writer& out) -> Task<void> {
      for (int i = 0; i < 30; ++i) {
        co_await out.write("tick");
        co_await sleep(10ms);
      }
    });
  });
}

bool exited_well(std::optional<int> status) {
  return status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0;
}
bool killed_by(std::optional<int> status, int signal) {
  return status && WIFSIGNALED(*status) && WTERMSIG(*status) == signal;
}

class StopSignal : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Signals, StopSignal, ::testing::Values(SIGINT, SIGTERM),
                         [](const auto& info) { return info.param == SIGINT ? "Int" : "Term"; });

TEST_P(StopSignal, LetsRequestsFinishAndClosesIdleConnections) {
  for (const Kind kind : {Kind::tcp, Kind::unix_socket}) {
    ServerProcess server(add_slow_routes, kind);
    Client idle(server.place());
    ASSERT_TRUE(idle.get("/text") && idle.read_reply());
    Client silent(server.place());
    Client slow(server.place());
    Client stream(server.place());
    ASSERT_TRUE(slow.get("/slow"));
    ASSERT_TRUE(stream.get("/slow-stream"));
    server.vitals_when([](const Vitals& now) { return now.requests_pending == 2; });

    server.child().signal(GetParam());
    EXPECT_EQ(idle.read_end(), End::closed);
    EXPECT_EQ(silent.read_end(), End::closed);
    EXPECT_FALSE(slow.readable()) << "the idle ones do not wait for the others";
    EXPECT_FALSE(Client(server.place()).ok()) << "nobody listens any more";

    const auto reply = slow.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->body, "at last");
    EXPECT_TRUE(reply->says_close());
    EXPECT_EQ(slow.read_end(), End::closed);
    const auto streamed = stream.read_reply();
    ASSERT_TRUE(streamed);
    EXPECT_EQ(streamed->body.size(), 30u * 4) << "the head was out before the signal came";
    EXPECT_EQ(stream.read_end(), End::closed);
    slow.close();
    stream.close();
    EXPECT_TRUE(exited_well(server.child().wait(kPatience)));
  }
}

TEST_P(StopSignal, CutsEverythingTheSecondTime) {
  ServerProcess server;
  Client waiting(server.place());
  ASSERT_TRUE(waiting.get("/wait"));
  Client reading(server.place());
  ASSERT_TRUE(reading.get("/large") && reading.skip(1000) > 0);
  Client sending(server.place());
  ASSERT_TRUE(sending.send(request("/echo", "Content-Length: 100\r\n")));
  server.vitals_when([](const Vitals& now) { return now.requests_pending == 2; });
  server.child().signal(GetParam());
  // What comes within 300 ms is the same wish.
  EXPECT_FALSE(server.child().wait(700ms)) << "requests are under way";
  const auto start = Clock::now();
  server.child().signal(GetParam());
  EXPECT_TRUE(exited_well(server.child().wait(kPatience)));
  EXPECT_LT(Clock::now() - start, kSanitized ? 3s : 1s);
  for (Client* client : {&waiting, &reading, &sending}) EXPECT_EQ(client->read_end(), End::reset);
}

// timeout(1) and package runners signal the process, and then its group: all within a millisecond.
TEST_P(StopSignal, ThatComesTwiceAtOnceLetsRequestsFinish) {
  for (const auto apart : {0us, 300us, 1000us, 5000us}) {
    ServerProcess server(add_slow_routes);
    Client slow(server.place());
    ASSERT_TRUE(slow.get("/slow"));
    server.vitals_when([](const Vitals& now) { return now.requests_pending == 1; });
    server.child().signal(GetParam());
    std::this_thread::sleep_for(apart);
    server.child().signal(GetParam());
    const auto reply = slow.read_reply();
    ASSERT_TRUE(reply) << apart.count() << " us apart";
    EXPECT_EQ(reply->body, "at last");
    slow.close();
    EXPECT_TRUE(exited_well(server.child().wait(kPatience)));
  }
}

TEST_P(StopSignal, IsLeftAloneIfTheProgramWantsIt) {
  Message ready;
  Child child([&] {
    Options options;
    options.port = 0;
    options.hostname = "127.0.0.1";
    options.log = [](std::string_view) {};
    const Server server = serve(std::move(options));
    ready.send(server.port().value_or(0));
    run({.signals = false});
    return 0;
  });
  const auto port = ready.receive();
  ASSERT_TRUE(port);
  Client client({.port = *port});
  ASSERT_TRUE(client.get("/") && client.read_reply());
  child.signal(GetParam());
  EXPECT_TRUE(killed_by(child.wait(kPatience), GetParam()));
}

TEST_P(StopSignal, ReachesTheLoopsOfAllThreads) {
  Message ready;
  Child child([&] {
    constexpr int kThreads = 4;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        Options options;
        options.port = 0;
        options.hostname = "127.0.0.1";
        options.log = [](std::string_view) {};
        add_slow_routes(options);
        const Server server = serve(std::move(options));
        // Tells the port only once the loop runs, and with it the watch for signals.
        after(0ms, [&, port = server.port().value_or(0)] { ready.send(port); });
        run();
      });
    }
    for (std::thread& thread : threads) thread.join();
    return 0;
  });
  std::vector<Client> clients;
  for (int i = 0; i < 4; ++i) {
    const auto port = ready.receive();
    ASSERT_TRUE(port);
    clients.emplace_back(Place{.port = *port});
    ASSERT_TRUE(clients.back().get("/slow"));
  }
  std::this_thread::sleep_for(50ms);  // the requests are read, and far from being answered
  child.signal(GetParam());
  for (Client& client : clients) {
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, "at last");
    EXPECT_TRUE(reply->says_close());
    client.close();
  }
  EXPECT_TRUE(exited_well(child.wait(kPatience)));
}

// Loops come and go on several threads while signals arrive: each one is told or is not there any
// more, and nothing is written to descriptors that have taken the numbers of those that a loop has
// closed.
TEST_P(StopSignal, MayComeWhileLoopsBeginAndEnd) {
  Child child([number = GetParam()] {
    ::signal(number, SIG_IGN);  // there are moments in which no loop runs
    std::atomic<bool> done = false;
    std::atomic<int> strayed = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < repetitions(1000); ++round) {
          after(50us, [] {});
          run();
          const int next = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
          std::this_thread::yield();
          uint64_t count = 0;
          if (::read(next, &count, sizeof count) > 0) ++strayed;
          ::close(next);
        }
      });
    }
    std::thread sender([&] {
      while (!done) {
        ::kill(::getpid(), number);
        std::this_thread::sleep_for(20us);
      }
    });
    for (std::thread& thread : threads) thread.join();
    done = true;
    sender.join();
    return strayed == 0 ? 0 : 2;
  });
  EXPECT_TRUE(exited_well(child.wait(kPatience)));
}

int g_told = 0;

TEST_P(StopSignal, HasItsFormerDispositionAgainAfterRun) {
  Child child([number = GetParam()] {
    struct sigaction mine{};
    mine.sa_handler = [](int) { ++g_told; };
    mine.sa_flags = SA_NODEFER;
    ::sigaction(number, &mine, nullptr);
    for (int round = 0; round < 2; ++round) {
      Options options;
      options.port = 0;
      options.hostname = "127.0.0.1";
      const Server server = serve(std::move(options));
      after(1ms, [number] { ::raise(number); });
      run();
      if (g_told != round) return 2;  // the loop took the signal, not the program
      struct sigaction present{};
      ::sigaction(number, nullptr, &present);
      if (present.sa_handler != mine.sa_handler || !(present.sa_flags & SA_NODEFER)) return 3;
      ::raise(number);
      if (g_told != round + 1) return 4;
    }
    return 0;
  });
  EXPECT_TRUE(exited_well(child.wait(kPatience)));
}

// A terminal's Ctrl-C goes to the whole process group: the children that the program has forked get
// it, too.
TEST_P(StopSignal, OfAForkedChildIsNotTakenForTheServersOwn) {
  ServerProcess server([](Options& options) {
    add_slow_routes(options);
    options.routes.add("/fork", [] {
      const pid_t child = ::fork();
      if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) ::pause();
      }
      return Response(std::to_string(child));
    });
    options.routes.add("/reap", [] {
      int status = 0;
      ::waitpid(-1, &status, 0);
      return Response(std::to_string(WIFSIGNALED(status) ? WTERMSIG(status) : 0));
    });
  });
  Client client(server.place());
  const auto get = [&](const char* path) {
    const auto reply = client.get(path) ? client.read_reply() : std::nullopt;
    return reply && !reply->body.empty() ? reply->body : std::string("-1");
  };
  for (int i = 0; i < 2; ++i) {
    const pid_t forked = std::stoi(get("/fork"));
    ASSERT_GT(forked, 0);
    ::kill(forked, GetParam());
    // It dies of it as it would without a server, which goes on.
    ASSERT_EQ(get("/reap"), std::to_string(GetParam()));
    ASSERT_EQ(get("/slow"), "at last");
  }

  // One to all of the group is one: it does not count as the second that cuts everything.
  const pid_t forked = std::stoi(get("/fork"));
  ASSERT_GT(forked, 0);
  ASSERT_TRUE(client.get("/slow"));
  server.vitals_when([](const Vitals& now) { return now.requests_pending == 1; });
  ::kill(forked, GetParam());
  server.child().signal(GetParam());
  EXPECT_EQ(client.read_reply().value_or(ReceivedReply()).body, "at last");
  client.close();
  EXPECT_TRUE(exited_well(server.child().wait(kPatience)));
}

// A child that is forked from a running loop's process may run a loop of its own, with the signals
// of its own.
TEST_P(StopSignal, StopsTheLoopOfAForkedChild) {
  Message ready;
  Child child([&] {
    int result = 1;
    after(0ms, [&] {
      const pid_t forked = ::fork();
      if (forked == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        std::thread other([&] {
          Loop::current().hold();
          after(0ms, [&] { ready.send(::getpid()); });
          run();
        });
        other.join();
        ::_exit(7);
      }
      int status = 0;
      ::waitpid(forked, &status, 0);
      result = WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 0 : 2;
    });
    run();
    return result;
  });
  const auto forked = ready.receive();
  ASSERT_TRUE(forked);
  ::kill(*forked, GetParam());
  EXPECT_TRUE(exited_well(child.wait(kPatience)));
}

volatile std::sig_atomic_t g_alarms = 0;

// A handler without SA_RESTART makes system calls end early with EINTR.
TEST(SignalStorm, DisturbsNoRequest) {
  for (const Kind kind : {Kind::tcp, Kind::unix_socket}) {
    ServerProcess server(
        [](Options& options) {
          struct sigaction action{};
          action.sa_handler = [](int) { g_alarms = g_alarms + 1; };
          ::sigaction(SIGALRM, &action, nullptr);
          const itimerval often{{0, 300}, {0, 300}};
          ::setitimer(ITIMER_REAL, &often, nullptr);
          options.routes.add("/alarms", [] { return Response(std::to_string(g_alarms)); });
          options.routes.add("/blocking", []() -> Task<Response> {
            co_return Response(co_await blocking([] {
              std::this_thread::sleep_for(1ms);
              return std::string("done");
            }));
          });
        },
        kind);
    const std::string body(200'000, 'b');
    for (int i = 0; i < repetitions(25); ++i) {
      Client client(server.place());
      for (const char* path : {"/text", "/later", "/blocking", "/large", "/stream"}) {
        ASSERT_TRUE(client.get(path));
        const auto reply = client.read_reply();
        ASSERT_TRUE(reply) << path;
        ASSERT_EQ(reply->status, 200) << path;
        if (reply->body.size() > 1000) {
          ASSERT_EQ(reply->body.size(), kLargeBody);
        }
      }
      ASSERT_TRUE(client.send(request("/echo", "", body)));
      ASSERT_EQ(client.read_reply().value_or(ReceivedReply()).body, body);
    }
    Client client(server.place());
    ASSERT_TRUE(client.get("/alarms"));
    EXPECT_GT(std::stoi(client.read_reply().value_or(ReceivedReply()).body), 100);
    client.close();
    EXPECT_TRUE(server.stop());
  }
}

}  // namespace
}  // namespace bao::testing
