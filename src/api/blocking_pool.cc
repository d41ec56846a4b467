#include "api/blocking_pool.h"

#include <csignal>
#include <utility>

namespace bao::detail {

namespace {

/// Signals are for the threads of the program, and a new thread inherits the mask of its maker.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former_);
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &former_, nullptr); }

 private:
  sigset_t former_;
};

}  // namespace

BlockingPool::~BlockingPool() {
  stop();
}

void BlockingPool::stop() {
  std::deque<Entry> dropped;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(entries_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void BlockingPool::run(Job job, Job done) {
  bool needs_thread;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    entries_.push_back({std::move(job), std::move(done)});
    needs_thread = idle_ < entries_.size() && threads_.size() < limit_;
  }
  loop_.hold();
  if (needs_thread) start_thread();
  wake_.notify_one();
}

void BlockingPool::start_thread() {
  try {
    const AllSignalsBlocked blocked;
    threads_.emplace_back([this] { work(); });
  } catch (...) {
    // The system gives no more threads. Those that there are will come to the job.
    if (!threads_.empty()) return;
    Entry dropped;
    {
      std::lock_guard lock(mutex_);
      dropped = std::move(entries_.back());
      entries_.pop_back();
    }
    loop_.release();
    throw;
  }
}

void BlockingPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return stopping_ || !entries_.empty(); });
    --idle_;
    if (stopping_) return;
    Entry entry = std::move(entries_.front());
    entries_.pop_front();
    lock.unlock();
    entry.job();
    entry.job = Job();
    loop_.post(net::Work([&loop = loop_, done = std::move(entry.done)]() mutable {
      loop.release();
      done();
    }));
    lock.lock();
  }
}

}  // namespace bao::detail
