#include "trace/throw_hook.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <dlfcn.h>
#include <string_view>
#include <typeinfo>
#include <unistd.h>
#include <unwind.h>

#include "trace/exception.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BAO_WITH_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define BAO_WITH_ADDRESS_SANITIZER
#endif

// Weak, so that in a program with a static C++ runtime (where both definitions meet at link time)
// the runtime's own one wins instead of a "multiple definition" error. In a dynamic program weak
// makes no difference: the first definition in the search order is taken, and that is ours.
// Clang links AddressSanitizer's weak interceptors into the program itself, before us, so there it
// takes a strong definition to be called at all; AddressSanitizer does not go with -static anyway.
#ifdef BAO_WITH_ADDRESS_SANITIZER
#define BAO_INTERPOSED
#else
#define BAO_INTERPOSED __attribute__((weak))
#endif

// AddressSanitizer clears the poison of the frames that a throw skips in its own __cxa_throw. That
// one is not called where it lies in the program itself, before us in the search order.
extern "C" __attribute__((weak)) void __asan_handle_no_return();

// Weak, since the mere mention of dlopen makes the linker warn about it in a -static program.
#pragma weak dlopen

namespace bao::trace {
namespace {

// Makes the linker take the runtime's object with __cxa_rethrow out of a static libstdc++. The same
// object defines __cxa_throw and needs the one with __cxa_allocate_exception: either both of our
// definitions are replaced, or none.
[[gnu::used]] void (*const kTakesRuntimeFromArchive)() = &abi::__cxa_rethrow;

struct Throw {
  const void* object;  // null: an unused place
  const std::type_info* type;
  std::size_t frames;
  std::array<std::uintptr_t, StackTrace::kMaxFrames> program_counters;
};

struct RememberedThrows {
  int captures;      // living CaptureThrows
  bool any;          // a place of `throws` may be in use
  std::size_t next;  // the place that the next throw takes
  std::array<Throw, kRememberedThrows> throws;
};

// A throw knows nothing but its thread, so its memory must hang on the thread. Constant
// initialization and a trivial destructor: usable as early and as late as a thread can throw.
constinit thread_local RememberedThrows remembered{};

/// Program counters of the callers, from the one that continues at `from`.
struct Walk {
  std::uintptr_t from;
  bool reached;
  Throw* into;
};

_Unwind_Reason_Code take_frame(_Unwind_Context* context, void* argument) {
  auto& walk = *static_cast<Walk*>(argument);
  int before_instruction = 0;
  std::uintptr_t pc = _Unwind_GetIPInfo(context, &before_instruction);
  if (pc == 0) return _URC_END_OF_STACK;
  walk.reached = walk.reached || pc == walk.from;
  if (!walk.reached) return _URC_NO_REASON;
  // A return address is the instruction after the call, which may belong to another line.
  if (before_instruction == 0) --pc;
  walk.into->program_counters[walk.into->frames++] = pc;
  return walk.into->frames == StackTrace::kMaxFrames ? _URC_END_OF_STACK : _URC_NO_REASON;
}

void forget(const void* object) {
  for (Throw& thrown : remembered.throws) {
    if (thrown.object == object) thrown.object = nullptr;
  }
}

/// A place for a throw, without frames.
Throw& new_place(const void* object, const std::type_info* type) {
  forget(object);
  Throw& thrown = remembered.throws[remembered.next];
  remembered.next = (remembered.next + 1) % kRememberedThrows;
  remembered.any = true;
  thrown.object = object;
  thrown.type = type;
  thrown.frames = 0;
  return thrown;
}

void remember(const void* object, const std::type_info* type, const void* return_address) {
  Throw& thrown = new_place(object, type);
  Walk walk{reinterpret_cast<std::uintptr_t>(return_address), false, &thrown};
  _Unwind_Backtrace(take_frame, &walk);
}

/// The address that `throw` gave to __cxa_throw. An exception_ptr is one pointer to it (libstdc++
/// and libc++ alike); there is no public way to read it.
const void* object_of(const std::exception_ptr& error) {
  static_assert(sizeof(error) == sizeof(void*));
  const void* object = nullptr;
  std::memcpy(&object, static_cast<const void*>(&error), sizeof(object));
  return object;
}

/// The definition of `name` that would be taken if `own` were not there.
template <class Function>
Function* next_definition(const char* name, Function* own) {
  void* next = dlsym(RTLD_NEXT, name);
  if (next == nullptr && dlopen != nullptr) {
    // A shared library bound to itself (-Bsymbolic) may stand behind the C++ runtime in the search
    // order of the program, which null stands for.
    if (void* program = dlopen(nullptr, RTLD_LAZY)) next = dlsym(program, name);
  }
  if (next == nullptr || next == reinterpret_cast<void*>(own)) {
    constexpr std::string_view kMessage =
        "bao: the C++ runtime's exception functions are missing\n";
    [[maybe_unused]] auto written = write(STDERR_FILENO, kMessage.data(), kMessage.size());
    std::abort();
  }
  return reinterpret_cast<Function*>(next);
}

}  // namespace

CaptureThrows::CaptureThrows() {
  ++remembered.captures;
}
CaptureThrows::~CaptureThrows() {
  --remembered.captures;
}

bool captures_throws() {
  return remembered.captures > 0;
}

std::optional<StackTrace> thrown_at(const std::exception_ptr& error) {
  if (!error) return std::nullopt;
  const void* object = object_of(error);
  const std::type_info* type = type_of(error);
  for (const Throw& thrown : remembered.throws) {
    // Another type at the same address: an object of another thread in the memory of a dead one.
    if (thrown.object != object || type == nullptr || *thrown.type != *type) continue;
    const auto* begin = thrown.program_counters.data();
    return StackTrace({begin, begin + thrown.frames});
  }
  return std::nullopt;
}

CarriedThrows::CarriedThrows(const std::exception_ptr& error) {
  std::vector<std::exception_ptr> errors = causes(error);
  errors.insert(errors.begin(), error);
  for (std::exception_ptr& each : errors) {
    if (auto stack = thrown_at(each)) stacks_.emplace_back(std::move(each), *std::move(stack));
  }
}

void CarriedThrows::remember_here() const {
  // The root cause first, so that it is the first to make room.
  for (auto carried = stacks_.rbegin(); carried != stacks_.rend(); ++carried) {
    const auto& [error, stack] = *carried;
    Throw& thrown = new_place(object_of(error), type_of(error));
    const auto& counters = stack.program_counters();
    thrown.frames = std::min(counters.size(), thrown.program_counters.size());
    std::copy_n(counters.begin(), thrown.frames, thrown.program_counters.begin());
  }
}

}  // namespace bao::trace

namespace __cxxabiv1 {

extern "C" BAO_INTERPOSED void __cxa_throw(void* object, std::type_info* type,
                                           void (*destructor)(void*)) {
  static auto* const next = bao::trace::next_definition("__cxa_throw", &__cxa_throw);
  if (bao::trace::remembered.captures > 0) {
    bao::trace::remember(object, type, __builtin_return_address(0));
  }
  if (__asan_handle_no_return != nullptr) __asan_handle_no_return();
  next(object, type, destructor);
  __builtin_unreachable();
}

/// Each exception object starts here, also one of std::make_exception_ptr, which is never thrown
/// through __cxa_throw: the stack of a dead exception in the same memory must not pass for its own.
extern "C" BAO_INTERPOSED void* __cxa_allocate_exception(std::size_t size) noexcept {
  static auto* const next =
      bao::trace::next_definition("__cxa_allocate_exception", &__cxa_allocate_exception);
  void* object = next(size);
  if (bao::trace::remembered.any) bao::trace::forget(object);
  return object;
}

}  // namespace __cxxabiv1
