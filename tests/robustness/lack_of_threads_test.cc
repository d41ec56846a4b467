#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include <bao/bao.h>

#include "robustness/child.h"
#include "robustness/sanitizers.h"

// The kernel refuses new threads: a limit of processes, of a user or of a container.
namespace bao::testing {
namespace {

using namespace std::chrono_literals;

constexpr int kCannotLimit = 77;

/// Lets nobody in this process start a thread any more. The limit does not hold for root, so root
/// becomes nobody. False if the machine does not let us.
bool forbid_threads() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_NPROC, &none) != 0) return false;
  constexpr uid_t kNobody = 65534;
  if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) return false;
  try {
    std::thread([] {}).join();
  } catch (const std::system_error&) {
    return true;
  }
  return false;
}

/// What `test` comes to in a process whose loop is new. Its return values are the test's own.
void expect_zero_in_child(const std::function<int()>& test) {
  Child child([&]() -> int {
    int result = 1;
    std::thread([&] { result = test(); }).join();
    // Without the checks of a sanitizer at the end, which would need a thread.
    ::_exit(result);
  });
  const auto status = child.wait(kPatience);
  ASSERT_TRUE(status && WIFEXITED(*status));
  if (WEXITSTATUS(*status) == kCannotLimit) GTEST_SKIP() << "threads cannot be forbidden here";
  EXPECT_EQ(WEXITSTATUS(*status), 0);
}

bool signals_are_blocked() {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return ::sigismember(&mask, SIGTERM) == 1;
}

struct Seen {
  int runs = 0;
  int done = 0;
  int refused = 0;
};

Task<> job(Seen& seen) {
  try {
    co_await blocking([&] { ++seen.runs; });
    ++seen.done;
  } catch (const std::system_error&) {
    ++seen.refused;
  }
}

TEST(LackOfThreads, IsToldToWhoeverWantsTheFirst) {
  expect_zero_in_child([] {
    if (!forbid_threads()) return kCannotLimit;
    Seen seen;
    spawn(job(seen));
    if (seen.refused != 1) return 2;
    if (signals_are_blocked()) return 3;
    if (Loop::current().alive()) return 4;
    run();  // nothing keeps it
    spawn(job(seen));
    return seen.refused == 2 && seen.runs == 0 ? 0 : 5;
  });
}

TEST(LackOfThreads, IsNoErrorWhereThereIsOneAlready) {
  expect_zero_in_child([] {
    std::atomic<bool> begun = false, open = false;
    auto first = [&]() -> Task<> {
      co_await blocking([&] {
        begun = true;
        while (!open) std::this_thread::sleep_for(1ms);
      });
    };
    spawn(first());
    while (!begun) std::this_thread::sleep_for(1ms);
    if (!forbid_threads()) return kCannotLimit;
    Seen seen;
    for (int i = 0; i < 3; ++i) spawn(job(seen));
    if (seen.refused != 0) return 2;
    if (signals_are_blocked()) return 3;
    open = true;
    run();
    return seen.done == 3 && seen.runs == 3 ? 0 : 4;
  });
}

TEST(LackOfThreads, AnswersARequestWith500) {
  expect_zero_in_child([] {
    if (!forbid_threads()) return kCannotLimit;
    std::string logged;
    Options options;
    options.port = 0;
    options.hostname = "127.0.0.1";
    options.fetch = []() -> Task<Response> {
      co_await blocking([] {});
      co_return Response("blocked");
    };
    options.development = false;
    options.log = [&](std::string_view lines) { logged = lines; };
    int status = 0;
    auto ask = [&](Server server) -> Task<> {
      status = (co_await server.fetch("/")).status();
      server.stop();
    };
    spawn(ask(serve(std::move(options))));
    run();
    return status == 500 && !logged.empty() ? 0 : 2;
  });
}

}  // namespace
}  // namespace bao::testing
