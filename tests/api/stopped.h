#pragma once

#include <coroutine>
#include <optional>
#include <stop_token>
#include <utility>

namespace bao::testing {

/// Suspends until the token stops, and is resumed by whoever stops it.
class Stopped {
 public:
  explicit Stopped(std::stop_token token) : token_(std::move(token)) {}
  bool await_ready() const { return token_.stop_requested(); }
  void await_suspend(std::coroutine_handle<> handle) { callback_.emplace(token_, Resume{handle}); }
  void await_resume() const {}

 private:
  struct Resume {
    void operator()() const { handle.resume(); }
    std::coroutine_handle<> handle;
  };
  std::stop_token token_;
  std::optional<std::stop_callback<Resume>> callback_;
};

}  // namespace bao::testing
