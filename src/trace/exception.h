#pragma once

#include <exception>
#include <string>
#include <typeinfo>
#include <vector>

namespace bao::trace {

/// The type of the exception; null for a null pointer. It lives as long as the code that threw.
const std::type_info* type_of(const std::exception_ptr& error);

/// The demangled type of the exception, e.g. "std::out_of_range", without the wrapper that
/// std::throw_with_nested puts around it; "" for a null pointer.
std::string type_name(const std::exception_ptr& error);

/// What the exception has to say: what() of a std::exception, the text of a thrown std::string or
/// const char*, the type of anything else; "" for a null pointer.
std::string describe(const std::exception_ptr& error);

/// The exceptions that `error` was thrown for (std::throw_with_nested), from the nearest cause to
/// the root cause, without `error` itself; at most 16.
std::vector<std::exception_ptr> causes(const std::exception_ptr& error);

}  // namespace bao::trace
