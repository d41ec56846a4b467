#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include <bao/response.h>

namespace bao {

/// nlohmann's type for any JSON value: `bao::Response::json(bao::json{{"ok", true}})`,
/// `co_await req.json<bao::json>()`. Needs the nlohmann_json headers (Debian: nlohmann-json3-dev),
/// which Bao itself does not.
using json = nlohmann::json;

/// Every type that nlohmann::json converts to and from, structs with NLOHMANN_DEFINE_TYPE included.
/// `parse` throws nlohmann::json::exception for text that is not JSON or not of that shape; text
/// that is not UTF-8 is written with U+FFFD in its place instead of throwing.
template <typename T>
  requires requires(const T& value) { nlohmann::json(value); }
struct JsonAdapter<T> {
  static std::string dump(const T& value) {
    return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  static T parse(std::string_view text) { return nlohmann::json::parse(text).template get<T>(); }
};

}  // namespace bao
