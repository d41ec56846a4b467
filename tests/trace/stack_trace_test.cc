#include "trace/stack_trace.h"

#include <algorithm>
#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace bao::trace {
namespace {

[[gnu::noinline]] std::uintptr_t return_address() {
  return reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)) - 1;
}

[[gnu::always_inline]] inline std::uintptr_t inlined_call() {
  return return_address();
}

[[gnu::noinline]] std::uintptr_t calls_inlined() {
  std::uintptr_t pc = inlined_call();
  asm volatile("" : "+r"(pc));  // no tail call: this function stays on the stack
  return pc;
}

TEST(StackTrace, SymbolizesFunctionFileAndLine) {
  const int line = __LINE__ + 1;
  const std::uintptr_t pc = return_address();
  const auto frames = StackTrace({pc}).symbolize();
  ASSERT_FALSE(frames.empty());
  EXPECT_TRUE(frames.back().file.ends_with("tests/trace/stack_trace_test.cc"))
      << frames.back().file;
  EXPECT_EQ(frames.back().line, line);
  EXPECT_EQ(frames.back().pc, pc);
  EXPECT_NE(frames.back().function.find("SymbolizesFunctionFileAndLine"), std::string::npos)
      << frames.back().function;
}

TEST(StackTrace, ShowsInlinedFunctionsBeforeTheirCaller) {
  const auto frames = StackTrace({calls_inlined()}).symbolize();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_NE(frames[0].function.find("inlined_call"), std::string::npos) << frames[0].function;
  EXPECT_NE(frames[1].function.find("calls_inlined"), std::string::npos) << frames[1].function;
}

TEST(StackTrace, NamesInUnnamedNamespacesAreComplete) {
  const auto frames = StackTrace({calls_inlined()}).symbolize();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[1].function, "bao::trace::(anonymous namespace)::calls_inlined()");
}

TEST(StackTrace, KeepsFramesThatItCannotFind) {
  const auto frames = StackTrace({std::uintptr_t{16}}).symbolize();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].function, "");
  EXPECT_EQ(frames[0].file, "");
  EXPECT_EQ(frames[0].line, 0);
  EXPECT_EQ(frames[0].pc, 16u);
}

TEST(StackTrace, EmptyStackHasNoFrames) {
  EXPECT_TRUE(StackTrace().symbolize().empty());
}

TEST(UserCode, IsWhatHasASourceFileOfItsOwn) {
  EXPECT_TRUE(is_user_code({"handler()", "/home/me/app/main.cc", 3, 0}));
  EXPECT_FALSE(is_user_code({"handler()", "", 0, 0}));
}

TEST(UserCode, IsNoHeaderOfSystemOrStandardLibrary) {
  EXPECT_FALSE(is_user_code({"std::f()", "/usr/include/c++/12/bits/std_function.h", 3, 0}));
  EXPECT_FALSE(is_user_code({"std::f()", "/opt/gcc-14/include/c++/14/vector", 3, 0}));
  EXPECT_FALSE(is_user_code({"f()", "/usr/include/stdlib.h", 3, 0}));
}

TEST(UserCode, IsNoSourceOfThisLibrary) {
  EXPECT_FALSE(is_user_code({"bao::f()", "/usr/local/include/bao/serve.h", 3, 0}));
  const std::string here = __FILE__;
  const std::string root = here.substr(0, here.find("tests/trace/"));
  EXPECT_FALSE(is_user_code({"bao::server::f()", root + "src/server/dispatch.cc", 3, 0}));
  EXPECT_TRUE(is_user_code({"f()", root + "examples/cpp/hello.cc", 3, 0}));
}

TEST(UserCode, IsNoSharedLibraryOfTheSystem) {
  // The C library's functions have a file if its debug information is installed.
  const auto pc = reinterpret_cast<std::uintptr_t>(&::getpid);
  EXPECT_FALSE(is_user_code({"getpid", "/build/glibc/getpid.c", 3, pc}));
}

}  // namespace
}  // namespace bao::trace
