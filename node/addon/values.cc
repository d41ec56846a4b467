#include "values.h"

#include <cstring>

namespace bao::node {

namespace {

template <typename Char>
using ReadText = napi_status (*)(napi_env, napi_value, Char*, size_t, size_t*);

template <typename Char>
std::basic_string<Char> read(napi_env env, napi_value value, ReadText<Char> reader) {
  size_t size = 0;
  napi_status status = reader(env, value, nullptr, 0, &size);
  if (status == napi_string_expected) throw WrongValue("a string was expected");
  check(status);
  std::basic_string<Char> result(size, Char{});
  // Room for the NUL that is always written: a std::string has it.
  check(reader(env, value, result.data(), size + 1, &size));
  return result;
}

}  // namespace

void check(napi_status status) {
  if (status != napi_ok) throw JavaScriptFailed();
}

// ---- Into JavaScript

napi_value undefined(napi_env env) {
  napi_value value = nullptr;
  check(napi_get_undefined(env, &value));
  return value;
}

napi_value null(napi_env env) {
  napi_value value = nullptr;
  check(napi_get_null(env, &value));
  return value;
}

napi_value number(napi_env env, double value) {
  napi_value result = nullptr;
  check(napi_create_double(env, value, &result));
  return result;
}

napi_value boolean(napi_env env, bool value) {
  napi_value result = nullptr;
  check(napi_get_boolean(env, value, &result));
  return result;
}

napi_value latin1(napi_env env, std::string_view bytes) {
  napi_value result = nullptr;
  check(napi_create_string_latin1(env, bytes.data(), bytes.size(), &result));
  return result;
}

napi_value text(napi_env env, std::string_view utf8) {
  napi_value result = nullptr;
  check(napi_create_string_utf8(env, utf8.data(), utf8.size(), &result));
  return result;
}

napi_value bytes(napi_env env, std::string_view bytes) {
  void* data = nullptr;
  napi_value buffer = nullptr;
  check(napi_create_arraybuffer(env, bytes.size(), &data, &buffer));
  if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
  napi_value array = nullptr;
  check(napi_create_typedarray(env, napi_uint8_array, bytes.size(), buffer, 0, &array));
  return array;
}

void set(napi_env env, napi_value object, const char* name, napi_value value) {
  check(napi_set_named_property(env, object, name, value));
}

// ---- Out of JavaScript

napi_valuetype type_of(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  check(napi_typeof(env, value, &type));
  return type;
}

bool is_nothing(napi_env env, napi_value value) {
  napi_valuetype type = type_of(env, value);
  return type == napi_undefined || type == napi_null;
}

double to_number(napi_env env, napi_value value) {
  double result = 0;
  if (napi_get_value_double(env, value, &result) != napi_ok) {
    throw WrongValue("a number was expected");
  }
  return result;
}

int to_status(napi_env env, napi_value value) {
  const double status = to_number(env, value);
  if (!is_final_status(status)) throw WrongValue("a status from 200 to 599 was expected");
  return static_cast<int>(status);
}

bool to_boolean(napi_env env, napi_value value) {
  bool result = false;
  if (napi_get_value_bool(env, value, &result) != napi_ok) {
    throw WrongValue("a boolean was expected");
  }
  return result;
}

std::string to_text(napi_env env, napi_value value) {
  return read<char>(env, value, napi_get_value_string_utf8);
}

// Node's own way to latin-1 drops the upper half of code units: one that looks harmless could
// become the end of a line.
std::string to_latin1(napi_env env, napi_value value) {
  const std::u16string units = read<char16_t>(env, value, napi_get_value_string_utf16);
  std::string result(units.size(), '\0');
  char16_t all = 0;
  for (size_t i = 0; i < units.size(); ++i) {
    all |= units[i];
    result[i] = static_cast<char>(units[i]);
  }
  if (all > 0xFF) throw WrongValue("a string of bytes was expected: code units up to U+00FF");
  return result;
}

std::optional<std::string_view> to_bytes(napi_env env, napi_value value) {
  bool is_array = false;
  check(napi_is_typedarray(env, value, &is_array));
  if (!is_array) return std::nullopt;
  napi_typedarray_type type = napi_uint8_array;
  size_t size = 0;
  void* data = nullptr;
  check(napi_get_typedarray_info(env, value, &type, &size, &data, nullptr, nullptr));
  if (type != napi_uint8_array) return std::nullopt;
  return std::string_view(static_cast<const char*>(data), size);
}

std::string to_body(napi_env env, napi_value value) {
  if (is_nothing(env, value)) return "";
  if (auto view = to_bytes(env, value)) return std::string(*view);
  return to_text(env, value);
}

napi_value property(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  check(napi_get_named_property(env, object, name, &value));
  return type_of(env, value) == napi_undefined ? nullptr : value;
}

uint32_t length(napi_env env, napi_value array) {
  uint32_t result = 0;
  if (napi_get_array_length(env, array, &result) != napi_ok) {
    throw WrongValue("an array was expected");
  }
  return result;
}

napi_value element(napi_env env, napi_value array, uint32_t index) {
  napi_value value = nullptr;
  check(napi_get_element(env, array, index, &value));
  return value;
}

}  // namespace bao::node
