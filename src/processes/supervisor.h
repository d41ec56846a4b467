#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "processes/back_off.h"
#include "processes/shared.h"

namespace bao::processes {

struct Settings {
  int processes = 1;
  std::chrono::milliseconds restart_delay{};
  std::chrono::milliseconds max_restart_delay{};
  std::chrono::milliseconds stop_timeout{};  // 0: none
  std::function<void(std::string_view)> log;
};

/// Starts processes, starts those anew that crash, and ends them; include/bao/cluster.h says by
/// which rules. Uses fork, so the process must have one thread, and waits for signals while it
/// runs.
class Supervisor {
 public:
  /// What a process does: gets its number, how many had that number before, and what all have in
  /// common; returns its exit code. Must not throw.
  using Main = std::function<int(int number, int restarts, Shared& shared)>;

  /// Throws std::system_error if there is no memory to share.
  Supervisor(Settings settings, Main main);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor();

  /// Until all have ended: 0 if they ended well, else 1. To be called once.
  int run();

 private:
  using Clock = std::chrono::steady_clock;

  struct Process {
    int number;
    BackOff back_off;
    int restarts = 0;
    pid_t pid = 0;  // 0: none runs
    Clock::time_point begun{};
    std::optional<Clock::time_point> due{};  // when it is to be started
  };

  void start(Process& process);
  void start_those_due();
  [[noreturn]] void be_child(const Process& process, pid_t parent);
  void reap();
  void ended(Process& process, int status);
  void crashed(Process& process, const std::string& how, Clock::duration lived);
  void on_signal(int number);
  void begin_to_stop(int number);
  void tell_all(int number);
  bool any_left() const;
  /// Until when it may sleep if no signal comes.
  std::optional<Clock::time_point> next_deadline() const;
  void wait_for_signal();

  Settings settings_;
  Main main_;
  Shared* shared_;
  std::vector<Process> processes_;
  sigset_t signals_{};  // those that it waits for
  sigset_t former_mask_{};
  struct sigaction former_child_{};
  std::optional<Clock::time_point> stopping_;  // since the first signal
  std::optional<Clock::time_point> kill_at_;
  bool failed_ = false;
};

}  // namespace bao::processes
