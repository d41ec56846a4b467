#include "trace/exception.h"

#include <cstddef>
#include <cxxabi.h>
#include <string_view>
#include <utility>

#include "trace/demangle.h"

namespace bao::trace {
namespace {

constexpr std::size_t kMaxCauses = 16;

std::string text_or_empty(const char* text) {
  return text != nullptr ? text : "";
}

std::exception_ptr nearest_cause(const std::exception_ptr& error) {
  if (!error) return nullptr;
  try {
    std::rethrow_exception(error);
  } catch (const std::nested_exception& nesting) {
    return nesting.nested_ptr();
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

const std::type_info* type_of(const std::exception_ptr& error) {
  if (!error) return nullptr;
  try {
    std::rethrow_exception(error);
  } catch (...) {
    return abi::__cxa_current_exception_type();
  }
}

std::string type_name(const std::exception_ptr& error) {
  const std::type_info* type = type_of(error);
  std::string name = type != nullptr ? demangle_type(type->name()) : "";
  // std::throw_with_nested(T) throws an unnamed type of the library that derives from T.
  constexpr std::string_view kNesting = "std::_Nested_exception<";
  if (name.starts_with(kNesting) && name.ends_with('>')) {
    name = name.substr(kNesting.size(), name.size() - kNesting.size() - 1);
    if (name.ends_with(' ')) name.pop_back();
  }
  return name;
}

std::string describe(const std::exception_ptr& error) {
  if (!error) return "";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    return text_or_empty(exception.what());
  } catch (const std::string& text) {
    return text;
  } catch (const char* text) {
    return text_or_empty(text);
  } catch (...) {
    return type_name(error);
  }
}

std::vector<std::exception_ptr> causes(const std::exception_ptr& error) {
  std::vector<std::exception_ptr> found;
  for (auto cause = nearest_cause(error); cause && found.size() < kMaxCauses;) {
    found.push_back(std::move(cause));
    cause = nearest_cause(found.back());
  }
  return found;
}

}  // namespace bao::trace
