#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bao::trace {

/// One function on a stack. Functions that the compiler inlined are frames of their own.
struct Frame {
  /// Demangled and readable: a coroutine's body bears the name of the coroutine. If unknown, the
  /// name of the shared library or program in parentheses; "" if that is unknown as well.
  std::string function;
  /// As the compiler recorded it, mostly absolute. "" if there is no debug information.
  std::string file;
  /// Counted from 1; 0 if unknown.
  int line = 0;
  /// An address inside the call instruction; inlined frames share it with their caller.
  std::uintptr_t pc = 0;
};

/// The program counters of a stack, innermost call first. Cheap to take and to keep: names and
/// lines are looked up by `symbolize` only.
class StackTrace {
 public:
  static constexpr std::size_t kMaxFrames = 64;

  StackTrace() = default;
  /// Each program counter is an address inside a call instruction (return address minus 1).
  explicit StackTrace(std::vector<std::uintptr_t> program_counters)
      : program_counters_(std::move(program_counters)) {}

  const std::vector<std::uintptr_t>& program_counters() const { return program_counters_; }

  /// Looks up function, file and line of each program counter in the debug information of the
  /// program and of the libraries that it has loaded. Any thread may call it. The first call in a
  /// process reads all debug information (some 10 ms to 1 s, with the size of the program); later
  /// ones are quick. What cannot be found stays empty; a frame is never left out.
  std::vector<Frame> symbolize() const;

 private:
  std::vector<std::uintptr_t> program_counters_;
};

/// Whether `frame` belongs to the code of the program itself: its source file is known, and it is
/// neither a header of the system or of the C++ library, nor this library's source, nor part of a
/// shared library in the system's folders (/lib, /usr/lib).
bool is_user_code(const Frame& frame);

}  // namespace bao::trace
