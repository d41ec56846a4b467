#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace bao {

/// Which of a cluster's processes this one is.
struct ClusterChild {
  /// 0 to `ClusterOptions::processes` - 1. One that is started again keeps it.
  int number = 0;
  /// How many processes had this number before: 0 until one of them has crashed.
  int restarts = 0;
};

/// How `cluster` keeps its processes.
struct ClusterOptions {
  /// How many, 1 to 1024; 0 for one for each processor that this process may use.
  std::int64_t processes = 0;
  /// How long after a crash the process is started again, in whole milliseconds, at least 1. Twice
  /// as long after each further crash, so that a program which cannot run does not use up the
  /// machine by beginning.
  std::chrono::milliseconds restart_delay = std::chrono::milliseconds(100);
  /// The longest such delay. Who has run for longer than this begins with `restart_delay` again.
  std::chrono::milliseconds max_restart_delay = std::chrono::seconds(10);
  /// How long after the first signal the processes may take to end, in whole milliseconds; then
  /// they are killed. 0: as long as their requests take, which other limits bound.
  std::chrono::milliseconds stop_timeout = {};
  /// Where it is told that a process has crashed, as lines without a newline. Unset: stderr. Must
  /// not throw.
  std::function<void(std::string_view)> log = {};
};

namespace detail {

/// What each process of a cluster runs: a callable that takes a ClusterChild or nothing. What it
/// returns, a Server say, is dropped.
class ClusterMain {
 public:
  template <typename F>
    requires(!std::same_as<std::remove_cvref_t<F>, ClusterMain> &&
             (std::invocable<F&> || std::invocable<F&, ClusterChild>))
  ClusterMain(F&& f)
      : run_([f = std::forward<F>(f)](ClusterChild child) mutable {
          if constexpr (std::invocable<std::decay_t<F>&, ClusterChild>) {
            f(child);
          } else {
            f();
          }
        }) {}
  void operator()(ClusterChild child) const { run_(child); }

 private:
  std::function<void(ClusterChild)> run_;
};

}  // namespace detail

/// Runs `main` in several processes and cares for them until all have ended:
///
///     int main() {
///       return bao::cluster({.processes = 4}, [] { bao::serve({.routes = …}); });
///     }
///
/// Each process is a fork of this one. It calls `main`, then runs its loop as `bao::run()` does,
/// and exits: with 0, or with 1 if `main` threw, which is told on stderr. In them `cluster` never
/// returns.
///
/// - All of them listen on the same port: in them `serve` sets `.reuse_port` by itself, and where
///   one asks for port 0 all get the port that the first has found. Servers are matched by the
///   order in which `main` makes them on its own thread. Unix sockets cannot be shared, `serve`
///   refuses them.
/// - One that crashes (a signal, or another exit code than 0) is started again after a delay, which
///   grows; one that ends by itself with 0 is not. If one fails before any of them has run its loop
///   the cluster ends: then the options or the program are wrong.
/// - SIGINT and SIGTERM are passed on, so the servers stop gracefully. Another one, at least 300 ms
///   after the first, is passed on too, which cuts the connections; what is left a second later is
///   killed. SIGHUP is passed on unless it is ignored; if it ends a process, which happens where
///   nobody listens for it, the cluster ends.
/// - If this process dies, they get a SIGTERM.
///
/// Returns, in this process, once all have ended: 0 if all of them ended well, 1 if not, for `main`
/// to return. Throws OptionError if an option is wrong; std::logic_error if the process has other
/// threads, because a fork has only one and the others' locks stay locked, if this thread has a
/// loop already (a server, a timer), which two processes cannot share, or if this is a cluster's
/// process; std::system_error if the kernel refuses the memory that the processes share.
/// Descriptors and buffers that are open when it is called belong to all processes.
int cluster(ClusterOptions options, detail::ClusterMain main);

}  // namespace bao
