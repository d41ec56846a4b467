#include <algorithm>
#include <chrono>
#include <utility>

#include <bao/loop.h>

#include "api/loop_state.h"
#include "api/uncaught.h"

namespace bao {

namespace detail {

namespace {

// "For ever" as the longest duration there is would overflow when it is added to a point in time.
constexpr std::chrono::nanoseconds kLongest = std::chrono::hours(24 * 365 * 100);

net::Duration bounded(std::chrono::nanoseconds delay, std::chrono::nanoseconds least) {
  return std::clamp(delay, least, kLongest);
}

}  // namespace

/// A timer of the program. It holds itself while it is armed.
class TimerState final : public net::Timer, public net::Resident {
 public:
  TimerState(net::Loop& loop, net::Duration interval, bool repeats, std::function<void()> callback)
      : loop_(&loop), interval_(interval), repeats_(repeats), callback_(std::move(callback)) {}

  static std::shared_ptr<TimerState> start(net::Duration interval, bool repeats,
                                           std::function<void()> callback) {
    net::Loop& loop = LoopState::current().loop;
    auto state = std::make_shared<TimerState>(loop, interval, repeats, std::move(callback));
    state->self_ = state;
    loop.add_resident(*state);
    loop.hold();
    loop.timers().arm(*state, net::Clock::now() + interval);
    return state;
  }

  void cancel() {
    if (loop_ == nullptr) return;
    if (armed()) loop_->timers().disarm(*this);
    if (referenced_) loop_->release();
    loop_->remove_resident(*this);
    loop_ = nullptr;
    auto self = std::exchange(self_, nullptr);
    // The callback may be running just now, and own the last handle to this very timer.
    if (!running_) callback_ = nullptr;
  }

  void set_referenced(bool referenced) {
    if (loop_ == nullptr || referenced == referenced_) return;
    referenced_ = referenced;
    if (referenced) {
      loop_->hold();
    } else {
      loop_->release();
    }
  }

  void on_timer() override {
    auto self = self_;
    if (!repeats_) {
      std::function<void()> callback = std::move(callback_);
      cancel();
      run_guarded("a timer", callback);
      return;
    }
    // From the deadline, not from now, so that lateness does not add up; but after a long stall not
    // all at once.
    loop_->timers().arm(*this, std::max(deadline() + interval_, loop_->now() + interval_ / 2));
    running_ = true;
    run_guarded("a timer", callback_);
    running_ = false;
    if (loop_ == nullptr) callback_ = nullptr;
  }

  void on_loop_end() override { cancel(); }

 private:
  net::Loop* loop_;  // null once it is over
  net::Duration interval_;
  bool repeats_;
  bool referenced_ = true;
  bool running_ = false;
  std::function<void()> callback_;
  std::shared_ptr<TimerState> self_;
};

class Sleep::State final : public net::Timer {
 public:
  explicit State(std::chrono::nanoseconds delay)
      : loop_(LoopState::current().loop), delay_(delay) {}
  ~State() override {
    if (armed()) loop_.release();
  }
  void start(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    loop_.hold();
    loop_.timers().arm(*this, net::Clock::now() + delay_);
  }
  void on_timer() override {
    loop_.release();
    waiting_.resume();
  }

 private:
  net::Loop& loop_;
  net::Duration delay_;
  std::coroutine_handle<> waiting_;
};

Sleep::Sleep(std::chrono::nanoseconds delay)
    : state_(std::make_unique<State>(bounded(delay, std::chrono::nanoseconds(0)))) {}
Sleep::Sleep(Sleep&&) noexcept = default;
Sleep::~Sleep() = default;
void Sleep::await_suspend(std::coroutine_handle<> waiting) {
  state_->start(waiting);
}

}  // namespace detail

void Timer::cancel() {
  state_->cancel();
}
void Timer::ref() {
  state_->set_referenced(true);
}
void Timer::unref() {
  state_->set_referenced(false);
}

Timer after(std::chrono::nanoseconds delay, std::function<void()> callback) {
  return Timer(detail::TimerState::start(detail::bounded(delay, std::chrono::nanoseconds(0)), false,
                                         std::move(callback)));
}

Timer every(std::chrono::nanoseconds interval, std::function<void()> callback) {
  return Timer(detail::TimerState::start(detail::bounded(interval, std::chrono::milliseconds(1)),
                                         true, std::move(callback)));
}

}  // namespace bao
