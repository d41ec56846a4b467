#include "trace/demangle.h"

#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <utility>

namespace bao::trace {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string shorten(std::string name) {
  constexpr std::pair<std::string_view, std::string_view> kShorter[] = {
      {"std::__cxx11::", "std::"},
      {"std::__n4861::", "std::"},  // <coroutine>
      {"std::__1::", "std::"},      // libc++
      {"std::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string"},
      {"std::basic_string_view<char, std::char_traits<char> >", "std::string_view"},
  };
  for (const auto& [from, to] : kShorter) replace_all(name, from, to);
  return name;
}

/// GCC names the body of a coroutine f after f, its frame type and ".actor" (".destroy" for the
/// other entry), where the frame type is called "<f's own symbol>.Frame". Like each name in a
/// symbol it stands there with its length in front: "…23_ZN3app3Svc3runEi.Frame.actor". Returns f's
/// symbol.
std::string_view coroutine_symbol(std::string_view symbol) {
  std::size_t end = symbol.find(".Frame.actor");
  if (end == std::string_view::npos) end = symbol.find(".Frame.destroy");
  if (end == std::string_view::npos) return {};
  for (std::size_t at = symbol.find("_Z", 1); at < end; at = symbol.find("_Z", at + 1)) {
    const std::string length = std::to_string(end + std::string_view(".Frame").size() - at);
    if (symbol.substr(0, at).ends_with(length)) return symbol.substr(at, end - at);
  }
  return {};
}

/// Debug information has other names than symbols too ("f(int, ...)::<lambda()>"): a suffix follows
/// an identifier only.
std::string_view without_clone_suffix(std::string_view symbol) {
  constexpr std::string_view kIdentifier =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$";
  const std::size_t end = std::min(symbol.find_first_not_of(kIdentifier), symbol.size());
  return end > 0 && symbol.substr(end).starts_with('.') ? symbol.substr(0, end) : symbol;
}

std::string demangle(const std::string& name) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> demangled(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &std::free);
  return demangled != nullptr ? shorten(demangled.get()) : name;
}

}  // namespace

std::string demangle_type(const char* name) {
  return demangle(name);
}

std::string demangle_function(std::string_view symbol) {
  if (std::string_view coroutine = coroutine_symbol(symbol); !coroutine.empty()) {
    symbol = coroutine;
  }
  symbol = without_clone_suffix(symbol);
  // Without the prefix the demangler takes the name for a type: the C function "f" for "float".
  return symbol.starts_with("_Z") ? demangle(std::string(symbol)) : shorten(std::string(symbol));
}

}  // namespace bao::trace
