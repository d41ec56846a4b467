#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "trace/stack_trace.h"

namespace bao::trace {

/// How many throws a thread remembers. The oldest one makes room for the newest.
inline constexpr std::size_t kRememberedThrows = 8;

/// While at least one CaptureThrows lives on a thread, each throw of that thread is remembered with
/// the stack that it came from, so that `thrown_at` can find it after the stack is unwound.
///
/// It must be destroyed on the thread that made it, so it does not belong into a coroutine's frame.
/// What was remembered outlives it. A throw costs some 2 to 10 µs more while captured; the program
/// counters go into memory that the thread already has (about 4 KiB), so std::bad_alloc is captured
/// as well. Without a CaptureThrows a throw costs two comparisons more.
///
/// How it works: this library defines __cxa_throw, the function of the C++ ABI that `throw`
/// compiles to, and forwards to the definition of the C++ runtime. That holds for programs with a
/// shared C++ runtime, whether this library is static or shared, and covers the throws inside
/// libstdc++. In a program that is linked with -static or -static-libstdc++ the runtime's own
/// definition wins at link time: it runs as ever, nothing is captured.
class CaptureThrows {
 public:
  CaptureThrows();
  ~CaptureThrows();
  CaptureThrows(const CaptureThrows&) = delete;
  CaptureThrows& operator=(const CaptureThrows&) = delete;
};

/// Whether a CaptureThrows lives on this thread.
bool captures_throws();

/// The stack on which the exception object behind `error` was thrown, or nullopt if this thread
/// does not remember it: null pointer, capture was off, thrown on another thread, made by
/// std::make_exception_ptr, or followed by kRememberedThrows later throws. Rethrowing (`throw;`,
/// std::rethrow_exception, a coroutine's unhandled_exception) keeps the object and thereby its
/// stack.
std::optional<StackTrace> thrown_at(const std::exception_ptr& error);

/// Where an exception and its causes were thrown, on the way from the thread that caught it to one
/// that will ask for it. Keeps the exceptions, so that nothing else can come to lie at their
/// addresses on the way.
class CarriedThrows {
 public:
  /// Nothing.
  CarriedThrows() = default;
  /// What this thread remembers of `error` and of its causes (see `causes`).
  explicit CarriedThrows(const std::exception_ptr& error);
  /// Makes this thread remember it as if it had been thrown here.
  void remember_here() const;

 private:
  std::vector<std::pair<std::exception_ptr, StackTrace>> stacks_;
};

}  // namespace bao::trace
