#pragma once

#include <string>
#include <string_view>

namespace bao::trace {

/// The C++ name of a type from std::type_info::name(), e.g. "std::out_of_range"; what cannot be
/// demangled comes back as it is. Standard strings are written std::string, and the inline
/// namespaces of the standard library are left out.
std::string demangle_type(const char* name);

/// The readable name of a linker symbol, e.g. "app::load(int)". The suffixes of the compiler's
/// clones
/// (".cold", ".part.0", ".resume", …) are dropped, and the body of a coroutine gets the name of the
/// coroutine itself. A name that is not a C++ symbol comes back as it is, but for such a suffix.
std::string demangle_function(std::string_view symbol);

}  // namespace bao::trace
