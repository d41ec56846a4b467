#pragma once

#include <coroutine>
#include <exception>
#include <optional>
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
  /// The result where it is, until the frame is destroyed.
  T& result() {
    if (error) std::rethrow_exception(std::exchange(error, nullptr));
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
/// most once. Destroying a task that has not finished destroys the coroutine, its locals included.
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
    bool await_ready() const noexcept { return false; }
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

  /// Gives the coroutine to the caller, who resumes and destroys it. For the engine.
  std::coroutine_handle<promise_type> release() noexcept { return std::exchange(handle_, nullptr); }

 private:
  friend promise_type;
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
