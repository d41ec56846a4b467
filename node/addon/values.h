#pragma once

#include <cstdint>
#include <node_api.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bao::node {

/// A wrong value from JavaScript; becomes a TypeError.
class WrongValue : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// More than JavaScript can hold; becomes a RangeError.
class TooLarge : public std::length_error {
 public:
  using std::length_error::length_error;
};

/// JavaScript threw, or may not run any more: the exception is pending, and nothing but returning
/// is left to do.
class JavaScriptFailed {};

/// Throws JavaScriptFailed unless `status` is napi_ok; for calls that fail only if JavaScript does.
void check(napi_status status);

// -- Into JavaScript. Handles of the current scope.

napi_value undefined(napi_env env);
napi_value null(napi_env env);
napi_value number(napi_env env, double value);
napi_value boolean(napi_env env, bool value);
/// One code unit for each byte.
napi_value latin1(napi_env env, std::string_view bytes);
/// UTF-8; what is malformed becomes U+FFFD.
napi_value text(napi_env env, std::string_view utf8);
/// A Uint8Array of its own with a copy of `bytes`.
napi_value bytes(napi_env env, std::string_view bytes);
void set(napi_env env, napi_value object, const char* name, napi_value value);

// -- Out of JavaScript

napi_valuetype type_of(napi_env env, napi_value value);
/// True for null and undefined.
bool is_nothing(napi_env env, napi_value value);
/// Throws WrongValue if it is none.
double to_number(napi_env env, napi_value value);
/// Whether a final reply can have that status (RFC 9110 section 15).
constexpr bool is_final_status(double status) {
  return status >= 200 && status <= 599;
}
/// The status of a final reply. Throws WrongValue if it is none.
int to_status(napi_env env, napi_value value);
bool to_boolean(napi_env env, napi_value value);
/// A string as UTF-8; unpaired surrogates become U+FFFD. Throws WrongValue if it is no string.
std::string to_text(napi_env env, napi_value value);
/// A string whose code units are bytes. Throws WrongValue if it is no string, or not made of bytes.
std::string to_latin1(napi_env env, napi_value value);
/// The bytes of a Uint8Array, good until JavaScript runs again; nullopt if it is none.
std::optional<std::string_view> to_bytes(napi_env env, napi_value value);
/// Throws WrongValue unless the value is undefined, null or made of bytes: a string (as UTF-8) or a
/// Uint8Array.
std::string to_body(napi_env env, napi_value value);
/// A property; null if it is undefined.
napi_value property(napi_env env, napi_value object, const char* name);
uint32_t length(napi_env env, napi_value array);
napi_value element(napi_env env, napi_value array, uint32_t index);

}  // namespace bao::node
