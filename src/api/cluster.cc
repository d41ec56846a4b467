#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <sched.h>
#include <stdexcept>
#include <string>

#include <bao/cluster.h>
#include <bao/error.h>
#include <bao/loop.h>

#include "api/loop_state.h"
#include "api/uncaught.h"
#include "processes/supervisor.h"

namespace bao {

namespace {

constexpr std::int64_t kMostProcesses = 1024;
constexpr auto kLongestDelay = std::chrono::hours(24 * 365);

[[noreturn]] void refuse(const char* option, const std::string& value, const char* mend) {
  throw OptionError(option, std::string("Option ") + option + " is " + value + ": " + mend);
}

void check_delay(const char* option, std::chrono::milliseconds value,
                 std::chrono::milliseconds least, const char* mend) {
  if (value < least || value > kLongestDelay) {
    refuse(option, std::to_string(value.count()) + " ms", mend);
  }
}

void check(const ClusterOptions& options) {
  using std::chrono::milliseconds;
  if (options.processes < 0 || options.processes > kMostProcesses) {
    refuse(".processes", std::to_string(options.processes),
           "give 1 to 1024 processes, 0 for one for each processor");
  }
  check_delay(".restart_delay", options.restart_delay, milliseconds(1),
              "give 1 ms at least, a year at most");
  check_delay(".max_restart_delay", options.max_restart_delay, options.restart_delay,
              "give at least .restart_delay, a year at most");
  check_delay(".stop_timeout", options.stop_timeout, milliseconds(0),
              "give a duration that is not negative, a year at most, 0 for none");
}

int processors() {
  cpu_set_t set;
  const bool known = ::sched_getaffinity(0, sizeof set, &set) == 0;
  return known ? std::max(1, CPU_COUNT(&set)) : 1;
}

// ThreadSanitizer has a thread of its own.
#if defined(__SANITIZE_THREAD__)
constexpr int kOwnThreads = 2;
#else
constexpr int kOwnThreads = 1;
#endif

void check_moment() {
  if (detail::LoopState::exists()) {
    const bool nested = detail::LoopState::current().seat.has_value();
    throw std::logic_error(nested
                               ? "bao::cluster was called in a process of a cluster: call it once, "
                                 "and serve in it"
                               : "bao::cluster was called after this thread's loop was made: call "
                                 "it before serve, timers and Loop::current");
  }
  std::error_code error;
  int threads = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", error)) {
    threads += !task.path().empty();
  }
  // Where there is no /proc nobody can tell.
  if (threads > kOwnThreads) {
    throw std::logic_error("bao::cluster was called in a process with " + std::to_string(threads) +
                           " threads: call it before others are started, because a fork has only "
                           "one, and the locks of the others stay locked in it");
  }
}

void log_to_stderr(std::string_view lines) {
  std::fwrite(lines.data(), 1, lines.size(), stderr);
  std::fputc('\n', stderr);
}

int run_child(const detail::ClusterMain& main, ClusterChild child, int processes,
              processes::Shared& shared) {
  try {
    detail::LoopState& loop = detail::LoopState::current();
    loop.seat.emplace(shared, processes);
    // Also heard of if `main` runs the loop itself.
    loop.loop.post(net::Work([&shared] { shared.running = true; }));
    main(child);
    run();
    return 0;
  } catch (...) {
    detail::report_uncaught("child " + std::to_string(child.number) + " of the cluster",
                            std::current_exception());
    return 1;
  }
}

}  // namespace

int cluster(ClusterOptions options, detail::ClusterMain main) {
  check(options);
  check_moment();
  processes::Settings settings{
      .processes = options.processes == 0 ? processors() : static_cast<int>(options.processes),
      .restart_delay = options.restart_delay,
      .max_restart_delay = options.max_restart_delay,
      .stop_timeout = options.stop_timeout,
      .log = options.log ? std::move(options.log) : log_to_stderr,
  };
  const auto child = [&main, processes = settings.processes](int number, int restarts,
                                                             processes::Shared& shared) {
    return run_child(main, {.number = number, .restarts = restarts}, processes, shared);
  };
  processes::Supervisor supervisor(std::move(settings), child);
  return supervisor.run();
}

}  // namespace bao
