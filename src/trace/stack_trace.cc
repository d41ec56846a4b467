#include "trace/stack_trace.h"

#include <dlfcn.h>
#include <initializer_list>
#include <mutex>
#include <string_view>

#include "trace/demangle.h"
#include "trace/libbacktrace.h"

namespace bao::trace {
namespace {

// A missing piece of debug information is no failure here: the frame just stays without it.
void ignore_error(void*, const char*, int) {}

/// libbacktrace's view of this process. It can be made but never freed, so there is one for the
/// process, made on first use. Although libbacktrace could do without the lock, threads that fail
/// at the same time would each read the debug information, and only one result would be kept.
struct DebugInformation {
  std::mutex mutex;
  backtrace_state* const state =
      backtrace_create_state(nullptr, /*threaded=*/1, ignore_error, nullptr);
};

DebugInformation& debug_information() {
  static DebugInformation information;
  return information;
}

/// The frames of one program counter, from the innermost inlined function to the one that the
/// others are inlined into, which has a symbol.
struct FramesAtPc {
  std::vector<Frame>& frames;
  bool last_has_full_name;
};

int add_frame(void* data, std::uintptr_t pc, const char* file, int line, const char* function) {
  auto& at_pc = *static_cast<FramesAtPc*>(data);
  const std::string_view name = function != nullptr ? function : "";
  at_pc.frames.push_back({demangle_function(name), file != nullptr ? file : "", line, pc});
  at_pc.last_has_full_name = name.starts_with("_Z");
  return 0;
}

void take_symbol(void* symbol, std::uintptr_t, const char* name, std::uintptr_t, std::uintptr_t) {
  if (name != nullptr) *static_cast<std::string*>(symbol) = name;
}

std::string symbol_at(backtrace_state* state, std::uintptr_t pc) {
  std::string symbol;
  if (state != nullptr) backtrace_syminfo(state, pc, take_symbol, ignore_error, &symbol);
  // Libraries that were loaded after the first lookup are unknown to libbacktrace.
  Dl_info info{};
  if (symbol.empty() && dladdr(reinterpret_cast<void*>(pc), &info) != 0 &&
      info.dli_sname != nullptr) {
    symbol = info.dli_sname;
  }
  return symbol;
}

/// "(libexample.so)" for the program or library that `pc` lies in, "" if there is none.
std::string module_at(std::uintptr_t pc) {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(pc), &info) == 0 || info.dli_fname == nullptr) return "";
  const std::string_view path = info.dli_fname;
  std::string module = "(";
  module += path.substr(path.rfind('/') + 1);
  return module += ')';
}

void symbolize_into(std::vector<Frame>& frames, backtrace_state* state, std::uintptr_t pc) {
  const std::size_t before = frames.size();
  FramesAtPc at_pc{frames, false};
  if (state != nullptr) backtrace_pcinfo(state, pc, add_frame, ignore_error, &at_pc);
  if (frames.size() == before) frames.push_back({"", "", 0, pc});
  if (at_pc.last_has_full_name) return;
  // For coroutines, lambdas and unnamed namespaces the debug information has the bare name ("run"),
  // the symbol has it in full.
  const std::string symbol = symbol_at(state, pc);
  std::string& function = frames.back().function;
  if (symbol.starts_with("_Z") || function.empty()) function = demangle_function(symbol);
  if (function.empty()) function = module_at(pc);
}

bool starts_with_any(std::string_view path, std::initializer_list<std::string_view> folders) {
  for (std::string_view folder : folders) {
    if (path.starts_with(folder)) return true;
  }
  return false;
}

/// The folder of this library's source as the debug information spells it, with its slash; "" if
/// the library was built without. The debug information is asked, since compilers can map paths in
/// it.
std::string library_source_folder() {
  constexpr std::string_view kThisFile = "trace/stack_trace.cc";
  const auto here = reinterpret_cast<std::uintptr_t>(&library_source_folder);
  std::string file = StackTrace({here}).symbolize().back().file;
  if (!file.ends_with(kThisFile)) return "";
  file.resize(file.size() - kThisFile.size());
  return file;
}

bool in_system_library(std::uintptr_t pc) {
  Dl_info info{};
  return dladdr(reinterpret_cast<void*>(pc), &info) != 0 && info.dli_fname != nullptr &&
         starts_with_any(info.dli_fname, {"/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/"});
}

}  // namespace

std::vector<Frame> StackTrace::symbolize() const {
  std::vector<Frame> frames;
  frames.reserve(program_counters_.size());
  DebugInformation& information = debug_information();
  const std::lock_guard lock(information.mutex);
  for (std::uintptr_t pc : program_counters_) symbolize_into(frames, information.state, pc);
  return frames;
}

bool is_user_code(const Frame& frame) {
  const std::string_view file = frame.file;
  if (file.empty() || starts_with_any(file, {"/usr/include/", "/usr/lib/"})) return false;
  for (std::string_view headers : {"/include/c++/", "/include/bao/"}) {
    if (file.find(headers) != std::string_view::npos) return false;
  }
  static const std::string library = library_source_folder();
  if (!library.empty() && file.starts_with(library)) return false;
  return !in_system_library(frame.pc);
}

}  // namespace bao::trace
