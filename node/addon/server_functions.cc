#include <stdexcept>
#include <utility>

#include "fields.h"
#include "functions.h"
#include "options.h"
#include "server/local_request.h"
#include "server/server.h"
#include "tls.h"
#include "values.h"

namespace bao::node {

namespace {

napi_value describe(napi_env env, uint32_t number_of_server, const server::Server& server) {
  napi_value result = nullptr;
  check(napi_create_object(env, &result));
  const SocketAddress& local = server.local();
  set(env, result, "server", number(env, number_of_server));
  const bool is_unix = local.family == SocketAddress::Family::unix_domain;
  const bool v4 = local.family == SocketAddress::Family::ipv4;
  set(env, result, "port", is_unix ? undefined(env) : number(env, local.port));
  set(env, result, "hostname", is_unix ? undefined(env) : text(env, server.hostname()));
  set(env, result, "url", text(env, server.url()));
  set(env, result, "address", text(env, local.address));
  set(env, result, "family", text(env, is_unix ? "unix" : v4 ? "IPv4" : "IPv6"));
  set(env, result, "id", text(env, server.settings().id));
  set(env, result, "development", boolean(env, server.development()));
  set(env, result, "authority", text(env, server.authority()));
  set(env, result, "secure", boolean(env, server.secure()));
  return result;
}

}  // namespace

napi_value start(Call& call) {
  Environment& environment = call.environment;
  Environment::Entry entry(environment);
  server::Settings settings = to_settings(environment, call[0]);
  auto table = to_table(environment, call[1]);
  auto server = server::Server::start(environment.loop(), std::move(settings), std::move(table));
  const uint32_t number = environment.add_server(server);
  return describe(call.env, number, *server);
}

napi_value reload(Call& call) {
  Environment::Entry entry(call.environment);
  server::Server& server = call.environment.server(call.index(0));
  const tls::Options tls = to_tls_options(call.environment, call[2]);
  server::WebSocketSettings web_socket;
  if (!is_nothing(call.env, call[3])) web_socket = to_web_socket_settings(call.env, call[3]);
  auto table = to_table(call.environment, call[1]);
  server.reload(std::move(table), web_socket, tls);
  return nullptr;
}

napi_value stop(Call& call) {
  Environment::Entry entry(call.environment);
  const double promise = to_number(call.env, call[2]);
  Environment& environment = call.environment;
  environment.server(call.index(0))
      .stop(to_boolean(call.env, call[1]),
            net::Work([&environment, promise] { environment.tell_stopped(promise); }));
  return nullptr;
}

napi_value release(Call& call) {
  Environment::Entry entry(call.environment);
  call.environment.remove_server(call.index(0));
  return nullptr;
}

napi_value close_idle_connections(Call& call) {
  Environment::Entry entry(call.environment);
  const size_t closed = call.environment.server(call.index(0)).close_idle_connections();
  return number(call.env, static_cast<double>(closed));
}

napi_value set_referenced(Call& call) {
  Environment::Entry entry(call.environment);
  call.environment.server(call.index(0)).set_referenced(to_boolean(call.env, call[1]));
  return nullptr;
}

napi_value pending_requests(Call& call) {
  const uint64_t pending = call.environment.server(call.index(0)).pending_requests();
  return number(call.env, static_cast<double>(pending));
}

napi_value local_fetch(Call& call) {
  Environment::Entry entry(call.environment);
  napi_env env = call.env;
  Environment& environment = call.environment;
  http::Reference<server::Server> server(&environment.server(call.index(0)));
  if (server->state() == server::Server::State::stopped) {
    throw std::runtime_error("server.fetch(): the server is stopped");
  }
  const double promise = to_number(env, call[5]);
  net::Work start([&environment, server, promise, method = to_latin1(env, call[1]),
                   target = to_latin1(env, call[2]), fields = to_fields(env, call[3]),
                   body = to_body(env, call[4])]() mutable {
    server::LocalRequest::start(
        *server, method, target, fields, std::move(body),
        [&environment, promise](server::LocalReply reply) {
          environment.tell_local(promise, std::move(reply));
        },
        static_cast<uint64_t>(promise));
  });
  // Handlers that ask for each other must not pile up on the stack.
  if (environment.in_handler()) {
    environment.loop().defer(std::move(start));
  } else {
    start();
  }
  return nullptr;
}

napi_value abort_local(Call& call) {
  Environment::Entry entry(call.environment);
  const double promise = to_number(call.env, call[1]);
  call.environment.server(call.index(0)).abort_local_request(static_cast<uint64_t>(promise));
  return nullptr;
}

}  // namespace bao::node
