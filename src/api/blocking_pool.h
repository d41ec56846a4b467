#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <bao/loop.h>

#include "net/loop.h"

namespace bao::detail {

/// Threads for work that blocks, of one loop. They start when they are needed and stay until the
/// pool is destroyed.
class BlockingPool {
 public:
  explicit BlockingPool(net::Loop& loop) : loop_(loop) {}
  /// Same as `stop`.
  ~BlockingPool();

  /// Waits for the jobs that are running; those that have not begun, or come later, are dropped.
  void stop();

  /// How many threads there may be. Those that run already stay.
  void set_limit(size_t limit) { limit_ = limit; }

  /// Runs `job` on a thread, then `done` on the loop. The loop is held until then. On the loop's
  /// thread. Throws std::system_error, and neither is run, if there is no thread yet and the system
  /// refuses one.
  void run(Job job, Job done);

 private:
  struct Entry {
    Job job;
    Job done;
  };

  void start_thread();
  void work();

  net::Loop& loop_;
  size_t limit_ = 4;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Entry> entries_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace bao::detail
