#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace bao {

template <typename T = void>
class Task;

namespace detail {

/// What every Task's promise has, whatever its result.
struct PromiseBase {
  /// Resumed when the task is done: whoever awaits it.
  std::coroutine_handle<> continuation = std::noop_coroutine();
  /// Called instead, if set: the engine's way to start a task without a coroutine of its own around
  /// it. The frame may be destroyed by it.
  void (*completed)(void* owner) = nullptr;
  void* owner = nullptr;
  std::exception_ptr error = nullptr;
  /// Somebody awaits it or has run it, so nobody else may.
  bool taken = false;

  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
      PromiseBase& promise = handle.promise();
      if (promise.completed == nullptr) return promise.continuation;
      promise.completed(promise.owner);
      return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <typename T>
struct Promise : PromiseBase {
  std::optional<T> value;

  Task<T> get_return_object() noexcept;
  template <typename U = T>  // the default lets `co_return {}` compile
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  /// The result where it is, until the frame is destroyed. Throws what the coroutine threw, and
  /// std::logic_error if it has given no value: compilers let it run off its end without a word.
  T& result() {
    if (error) std::rethrow_exception(std::exchange(error, nullptr));
    if (!value) {
      throw std::logic_error(
          "A coroutine ended without co_return: end each of its paths with one that gives a value");
    }
    return *value;
  }
  T take() { return std::move(result()); }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() {
    if (error) std::rethrow_exception(std::exchange(error, nullptr));
  }
};

}  // namespace detail

/// A coroutine that begins when it is awaited and gives a `T`, or throws. Move-only; awaited at
/// most once, a second await throws std::logic_error. So does an await of a coroutine that ended
/// without `co_return`, unless `T` is void. Destroying a task that has not finished destroys the
/// coroutine, its locals included.
///
/// Everything happens on the thread of the loop that it runs on. With g++ 12, do not build a struct
/// by designated initializers inside a `co_await` expression: the compiler destroys it twice
/// (docs/getting-started.md); put it in a variable first.
template <typename T>
class [[nodiscard(
    "a Task does nothing until it is awaited, returned or given to bao::spawn")]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using value_type = T;

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  class Awaiter {
   public:
    explicit Awaiter(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    bool await_ready() const {
      take(handle_);
      return false;
    }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) const noexcept {
      handle_.promise().continuation = waiting;
      return handle_;
    }
    T await_resume() const { return handle_.promise().take(); }

   private:
    std::coroutine_handle<promise_type> handle_;
  };
  Awaiter operator co_await() const& noexcept { return Awaiter(handle_); }
  Awaiter operator co_await() && noexcept { return Awaiter(handle_); }

  /// Gives the coroutine to the caller, who resumes and destroys it. For the engine. Throws
  /// std::logic_error if the task was awaited or moved from.
  std::coroutine_handle<promise_type> release() {
    take(handle_);
    return std::exchange(handle_, nullptr);
  }

 private:
  friend promise_type;
  // A coroutine that has begun cannot be begun again.
  static void take(std::coroutine_handle<promise_type> handle) {
    if (!handle) {
      throw std::logic_error("A bao::Task was used after it was moved from: use what it became");
    }
    if (std::exchange(handle.promise().taken, true)) {
      throw std::logic_error(
          "A bao::Task was awaited twice: await it once, and keep what the await gave");
    }
  }

  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

namespace detail {
template <typename T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}
}  // namespace detail

}  // namespace bao
