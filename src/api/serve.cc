#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include <bao/error.h>
#include <bao/server.h>

#include "api/app.h"
#include "api/cluster_port.h"
#include "api/loop_state.h"
#include "api/server_state.h"
#include "api/tls_options.h"
#include "net/listener.h"

namespace bao {

namespace {

constexpr server::OptionNames kNames{
    .port = ".port",
    .hostname = ".hostname",
    .unix_path = ".unix_path",
    .reuse_port = ".reuse_port",
    .ipv6_only = ".ipv6_only",
    .idle_timeout = ".idle_timeout",
    .head_timeout = ".head_timeout",
    .max_request_body_size = ".max_request_body_size",
    .max_head_size = ".max_head_size",
    .max_head_fields = ".max_head_fields",
    .id = ".id",
    .handshake_timeout = ".handshake_timeout",
    .max_handshakes = ".max_handshakes",
    .session_timeout = ".session_timeout",
    .web_socket_max_payload_length = ".websocket.max_payload_length",
    .web_socket_backpressure_limit = ".websocket.backpressure_limit",
    .web_socket_idle_timeout = ".websocket.idle_timeout",
    .codings = ".compression.codings",
};

void log_to_stderr(std::string_view lines) {
  std::fwrite(lines.data(), 1, lines.size(), stderr);
  std::fputc('\n', stderr);
}

server::Settings settings_of(Options& options) {
  server::Settings settings;
  settings.port = options.port;
  settings.hostname = std::move(options.hostname);
  settings.unix_path = std::move(options.unix_path);
  settings.reuse_port = options.reuse_port;
  settings.ipv6_only = options.ipv6_only;
  settings.development = options.development;
  settings.idle_timeout = options.idle_timeout;
  settings.head_timeout = options.head_timeout;
  if (options.compression) {
    settings.compression = {std::move(options.compression->codings), options.compression->min_size};
  }
  settings.decode_request_bodies = options.decode_request_bodies;
  settings.max_request_body_size = options.max_request_body_size;
  settings.max_head_size = options.max_head_size;
  settings.max_head_fields = options.max_head_fields;
  settings.id = std::move(options.id);
  settings.tls = detail::tls_options(options.tls, options.certificate_for, options.ticket_keys);
  settings.handshake_timeout = options.handshake_timeout;
  settings.max_handshakes = options.max_handshakes;
  settings.session_timeout = options.session_timeout;
  settings.web_socket = detail::web_socket_settings(options.websocket);
  settings.log = options.log ? std::move(options.log) : server::LogSink(log_to_stderr);
  return server::checked(std::move(settings), options.arguments.port(), kNames,
                         [](const char* name) { return std::getenv(name); });
}

}  // namespace

namespace detail {

server::WebSocketSettings checked_web_socket_settings(const WebSocketOptions& options) {
  server::WebSocketSettings settings = web_socket_settings(options);
  server::check(settings, kNames);
  return settings;
}

std::shared_ptr<ServerState> ServerState::start(Options options) {
  server::Settings settings = settings_of(options);
  auto state = std::make_shared<ServerState>();
  auto table = make_table(Server(state),
                          {.routes = options.routes,
                           .fetch = std::move(options.fetch),
                           .error = std::move(options.error),
                           .web_sockets = std::move(options.websocket)},
                          *settings.development);
  LoopState& loop = LoopState::current();
  std::optional<net::Listener> reserved;
  if (loop.seat) reserved = share_port(*loop.seat, settings);
  state->core_ = server::Server::start(loop.loop, std::move(settings), std::move(table));
  loop.add_server(state);
  return state;
}

}  // namespace detail

Arguments::Arguments(int argc, const char* const* argv) {
  constexpr std::string_view kName = "--port";
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--") return;
    if (argument == kName) {
      // A missing value is told like a wrong one.
      port_ = i + 1 < argc ? argv[++i] : "";
    } else if (argument.starts_with("--port=")) {
      port_ = argument.substr(kName.size() + 1);
    }
  }
}

Server serve(Options options) {
  try {
    return Server(detail::ServerState::start(std::move(options)));
  } catch (const server::SettingsError& error) {
    throw OptionError(error.option(), error.what());
  } catch (const net::ListenError& error) {
    throw ListenError(error.code(), error.what());
  }
}

}  // namespace bao
