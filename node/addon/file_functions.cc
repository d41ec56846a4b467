#include <cmath>
#include <utility>

#include "fields.h"
#include "files.h"
#include "functions.h"
#include "http/media_types.h"
#include "values.h"

namespace bao::node {

namespace {

// A place in a file; Infinity, and what no file is long enough for, is behind all of it.
uint64_t to_place(napi_env env, napi_value value) {
  const double place = to_number(env, value);
  if (std::isnan(place) || place < 0) throw WrongValue("a place in a file was expected");
  return place < 9e15 ? static_cast<uint64_t>(place) : UINT64_MAX;
}

std::optional<std::string> to_type(napi_env env, napi_value value) {
  if (value == nullptr || type_of(env, value) == napi_undefined) return std::nullopt;
  return type_of(env, value) == napi_null ? "" : to_latin1(env, value);
}

}  // namespace

server::FileReply to_file_reply(napi_env env, napi_value file, int status, Fields fields,
                                napi_value type) {
  napi_value path = property(env, file, "path");
  if (path == nullptr) throw WrongValue("a file without a path");
  return {.path = to_text(env, path),
          .slice = {to_place(env, property(env, file, "begin")),
                    to_place(env, property(env, file, "end"))},
          .status = status,
          .fields = std::move(fields),
          .type = to_type(env, type)};
}

server::DirectoryReply to_directory_reply(napi_env env, napi_value directory, Fields fields) {
  server::DirectoryOptions options;
  options.index.clear();
  napi_value index = property(env, directory, "index");
  const uint32_t size = length(env, index);
  for (uint32_t i = 0; i < size; ++i) options.index.push_back(to_text(env, element(env, index, i)));
  options.listing = to_boolean(env, property(env, directory, "listing"));
  options.dot_files = to_boolean(env, property(env, directory, "dotFiles"));
  options.precompressed = to_boolean(env, property(env, directory, "precompressed"));
  options.falls_through = to_boolean(env, property(env, directory, "fallthrough"));
  options.fields = std::move(fields);
  return {to_text(env, property(env, directory, "path")), std::move(options)};
}

napi_value reply_file(Call& call) {
  Environment::Entry entry(call.environment);
  Slot& slot = call.slot();
  const server::FileReply reply{
      .path = to_text(call.env, call[4]),
      .slice = {to_place(call.env, call[5]), to_place(call.env, call[6])},
      .status = to_status(call.env, call[1]),
      .fields = is_nothing(call.env, call[2]) ? Fields() : to_fields(call.env, call[2]),
      .type = to_type(call.env, call[3])};
  // Sending may end the exchange, and then its slot is already somebody else's.
  const http::Reference<server::Exchange> exchange(&slot.exchange());
  if (const std::error_code error = server::send_file(*exchange, reply)) {
    return number(call.env, error.value());
  }
  if (slot.has(*exchange)) call.environment.slots().close(slot);
  return number(call.env, 0);
}

napi_value media_type(Call& call) {
  return latin1(call.env, http::media_type_of(to_text(call.env, call[0])));
}

}  // namespace bao::node
