#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include <bao/loop.h>

#include "api/blocking_pool.h"
#include "net/loop.h"
#include "outbound/client.h"
#include "processes/shared.h"

namespace bao::detail {

class ServerState;

/// What stands behind a bao::Loop.
class LoopState {
 public:
  LoopState() = default;
  LoopState(const LoopState&) = delete;
  LoopState& operator=(const LoopState&) = delete;
  ~LoopState() {
    // What a coroutine has lent to its job must be good until the job is done.
    if (pool_ != nullptr) pool_->stop();
    // Servers and coroutines end while everything that they may use is still there.
    loop.end_residents();
  }

  static LoopState& current() { return *Loop::current().state_; }
  /// Whether this thread's loop has been made.
  static bool exists();

  net::Loop loop;
  /// In a process of a cluster, on the thread that runs its `main`: what it knows of the others.
  std::optional<processes::Seat> seat;

  BlockingPool& pool();
  /// What asks other servers; made when it is first used.
  outbound::Client& outbound();

  /// The servers that a signal stops.
  void add_server(const std::shared_ptr<ServerState>& server) {
    std::erase_if(servers_, [](const auto& earlier) { return earlier.expired(); });
    servers_.push_back(server);
  }

  void run(RunOptions options);

 private:
  void on_signal();

  std::vector<std::weak_ptr<ServerState>> servers_;
  std::optional<std::chrono::steady_clock::time_point> first_signal_;  // of this run
  // Behind `loop`, so that threads end before the loop that they post to, and transfers as well.
  std::unique_ptr<BlockingPool> pool_;
  std::unique_ptr<outbound::Client> outbound_;
};

}  // namespace bao::detail
