#pragma once

#if __has_include(<backtrace.h>)
#include <backtrace.h>
#else

#include <cstdint>

// GCC keeps its <backtrace.h> where only GCC looks, but Clang links GCC's libbacktrace as well.
// These are the parts of its stable C interface that are used here.
extern "C" {

struct backtrace_state;
using backtrace_error_callback = void (*)(void* data, const char* message, int error);
using backtrace_full_callback = int (*)(void* data, std::uintptr_t pc, const char* file, int line,
                                        const char* function);
using backtrace_syminfo_callback = void (*)(void* data, std::uintptr_t pc, const char* symbol,
                                            std::uintptr_t value, std::uintptr_t size);

backtrace_state* backtrace_create_state(const char* file, int threaded,
                                        backtrace_error_callback on_error, void* data);
int backtrace_pcinfo(backtrace_state* state, std::uintptr_t pc, backtrace_full_callback on_frame,
                     backtrace_error_callback on_error, void* data);
int backtrace_syminfo(backtrace_state* state, std::uintptr_t pc,
                      backtrace_syminfo_callback on_symbol, backtrace_error_callback on_error,
                      void* data);
}

#endif
