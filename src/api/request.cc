#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <bao/request.h>

#include "api/body_source.h"
#include "api/call.h"
#include "http/query.h"
#include "http/tokens.h"
#include "server/body_coding.h"
#include "server/server.h"
#include "tls/certificate_facts.h"

namespace bao {

namespace detail {

bool BodyWait::await_ready() const {
  return call_->body_ready();
}
void BodyWait::await_suspend(std::coroutine_handle<> waiting) const {
  call_->wait_for_body(waiting);
}
std::string BodyWait::take() const {
  return call_->take_body();
}

void BodyWait::require_ready() const {
  if (call_->body_ready()) return;
  throw BodyNotReady(
      "The body has not arrived yet: write co_await req.text() in a handler that returns "
      "bao::Task<bao::Response>, or "
      "wrap the handler in bao::buffered(…)");
}

}  // namespace detail

std::vector<std::byte> BytesBody::await_resume() const {
  std::string text = take();
  std::vector<std::byte> bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

std::string_view Request::method() const {
  return call_.exchange().head.method();
}
std::string Request::url() const {
  return call_.exchange().url();
}
std::string_view Request::path() const {
  return call_.exchange().head.path();
}
std::string_view Request::query_string() const {
  return call_.exchange().head.query();
}

std::optional<std::string> Request::query(std::string_view name) const {
  return http::QueryParameters(query_string()).get(name);
}

std::vector<std::string> Request::query_all(std::string_view name) const {
  return http::QueryParameters(query_string()).get_all(name);
}

std::vector<std::pair<std::string, std::string>> Request::query_entries() const {
  return http::QueryParameters(query_string()).entries();
}

std::optional<std::string_view> Request::field(std::string_view name) const {
  return call_.exchange().head.field(name);
}

std::vector<std::string_view> Request::field_all(std::string_view name) const {
  const http::RequestHead& head = call_.exchange().head;
  std::vector<std::string_view> values;
  for (size_t i = 0; i < head.field_count(); ++i) {
    if (http::equals_ignoring_case(head.field_name(i), name)) values.push_back(head.field_value(i));
  }
  return values;
}

std::vector<Fields::Field> Request::fields() const {
  const http::RequestHead& head = call_.exchange().head;
  std::vector<Fields::Field> fields;
  fields.reserve(head.field_count());
  for (size_t i = 0; i < head.field_count(); ++i)
    fields.push_back({head.field_name(i), head.field_value(i)});
  return fields;
}

std::string Request::param(std::string_view name) const {
  if (auto value = call_.exchange().parameter(name)) return *std::move(value);
  throw std::out_of_range("The route of this request has no parameter \"" + std::string(name) +
                          "\": its pattern must have a segment :" + std::string(name));
}

Cookies& Request::cookies() const {
  return call_.cookies();
}

const Fields& Request::trailers() const {
  return detail::trailers_of(call_.exchange());
}

Body Request::body() {
  return call_.body();
}

void Request::limit_body(std::uint64_t bytes) {
  call_.exchange().body_limit = std::min(bytes, call_.exchange().body_limit);
}

bool Request::decode_body(std::uint64_t limit) {
  server::Exchange& exchange = call_.exchange();
  if (exchange.body_state() != http::Exchange::BodyState::unread || exchange.decodes_body()) {
    throw std::logic_error(
        "decode_body comes too late: call it once, before the body is asked for, and without "
        ".decode_request_bodies");
  }
  return server::decode_body(exchange,
                             std::min(limit, exchange.server().settings().max_request_body_size));
}

bool Request::body_used() const {
  return call_.body_used();
}

std::optional<SocketAddress> Request::address() const {
  http::Stream* stream = call_.exchange().stream();
  if (stream == nullptr || stream->peer().family == net::SocketAddress::Family::unix_domain)
    return std::nullopt;
  return net::to_socket_address(stream->peer());
}

std::optional<TlsInfo> Request::tls() const {
  http::Stream* stream = call_.exchange().stream();
  std::optional<net::Security> facts;
  if (stream != nullptr) facts = stream->security();
  if (!facts) return std::nullopt;
  TlsInfo info;
  info.protocol = std::move(facts->protocol);
  info.cipher = std::move(facts->cipher);
  info.server_name = std::move(facts->server_name);
  info.authorized = facts->authorized;
  info.authorization_error = std::move(facts->authorization_error);
  if (!facts->peer_certificate.empty()) {
    info.certificate = tls::describe_certificate(facts->peer_certificate);
  }
  return info;
}

std::stop_token Request::stop_token() const {
  return call_.stop_token();
}

}  // namespace bao
