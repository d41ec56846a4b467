#include "api/blocking_pool.h"

#include <csignal>
#include <utility>

namespace bao::detail {

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
  loop_.hold();
  bool needs_thread;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    entries_.push_back({std::move(job), std::move(done)});
    needs_thread = idle_ < entries_.size() && threads_.size() < limit_;
  }
  if (needs_thread) {
    // Signals are for the threads of the program: a new thread inherits the mask of its maker.
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    threads_.emplace_back([this] { work(); });
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
  }
  wake_.notify_one();
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
