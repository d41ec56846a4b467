#include "options.h"

#include <cmath>
#include <map>

#include "application.h"
#include "fields.h"
#include "files.h"
#include "server/deflate_choice.h"
#include "tls.h"
#include "values.h"

namespace bao::node {

namespace {

constexpr server::OptionNames kNames{
    .port = "port",
    .hostname = "hostname",
    .unix_path = "unix",
    .reuse_port = "reusePort",
    .ipv6_only = "ipv6Only",
    .idle_timeout = "idleTimeout",
    .head_timeout = "headTimeout",
    .max_request_body_size = "maxRequestBodySize",
    .max_head_size = "maxHeadSize",
    .max_head_fields = "maxHeadFields",
    .id = "id",
    .handshake_timeout = "handshakeTimeout",
    .max_handshakes = "maxHandshakes",
    .session_timeout = "sessionTimeout",
    .web_socket_max_payload_length = "websocket.maxPayloadLength",
    .web_socket_backpressure_limit = "websocket.backpressureLimit",
    .web_socket_idle_timeout = "websocket.idleTimeout",
    .codings = "compression.codings",
};

std::string text_option(napi_env env, napi_value options, const char* name) {
  napi_value value = property(env, options, name);
  return value == nullptr ? "" : to_text(env, value);
}

bool flag_option(napi_env env, napi_value options, const char* name) {
  napi_value value = property(env, options, name);
  return value != nullptr && to_boolean(env, value);
}

// Numbers are checked in JavaScript, so what does not fit is just very large.
int64_t whole(double given) {
  return given >= 9e15 ? int64_t{9'000'000'000'000'000} : static_cast<int64_t>(given);
}

template <typename Number>
void read_number(napi_env env, napi_value options, const char* name, Number& number) {
  napi_value value = property(env, options, name);
  if (value == nullptr) return;
  const double given = to_number(env, value);
  if (std::isnan(given) || given < 0) throw WrongValue(std::string("Option ") + name + " is wrong");
  number = static_cast<Number>(whole(given));
}

// What the process's environment holds, as JavaScript sees it: a worker has its own.
std::map<std::string, std::string> read_variables(napi_env env, napi_value options) {
  std::map<std::string, std::string> variables;
  napi_value object = property(env, options, "environment");
  if (object == nullptr) return variables;
  for (const char* name : {"BUN_PORT", "PORT", "NODE_PORT", "NODE_ENV"}) {
    if (napi_value value = property(env, object, name)) variables[name] = to_text(env, value);
  }
  return variables;
}

// Null and false were taken out in JavaScript.
std::optional<server::CompressionSettings> read_compression(napi_env env, napi_value options) {
  napi_value value = property(env, options, "compression");
  if (value == nullptr) return std::nullopt;
  server::CompressionSettings settings;
  read_number(env, value, "minSize", settings.min_size);
  if (napi_value codings = property(env, value, "codings")) {
    settings.codings.clear();
    const uint32_t size = length(env, codings);
    for (uint32_t i = 0; i < size; ++i) {
      settings.codings.push_back(to_text(env, element(env, codings, i)));
    }
  }
  return settings;
}

server::Target to_target(napi_env env, napi_value value) {
  const napi_valuetype type = type_of(env, value);
  if (type == napi_null) return server::PassOn{};
  if (type == napi_number) return static_cast<server::HandlerId>(to_number(env, value));
  napi_value lines = property(env, value, "lines");
  Fields fields;
  if (lines != nullptr && !is_nothing(env, lines)) fields = to_fields(env, lines);
  if (napi_value directory = property(env, value, "directory")) {
    return to_directory_reply(env, directory, std::move(fields));
  }
  napi_value file = property(env, value, "file");
  if (file != nullptr) {
    return to_file_reply(env, file, to_status(env, property(env, value, "status")),
                         std::move(fields), property(env, value, "type"));
  }
  napi_value content_type = property(env, value, "type");
  const bool typed = content_type != nullptr && !is_nothing(env, content_type);
  napi_value body = property(env, value, "body");
  return server::PreparedReply(to_status(env, property(env, value, "status")), std::move(fields),
                               typed ? to_latin1(env, content_type) : "",
                               body == nullptr ? "" : to_body(env, body));
}

std::vector<std::pair<http::Method, server::Target>> to_targets(napi_env env, napi_value list) {
  std::vector<std::pair<http::Method, server::Target>> targets;
  const uint32_t size = length(env, list);
  for (uint32_t i = 0; i + 1 < size; i += 2) {
    targets.emplace_back(http::method_from(to_text(env, element(env, list, i))),
                         to_target(env, element(env, list, i + 1)));
  }
  return targets;
}

}  // namespace

namespace {

server::DeflateChoice deflate_option(napi_env env, napi_value options, const char* name) {
  // JavaScript has checked it.
  return server::deflate_choice(text_option(env, options, name))
      .value_or(server::DeflateChoice::disable);
}

}  // namespace

server::WebSocketSettings to_web_socket_settings(napi_env env, napi_value options) {
  server::WebSocketSettings settings;
  read_number(env, options, "maxPayloadLength", settings.max_payload_length);
  read_number(env, options, "backpressureLimit", settings.backpressure_limit);
  auto idle = settings.idle_timeout.count();
  read_number(env, options, "idleTimeout", idle);
  settings.idle_timeout = std::chrono::milliseconds(idle);
  settings.close_on_backpressure_limit = flag_option(env, options, "closeOnBackpressureLimit");
  settings.publish_to_self = flag_option(env, options, "publishToSelf");
  if (napi_value pings = property(env, options, "sendPings")) {
    settings.send_pings = to_boolean(env, pings);
  }
  settings.deflate = server::deflate_settings(deflate_option(env, options, "compress"),
                                              deflate_option(env, options, "decompress"));
  server::check(settings, kNames);
  return settings;
}

server::Settings to_settings(Environment& environment, napi_value options) {
  napi_env env = environment.env();
  server::Settings settings;
  if (napi_value port = property(env, options, "port")) {
    settings.port = static_cast<int64_t>(to_number(env, port));
  }
  settings.hostname = text_option(env, options, "hostname");
  settings.unix_path = text_option(env, options, "unix");
  settings.reuse_port = flag_option(env, options, "reusePort");
  settings.ipv6_only = flag_option(env, options, "ipv6Only");
  if (napi_value development = property(env, options, "development")) {
    settings.development = to_boolean(env, development);
  }
  auto idle = settings.idle_timeout.count();
  auto head = settings.head_timeout.count();
  read_number(env, options, "idleTimeout", idle);
  read_number(env, options, "headTimeout", head);
  settings.idle_timeout = std::chrono::milliseconds(idle);
  settings.head_timeout = std::chrono::milliseconds(head);
  read_number(env, options, "maxRequestBodySize", settings.max_request_body_size);
  read_number(env, options, "maxHeadSize", settings.max_head_size);
  read_number(env, options, "maxHeadFields", settings.max_head_fields);
  settings.compression = read_compression(env, options);
  settings.takes_all = flag_option(env, options, "takesAll");
  settings.decode_request_bodies = flag_option(env, options, "decodeRequestBodies");
  settings.id = text_option(env, options, "id");
  auto handshake = settings.handshake_timeout.count();
  auto session = settings.session_timeout.count();
  read_number(env, options, "handshakeTimeout", handshake);
  read_number(env, options, "sessionTimeout", session);
  settings.handshake_timeout = std::chrono::milliseconds(handshake);
  settings.session_timeout = std::chrono::milliseconds(session);
  read_number(env, options, "maxHandshakes", settings.max_handshakes);
  settings.tls = to_tls_options(environment, property(env, options, "tls"));
  if (napi_value sockets = property(env, options, "webSocket")) {
    settings.web_socket = to_web_socket_settings(env, sockets);
  }
  settings.log = [&environment](std::string_view lines) { environment.log(lines); };
  std::optional<std::string> port_argument;
  if (napi_value argument = property(env, options, "portArgument")) {
    port_argument = to_text(env, argument);
  }
  const auto variables = read_variables(env, options);
  return server::checked(std::move(settings), port_argument, kNames,
                         [&variables](const char* name) {
                           auto found = variables.find(name);
                           return found == variables.end() ? nullptr : found->second.c_str();
                         });
}

http::Reference<server::Table> to_table(Environment& environment, napi_value routes) {
  napi_env env = environment.env();
  const double number = to_number(env, property(env, routes, "table"));
  auto application =
      std::make_unique<Application>(environment, number, flag_option(env, routes, "webSockets"));
  server::Table::Builder builder;
  napi_value list = property(env, routes, "routes");
  const uint32_t size = length(env, list);
  for (uint32_t i = 0; i + 1 < size; i += 2) {
    const std::string pattern = to_text(env, element(env, list, i));
    napi_value target = element(env, list, i + 1);
    bool by_method = false;
    check(napi_is_array(env, target, &by_method));
    if (by_method) {
      builder.add(pattern, to_targets(env, target));
    } else {
      builder.add(pattern, to_target(env, target));
    }
  }
  const double fetch = to_number(env, property(env, routes, "fetch"));
  if (fetch >= 0) builder.set_fetch(static_cast<server::HandlerId>(fetch));
  napi_value limits = property(env, routes, "limits");
  const uint32_t count = length(env, limits);
  for (uint32_t i = 0; i + 1 < count; i += 2) {
    builder.set_body_limit(
        static_cast<server::HandlerId>(to_number(env, element(env, limits, i))),
        static_cast<uint64_t>(whole(to_number(env, element(env, limits, i + 1)))));
  }
  return std::move(builder).build(std::move(application));
}

}  // namespace bao::node
