#include <string>

#include "fields.h"
#include "functions.h"
#include "net/address.h"
#include "server/server.h"
#include "tls.h"
#include "values.h"

namespace bao::node {

namespace {

http::Link* link_of(const Call& call) {
  return call.environment.links().find(call.index(0));
}

server::Tunnel* tunnel_of(const Call& call) {
  return call.environment.links().find_tunnel(call.index(0));
}

napi_value describe(napi_env env, const SocketAddress& address) {
  if (address.family == SocketAddress::Family::unix_domain) return null(env);
  napi_value result = nullptr;
  check(napi_create_object(env, &result));
  set(env, result, "address", text(env, address.address));
  set(env, result, "port", number(env, address.port));
  const bool v4 = address.family == SocketAddress::Family::ipv4;
  set(env, result, "family", text(env, v4 ? "IPv4" : "IPv6"));
  return result;
}

}  // namespace

napi_value connection(Call& call) {
  http::Stream* stream = call.slot().exchange().stream();
  http::Link* link = stream == nullptr ? nullptr : stream->link();
  return number(call.env, link == nullptr ? 0 : call.environment.links().number_of(*link));
}

napi_value connection_peer(Call& call) {
  const http::Link* link = link_of(call);
  if (link == nullptr) return null(call.env);
  return describe(call.env, net::to_socket_address(link->peer()));
}

napi_value connection_local(Call& call) {
  const http::Link* link = link_of(call);
  if (link == nullptr) return null(call.env);
  const auto local = link->local();
  return local ? describe(call.env, *local) : null(call.env);
}

napi_value connection_security(Call& call) {
  const http::Link* link = link_of(call);
  if (link == nullptr) return null(call.env);
  return describe_security(call.env, link->security());
}

napi_value connection_drop(Call& call) {
  Environment::Entry entry(call.environment);
  http::Link* link = link_of(call);
  if (link == nullptr) return nullptr;
  // What is due to be sent on it would be lost.
  call.environment.send_due();
  link = link_of(call);
  if (link != nullptr) link->drop(to_boolean(call.env, call[1]));
  return nullptr;
}

napi_value send_interim(Call& call) {
  Environment::Entry entry(call.environment);
  const double status = to_number(call.env, call[1]);
  if (!(status >= 100 && status <= 199) || status == 101) {
    throw WrongValue("an interim reply has a status from 100 to 199, and not 101");
  }
  const Fields fields = to_fields(call.env, call[2]);
  const http::Reference<server::Exchange> exchange(&call.slot().exchange());
  return boolean(call.env, exchange->send_interim(static_cast<int>(status), fields));
}

// ---- Tunnels

napi_value hand_over(Call& call) {
  Environment::Entry entry(call.environment);
  Slot& slot = call.slot();
  const http::Reference<server::Exchange> exchange(&slot.exchange());
  const http::Reference<server::Server> server(&exchange->server());
  Links& links = call.environment.links();
  std::string input;
  server::Tunnel* tunnel = server->hand_over(*exchange, links, input);
  if (tunnel == nullptr) return null(call.env);
  if (slot.has(*exchange)) call.environment.slots().close(slot);
  links.add(*tunnel);
  return bytes(call.env, input);
}

napi_value tunnel_read(Call& call) {
  Environment::Entry entry(call.environment);
  server::Tunnel* tunnel = tunnel_of(call);
  if (tunnel != nullptr) tunnel->want_read(to_boolean(call.env, call[1]));
  return nullptr;
}

napi_value tunnel_write(Call& call) {
  using WriteResult = server::Tunnel::WriteResult;
  Environment::Entry entry(call.environment);
  server::Tunnel* tunnel = tunnel_of(call);
  const auto bytes = to_bytes(call.env, call[1]);
  if (!bytes) throw WrongValue("a Uint8Array was expected");
  const WriteResult result = tunnel == nullptr ? WriteResult::over : tunnel->write(*bytes);
  return number(call.env, static_cast<int>(result));
}

napi_value tunnel_end(Call& call) {
  Environment::Entry entry(call.environment);
  if (server::Tunnel* tunnel = tunnel_of(call)) tunnel->end();
  return nullptr;
}

napi_value tunnel_reference(Call& call) {
  Environment::Entry entry(call.environment);
  server::Tunnel* tunnel = tunnel_of(call);
  if (tunnel != nullptr) tunnel->set_referenced(to_boolean(call.env, call[1]));
  return nullptr;
}

// ---- All of a server

napi_value open_connections(Call& call) {
  const uint64_t count = call.environment.server(call.index(0)).open_connections();
  return number(call.env, static_cast<double>(count));
}

napi_value cut_connections(Call& call) {
  Environment::Entry entry(call.environment);
  call.environment.send_due();
  call.environment.server(call.index(0)).cut_connections();
  return nullptr;
}

napi_value tell_connections(Call& call) {
  server::Server& server = call.environment.server(call.index(0));
  server.tell_connections(to_boolean(call.env, call[1]));
  server.tell_refusals(to_boolean(call.env, call[2]));
  return nullptr;
}

}  // namespace bao::node
