#pragma once

#include <exception>
#include <string_view>

namespace bao::detail {

/// Writes to stderr what `where` threw and nobody caught. There is no server here whose log could
/// take it.
void report_uncaught(std::string_view where, const std::exception_ptr& error);

/// Runs `f()`; reports what it throws.
template <typename F>
void run_guarded(std::string_view where, F&& f) {
  try {
    f();
  } catch (...) {
    report_uncaught(where, std::current_exception());
  }
}

}  // namespace bao::detail
