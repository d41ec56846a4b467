#include "trace/throw_hook.h"

#include <algorithm>
#include <coroutine>
#include <exception>
#include <future>
#include <gtest/gtest.h>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "trace/exception.h"
#include "trace/stack_trace.h"

namespace bao::trace {
namespace {

// The throwing statement and its line stand on one source line, so that they cannot drift apart.
int thrown_line = 0;

[[gnu::noinline]] void throw_runtime_error(const std::string& message) {
  thrown_line = __LINE__, throw std::runtime_error(message);
}

[[gnu::noinline]] int read_past_the_end(const std::vector<int>& numbers) {
  return thrown_line = __LINE__, numbers.at(7);
}

template <class Function>
std::exception_ptr exception_of(Function function) {
  try {
    function();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

/// A coroutine that keeps its exception, like the tasks of a server.
class Task {
 public:
  struct promise_type {
    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { error = std::current_exception(); }
    std::exception_ptr error;
  };

  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ~Task() {
    if (handle_) handle_.destroy();
  }

  std::exception_ptr run() {
    handle_.resume();
    return handle_.promise().error;
  }

  // Awaiting runs it to its end at once, so it is always ready.
  bool await_ready() {
    handle_.resume();
    return true;
  }
  void await_suspend(std::coroutine_handle<>) {}
  void await_resume() {
    if (handle_.promise().error) std::rethrow_exception(handle_.promise().error);
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

Task throwing_task(bool fail) {
  if (fail) thrown_line = __LINE__, throw std::runtime_error("in a coroutine");
  co_return;
}

std::vector<Frame> frames_of(const std::exception_ptr& error) {
  auto stack = thrown_at(error);
  return stack ? stack->symbolize() : std::vector<Frame>();
}

Frame first_user_frame(const std::exception_ptr& error) {
  const auto frames = frames_of(error);
  const auto found = std::find_if(frames.begin(), frames.end(), is_user_code);
  return found != frames.end() ? *found : Frame();
}

TEST(ThrowHook, FindsWhereAnExceptionWasThrown) {
  CaptureThrows capture;
  const auto error = exception_of([] { throw_runtime_error("boom"); });
  const Frame frame = first_user_frame(error);
  EXPECT_NE(frame.function.find("throw_runtime_error("), std::string::npos) << frame.function;
  EXPECT_TRUE(frame.file.ends_with("tests/trace/throw_hook_test.cc")) << frame.file;
  EXPECT_EQ(frame.line, thrown_line);
}

TEST(ThrowHook, StackStartsWithTheThrowingFunctionItself) {
  CaptureThrows capture;
  const auto frames = frames_of(exception_of([] { throw_runtime_error("boom"); }));
  ASSERT_GE(frames.size(), 2u);
  EXPECT_NE(frames[0].function.find("throw_runtime_error("), std::string::npos)
      << frames[0].function;
  const bool reaches_main = std::any_of(frames.begin(), frames.end(),
                                        [](auto& frame) { return frame.function == "main"; });
  EXPECT_TRUE(reaches_main);
}

TEST(ThrowHook, FindsThrowsOfTheStandardLibrary) {
  CaptureThrows capture;
  const auto error = exception_of([] { read_past_the_end({1, 2, 3}); });
  const Frame frame = first_user_frame(error);
  EXPECT_NE(frame.function.find("read_past_the_end("), std::string::npos) << frame.function;
  EXPECT_TRUE(frame.file.ends_with("throw_hook_test.cc")) << frame.file;
  EXPECT_EQ(frame.line, thrown_line);
}

TEST(ThrowHook, FindsThrowsInsideCoroutines) {
  CaptureThrows capture;
  Task task = throwing_task(true);
  const Frame frame = first_user_frame(task.run());
  EXPECT_NE(frame.function.find("throwing_task(bool)"), std::string::npos) << frame.function;
  EXPECT_EQ(frame.function.find("actor"), std::string::npos) << frame.function;
  EXPECT_TRUE(frame.file.ends_with("throw_hook_test.cc")) << frame.file;
  EXPECT_EQ(frame.line, thrown_line);
}

Task waiting_task() {
  Task inner = throwing_task(true);
  co_await inner;
}

TEST(ThrowHook, CoroutineThatRethrowsFromAnotherKeepsTheStack) {
  CaptureThrows capture;
  Task outer = waiting_task();
  std::exception_ptr error = outer.run();
  const int line = thrown_line;
  EXPECT_EQ(first_user_frame(error).line, line);
}

TEST(ThrowHook, RethrowingKeepsTheStack) {
  CaptureThrows capture;
  const auto error = exception_of([] { throw_runtime_error("boom"); });
  const auto by_pointer = exception_of([&] { std::rethrow_exception(error); });
  const auto by_statement = exception_of([&] {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception&) {
      throw;
    }
  });
  EXPECT_EQ(first_user_frame(by_pointer).line, thrown_line);
  EXPECT_EQ(first_user_frame(by_statement).line, thrown_line);
}

TEST(ThrowHook, NestedExceptionAndItsCauseHaveStacksOfTheirOwn) {
  CaptureThrows capture;
  int outer_line = 0;
  const auto outer = exception_of([&] {
    try {
      throw_runtime_error("cause");
    } catch (const std::exception&) {
      outer_line = __LINE__ + 1;
      std::throw_with_nested(std::logic_error("outer"));
    }
  });
  std::exception_ptr cause;
  try {
    std::rethrow_exception(outer);
  } catch (const std::nested_exception& nesting) {
    cause = nesting.nested_ptr();
  } catch (const std::exception&) {
  }
  EXPECT_EQ(first_user_frame(cause).line, thrown_line);
  EXPECT_EQ(first_user_frame(outer).line, outer_line);
}

TEST(ThrowHook, FindsExceptionsOfAnyType) {
  CaptureThrows capture;
  EXPECT_TRUE(thrown_at(exception_of([] { throw 42; })));
  EXPECT_TRUE(thrown_at(exception_of([] { throw "text"; })));
  EXPECT_TRUE(thrown_at(exception_of([] { throw std::bad_alloc(); })));
}

TEST(ThrowHook, RemembersNothingWithoutCapture) {
  EXPECT_FALSE(thrown_at(exception_of([] { throw_runtime_error("boom"); })));
  EXPECT_FALSE(thrown_at(nullptr));
}

TEST(ThrowHook, CaptureEndsWithTheOutermostGuard) {
  {
    CaptureThrows outer;
    {
      CaptureThrows inner;
    }
    EXPECT_TRUE(thrown_at(exception_of([] { throw_runtime_error("inside"); })));
  }
  EXPECT_FALSE(thrown_at(exception_of([] { throw_runtime_error("outside"); })));
}

TEST(ThrowHook, StackOutlivesTheGuard) {
  std::exception_ptr error;
  {
    CaptureThrows capture;
    error = exception_of([] { throw_runtime_error("boom"); });
  }
  EXPECT_TRUE(thrown_at(error));
}

TEST(ThrowHook, RemembersTheLastThrowsOnly) {
  CaptureThrows capture;
  std::vector<std::exception_ptr> errors;
  for (std::size_t i = 0; i <= kRememberedThrows; ++i) {
    errors.push_back(exception_of([] { throw_runtime_error("boom"); }));
  }
  EXPECT_FALSE(thrown_at(errors.front()));
  for (std::size_t i = 1; i < errors.size(); ++i) EXPECT_TRUE(thrown_at(errors[i])) << i;
}

[[gnu::noinline]] int recurse(int depth) {  // NOLINT(misc-no-recursion)
  if (depth == 0) throw std::runtime_error("deep");
  int result = recurse(depth - 1);
  asm volatile("" : "+r"(result));  // no tail call and no loop: each depth is a frame
  return result;
}

TEST(ThrowHook, DeepStacksAreCut) {
  CaptureThrows capture;
  const auto stack = thrown_at(exception_of([] { recurse(500); }));
  ASSERT_TRUE(stack);
  EXPECT_EQ(stack->program_counters().size(), StackTrace::kMaxFrames);
}

// The memory of a dead exception is used again at once by most allocators.
TEST(ThrowHook, LatestThrowAtAnAddressWins) {
  CaptureThrows capture;
  int later_line = 0;
  for (int i = 0; i < 20; ++i) {
    exception_of([] { throw_runtime_error("dead at once"); });
    const auto later =
        exception_of([&] { later_line = __LINE__, throw std::runtime_error("later"); });
    EXPECT_EQ(first_user_frame(later).line, later_line);
  }
}

TEST(ThrowHook, ExceptionThatWasNeverThrownHasNoStackOfADeadOne) {
  CaptureThrows capture;
  for (int i = 0; i < 20; ++i) {
    exception_of([] { throw_runtime_error("dead at once"); });
    EXPECT_FALSE(thrown_at(std::make_exception_ptr(std::runtime_error("never thrown"))));
  }
}

TEST(ThrowHook, ThrowWithoutCaptureHasNoStackOfADeadOne) {
  for (int i = 0; i < 20; ++i) {
    {
      CaptureThrows capture;
      exception_of([] { throw_runtime_error("dead at once"); });
    }
    EXPECT_FALSE(thrown_at(exception_of([] { throw_runtime_error("not captured"); })));
  }
}

TEST(ThrowHook, AnotherThreadDoesNotKnowTheThrow) {
  std::exception_ptr error;
  std::thread([&] {
    CaptureThrows capture;
    error = exception_of([] { throw_runtime_error("elsewhere"); });
  }).join();
  EXPECT_FALSE(thrown_at(error));
}

TEST(CarriedThrows, MakeAnotherThreadKnowTheThrowAndItsCauses) {
  std::exception_ptr error;
  CarriedThrows carried;
  std::thread([&] {
    CaptureThrows capture;
    error = exception_of([] {
      try {
        throw_runtime_error("cause");
      } catch (...) {
        std::throw_with_nested(std::logic_error("effect"));
      }
    });
    carried = CarriedThrows(error);
  }).join();
  EXPECT_FALSE(thrown_at(error));
  carried.remember_here();
  EXPECT_TRUE(thrown_at(error));
  const auto roots = causes(error);
  ASSERT_EQ(roots.size(), 1u);
  EXPECT_EQ(first_user_frame(roots[0]).line, thrown_line);
}

TEST(CarriedThrows, OfWhatNobodyCapturedAreNothing) {
  const auto error = exception_of([] { throw_runtime_error("boom"); });
  CarriedThrows(error).remember_here();
  EXPECT_FALSE(thrown_at(error));
  CarriedThrows(nullptr).remember_here();
  CarriedThrows().remember_here();
}

TEST(CarriedThrows, ANewExceptionAtTheSameAddressIsNotTakenForThem) {
  {
    CaptureThrows capture;
    const auto error = exception_of([] { throw_runtime_error("boom"); });
    CarriedThrows(error).remember_here();
    EXPECT_TRUE(thrown_at(error));
  }
  EXPECT_FALSE(thrown_at(exception_of([] { throw_runtime_error("later"); })));
}

TEST(ThrowHook, CapturesThrowsWhileAGuardLives) {
  EXPECT_FALSE(captures_throws());
  {
    CaptureThrows capture;
    EXPECT_TRUE(captures_throws());
  }
  EXPECT_FALSE(captures_throws());
}

TEST(ThrowHook, CaptureIsSwitchedOnForOneThreadOnly) {
  CaptureThrows capture;
  const bool known = std::async(std::launch::async, [] {
                       return thrown_at(exception_of([] { throw 1; })).has_value();
                     }).get();
  EXPECT_FALSE(known);
}

TEST(ThrowHook, ThreadsCaptureAndSymbolizeAtTheSameTime) {
  std::vector<std::future<std::string>> functions;
  for (int i = 0; i < 4; ++i) {
    functions.push_back(std::async(std::launch::async, [] {
      CaptureThrows capture;
      std::string function;
      for (int round = 0; round < 5; ++round) {
        function = first_user_frame(exception_of([] { recurse(3); })).function;
      }
      return function;
    }));
  }
  for (auto& function : functions) {
    const std::string name = function.get();
    EXPECT_NE(name.find("recurse(int)"), std::string::npos) << name;
  }
}

struct ThrowsInCatch {
  ~ThrowsInCatch() {
    exception_of([] { throw 1; });
  }
};

TEST(ThrowHook, ThrowsDuringUnwindingDoNotReplaceTheFirst) {
  CaptureThrows capture;
  const auto error = exception_of([] {
    ThrowsInCatch first, second;
    throw_runtime_error("outer");
  });
  EXPECT_EQ(first_user_frame(error).line, thrown_line);
}

}  // namespace
}  // namespace bao::trace
