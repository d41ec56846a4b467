#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <bao/loop.h>

#include "api/loop_state.h"
#include "api/server_state.h"
#include "api/signals.h"
#include "api/uncaught.h"
#include "trace/throw_hook.h"

namespace bao {

namespace detail {

namespace {
// timeout(1), package runners and terminals signal a process and its group as well, so one wish to
// end the program comes to it twice. A person who has lost patience takes longer.
constexpr std::chrono::milliseconds kOneWish{300};
}  // namespace

BlockingPool& LoopState::pool() {
  if (pool_ == nullptr) pool_ = std::make_unique<BlockingPool>(loop);
  return *pool_;
}

outbound::Client& LoopState::outbound() {
  if (outbound_ == nullptr) outbound_ = std::make_unique<outbound::Client>(loop);
  return *outbound_;
}

void LoopState::run(RunOptions options) {
  if (loop.in_turn()) {
    throw std::logic_error(
        "bao::run was called from a callback of the same loop: return from it instead");
  }
  std::unique_ptr<SignalWatch> watch;
  first_signal_.reset();
  if (options.signals) watch = std::make_unique<SignalWatch>(loop, [this] { on_signal(); });
  loop.run();
}

// The first signal lets requests finish, a later one cuts them; when the servers are gone, timers
// and tasks that are left do not keep the program.
void LoopState::on_signal() {
  const auto now = std::chrono::steady_clock::now();
  const bool force = first_signal_.has_value();
  if (force && now - *first_signal_ < kOneWish) return;
  if (!force) first_signal_ = now;
  auto left = std::make_shared<size_t>(1);
  auto one_less = [this, left] {
    if (--*left == 0) loop.stop();
  };
  for (const auto& weak : std::exchange(servers_, {})) {
    auto server = weak.lock();
    if (server == nullptr || server->core().state() == server::Server::State::stopped) continue;
    servers_.push_back(weak);
    ++*left;
    server->core().stop(force, net::Work(one_less));
  }
  one_less();
}

// A throw knows its own thread alone, so where it was is carried over to the loop's, where the page
// and the log ask for it.
void run_blocking(std::shared_ptr<BlockingCall> call) {
  auto throws = std::make_shared<trace::CarriedThrows>();
  Job job([call, throws, captures = trace::captures_throws()] {
    std::optional<trace::CaptureThrows> capture;
    if (captures) capture.emplace();
    call->run();
    if (captures && call->error) *throws = trace::CarriedThrows(call->error);
  });
  Job done([call = std::move(call), throws] {
    throws->remember_here();
    if (call->waiting) call->waiting.resume();
  });
  LoopState::current().pool().run(std::move(job), std::move(done));
}

/// A task that nobody awaits.
class Spawned final : public net::Resident {
 public:
  Spawned(net::Loop& loop, Task<void> task) : loop_(loop), frame_(task.release()) {
    loop_.add_resident(*this);
    loop_.hold();
    frame_.promise().completed = [](void* owner) { static_cast<Spawned*>(owner)->finish(); };
    frame_.promise().owner = this;
  }
  void start() { frame_.resume(); }
  void on_loop_end() override { end(); }

 private:
  void finish() {
    std::exception_ptr error = frame_.promise().error;
    end();
    if (error) report_uncaught("a spawned task", error);
  }
  void end() {
    loop_.remove_resident(*this);
    loop_.release();
    frame_.destroy();
    delete this;
  }

  net::Loop& loop_;
  std::coroutine_handle<Promise<void>> frame_;
};

}  // namespace detail

Loop::Loop() : state_(std::make_unique<detail::LoopState>()) {}
Loop::~Loop() = default;

namespace {
// What ends with the thread's loop may still ask for it, hence the pointer that is set first.
thread_local Loop* present = nullptr;
}  // namespace

bool detail::LoopState::exists() {
  return present != nullptr;
}

Loop& Loop::current() {
  if (present == nullptr) {
    thread_local std::unique_ptr<Loop> owner;
    owner.reset(new Loop);
    present = owner.get();
  }
  return *present;
}

void Loop::post_job(detail::Job job) {
  state_->loop.post(net::Work(
      [job = std::move(job)]() mutable { detail::run_guarded("posted work", [&] { job(); }); }));
}
void Loop::run(RunOptions options) {
  state_->run(options);
}
void Loop::stop() {
  state_->loop.stop();
}
void Loop::hold() {
  state_->loop.hold();
}
void Loop::release() {
  state_->loop.release();
}
int Loop::fd() const {
  return state_->loop.fd();
}
std::chrono::milliseconds Loop::time_to_next_timer() const {
  return state_->loop.time_to_next_timer();
}
void Loop::turn(std::chrono::milliseconds timeout) {
  if (state_->loop.in_turn()) {
    throw std::logic_error(
        "Loop::turn was called from a callback of the same loop: return from it instead");
  }
  state_->loop.turn(timeout);
}
bool Loop::alive() const {
  return state_->loop.alive();
}

void Loop::set_blocking_threads(int count) {
  if (count < 1 || count > 1024) {
    throw std::invalid_argument("set_blocking_threads(" + std::to_string(count) +
                                "): give 1 to 1024 threads");
  }
  state_->pool().set_limit(static_cast<size_t>(count));
}

void run(RunOptions options) {
  Loop::current().run(options);
}

void spawn(Task<void> task) {
  (new detail::Spawned(detail::LoopState::current().loop, std::move(task)))->start();
}

}  // namespace bao
