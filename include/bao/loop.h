#pragma once

#include <chrono>
#include <concepts>
#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <bao/task.h>

namespace bao {

class Loop;

namespace detail {

class LoopState;
class TimerState;
class ServerState;

/// A callable that is run once, move-only ones included.
class Job {
 public:
  Job() = default;
  template <typename F>
    requires(!std::same_as<std::remove_cvref_t<F>, Job>)
  Job(F&& f) : call_(std::make_unique<Model<std::decay_t<F>>>(std::forward<F>(f))) {}
  void operator()() { call_->run(); }

 private:
  struct Call {
    virtual ~Call() = default;
    virtual void run() = 0;
  };
  template <typename F>
  struct Model final : Call {
    template <typename G>
    explicit Model(G&& g) : f(std::forward<G>(g)) {}
    void run() override { f(); }
    F f;
  };
  std::unique_ptr<Call> call_;
};

}  // namespace detail

/// How `run` treats the process's signals.
struct RunOptions {
  /// SIGINT and SIGTERM stop this loop's servers gracefully; another one, at least 300 ms after the
  /// first, cuts their connections. False leaves the signals alone.
  bool signals = true;
};

/// A thread's event loop. There is one for each thread that asks for it, and everything on it
/// happens on that thread.
class Loop {
 public:
  /// This thread's loop; made at the first call, destroyed with the thread. Throws
  /// std::system_error if the kernel refuses the descriptors that it needs.
  static Loop& current();

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// Runs `f()` on the loop's thread, after what is under way there. The only member that another
  /// thread may call; the loop must still be there then. `f` must not throw. Work that is posted to
  /// a loop that never runs again is destroyed with it.
  template <std::invocable F>
  void post(F&& f) {
    post_job(detail::Job(std::forward<F>(f)));
  }

  /// Runs until nothing keeps the loop alive: no listening server, request, ref'd timer, spawned
  /// task, `hold` or work.
  void run(RunOptions options = {});
  /// Makes `run` return soon.
  void stop();

  /// Keeps `run` going until `release`: for work that comes from outside the loop.
  void hold();
  void release();

  // -- Embedding in another event loop (docs/embedding.md)

  /// Becomes readable when `turn` has something to do. Never read from it.
  int fd() const;
  /// How long the other loop may wait before it must call `turn`; negative: until `fd` is readable.
  std::chrono::milliseconds time_to_next_timer() const;
  /// Handles what is ready, waiting for it `timeout` at most (negative: as long as it takes).
  void turn(std::chrono::milliseconds timeout = std::chrono::milliseconds(0));
  /// True while something keeps the loop alive.
  bool alive() const;

  /// How many threads `bao::blocking` may use on this loop: 1 to 1024, 4 at first. They start when
  /// they are needed.
  void set_blocking_threads(int count);

 private:
  friend class detail::LoopState;
  Loop();
  void post_job(detail::Job job);
  std::unique_ptr<detail::LoopState> state_;
};

/// Runs this thread's loop: `Loop::current().run(options)`.
void run(RunOptions options = {});

/// A timer that `after` or `every` made. Dropping it does not stop it.
class Timer {
 public:
  /// The callback will not run any more. May be called at any time, in the callback too.
  void cancel();
  /// Whether it keeps `run` going; it does unless told otherwise.
  void ref();
  void unref();

 private:
  friend Timer after(std::chrono::nanoseconds, std::function<void()>);
  friend Timer every(std::chrono::nanoseconds, std::function<void()>);
  explicit Timer(std::shared_ptr<detail::TimerState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::TimerState> state_;
};

/// Calls `callback` once, after `delay`, on this thread's loop. Any duration will do that converts
/// to nanoseconds without loss, `2s` as well as `500us`; it is never early.
Timer after(std::chrono::nanoseconds delay, std::function<void()> callback);
/// Calls `callback` again and again, `interval` (at least 1 ms) apart, on this thread's loop.
Timer every(std::chrono::nanoseconds interval, std::function<void()> callback);

namespace detail {

class [[nodiscard("a sleep begins when it is awaited: co_await it")]] Sleep {
 public:
  explicit Sleep(std::chrono::nanoseconds delay);
  Sleep(Sleep&&) noexcept;
  ~Sleep();
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting);
  void await_resume() const noexcept {}

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// What `bao::blocking` has to do, and who waits for it.
struct BlockingCall {
  virtual ~BlockingCall() = default;
  /// Does it, on another thread.
  virtual void run() noexcept = 0;
  /// What it threw.
  std::exception_ptr error;
  /// Null if nobody waits any more.
  std::coroutine_handle<> waiting;
};

/// Runs the call on one of the loop's threads and then, on the loop, resumes who waits for it. The
/// loop is kept alive meanwhile, and told where the exception was thrown.
void run_blocking(std::shared_ptr<BlockingCall> call);

template <typename F>
class [[nodiscard("nothing runs until it is awaited: co_await it")]] Blocking {
 public:
  using R = std::invoke_result_t<F&>;
  static_assert(!std::is_reference_v<R>, "what bao::blocking runs must return a value or nothing");

  explicit Blocking(F f) : state_(std::make_shared<State>(std::move(f))) {}
  Blocking(Blocking&&) noexcept = default;
  ~Blocking() {
    // The coroutine may be destroyed while a thread still works for it: then nobody is to be
    // resumed.
    if (state_) state_->waiting = nullptr;
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    state_->waiting = waiting;
    run_blocking(state_);
  }
  R await_resume() {
    if (state_->error) std::rethrow_exception(state_->error);
    if constexpr (!std::is_void_v<R>) return std::move(*state_->result);
  }

 private:
  struct State final : BlockingCall {
    explicit State(F f) : f(std::move(f)) {}
    void run() noexcept override {
      try {
        if constexpr (std::is_void_v<R>) {
          f();
        } else {
          result.emplace(f());
        }
      } catch (...) {
        error = std::current_exception();
      }
    }
    F f;
    std::optional<std::conditional_t<std::is_void_v<R>, std::monostate, R>> result;
  };
  std::shared_ptr<State> state_;
};

}  // namespace detail

/// Suspends a coroutine for at least `delay`: `co_await bao::sleep(10ms)`. Any duration will do
/// that converts to nanoseconds without loss.
inline detail::Sleep sleep(std::chrono::nanoseconds delay) {
  return detail::Sleep(delay);
}

/// Runs `f()` on another thread, so that it may block, and gives what it returns or throws:
/// `auto rows = co_await bao::blocking([&] { return query(id); });`. The coroutine's own variables
/// outlive the call, even if the loop ends meanwhile; anything else that `f` refers to must do so,
/// too. With g++ 12, a closure that owns something (a string, say) must be a variable before it is
/// given away (docs/getting-started.md). The await throws std::system_error if the system refuses
/// the very first thread; with fewer threads than allowed, jobs wait for those that there are.
template <std::invocable F>
auto blocking(F f) {
  return detail::Blocking<F>(std::move(f));
}

/// Starts a task that nobody awaits, on this thread's loop, which it keeps alive. What it throws is
/// written to stderr. It is destroyed with the loop if it has not ended by then.
void spawn(Task<void> task);

}  // namespace bao
