#include "server/web_socket.h"

#include <stdexcept>
#include <string>

#include <bao/websocket.h>

#include "api/socket_events.h"
#include "net/address.h"
#include "trace/demangle.h"

// The handle. Of a socket that is closed every call does nothing.
namespace bao {

namespace detail {

void throw_wrong_data(const std::type_info& asked, const SocketValue* held) {
  const std::string type = trace::demangle_type(asked.name());
  throw std::logic_error(
      "WebSocket::data<" + type + "> of a socket with " +
      (held == nullptr ? std::string("no data") : "a " + trace::demangle_type(held->type.name())) +
      ": give Server::upgrade a value of that type as .data");
}

}  // namespace detail

namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

SendResult to_result(websocket::SendResult result) {
  switch (result) {
    case websocket::SendResult::sent: return SendResult::sent;
    case websocket::SendResult::backpressure: return SendResult::backpressure;
    case websocket::SendResult::dropped: break;
  }
  return SendResult::dropped;
}

}  // namespace

WebSocket::WebSocket(server::WebSocket& core) : core_(&core) {
  core.retain();
}

WebSocket::WebSocket(const WebSocket& other) : core_(other.core_) {
  if (core_ != nullptr) core_->retain();
}

WebSocket::~WebSocket() {
  if (core_ != nullptr) core_->release();
}

bool WebSocket::open() const {
  return core_ != nullptr && core_->open();
}

// ---- Sending

SendResult WebSocket::send(std::string_view payload, bool text, bool compress) {
  return core_ == nullptr ? SendResult::dropped : to_result(core_->send(payload, text, compress));
}

SendResult WebSocket::send(std::string_view text, bool compress) {
  return send(text, true, compress);
}
SendResult WebSocket::send_binary(std::span<const std::byte> bytes, bool compress) {
  return send(text_of(bytes), false, compress);
}
SendResult WebSocket::send_binary(std::string_view bytes, bool compress) {
  return send(bytes, false, compress);
}
SendResult WebSocket::ping(std::string_view payload) {
  return core_ == nullptr ? SendResult::dropped : to_result(core_->ping(payload));
}
SendResult WebSocket::pong(std::string_view payload) {
  return core_ == nullptr ? SendResult::dropped : to_result(core_->pong(payload));
}

WebSocket::Cork::Cork(const WebSocket& socket) : core_(socket.core_) {
  if (core_ == nullptr) return;
  core_->retain();
  core_->cork();
}
WebSocket::Cork::~Cork() {
  if (core_ == nullptr) return;
  core_->uncork();
  core_->release();
}

std::size_t WebSocket::buffered_amount() const {
  return core_ == nullptr ? 0 : core_->buffered_amount();
}

// ---- Ending

void WebSocket::close(int code, std::string_view reason) {
  if (code < 0 || code > 0xFFFF) {
    throw std::invalid_argument("WebSocket::close with the code " + std::to_string(code) +
                                ": give 1000, or 3000 to 4999 for reasons of your own");
  }
  if (core_ != nullptr) core_->close(static_cast<uint16_t>(code), reason);
}

void WebSocket::terminate() {
  if (core_ != nullptr) core_->terminate();
}

// ---- Reading

void WebSocket::pause() {
  if (core_ != nullptr) core_->pause();
}
void WebSocket::resume() {
  if (core_ != nullptr) core_->resume();
}
bool WebSocket::paused() const {
  return core_ != nullptr && core_->paused();
}

// ---- Publishing

void WebSocket::subscribe(std::string_view topic) {
  if (core_ != nullptr) core_->subscribe(topic);
}
bool WebSocket::unsubscribe(std::string_view topic) {
  return core_ != nullptr && core_->unsubscribe(topic);
}
bool WebSocket::is_subscribed(std::string_view topic) const {
  return core_ != nullptr && core_->is_subscribed(topic);
}

std::vector<std::string> WebSocket::subscriptions() const {
  if (core_ == nullptr) return {};
  const auto topics = core_->topics();
  return {topics.begin(), topics.end()};
}

std::size_t WebSocket::publish(std::string_view topic, std::string_view text, bool compress) {
  return core_ == nullptr ? 0 : core_->publish(topic, {text, true, compress});
}
std::size_t WebSocket::publish_binary(std::string_view topic, std::string_view bytes,
                                      bool compress) {
  return core_ == nullptr ? 0 : core_->publish(topic, {bytes, false, compress});
}
std::size_t WebSocket::publish_binary(std::string_view topic, std::span<const std::byte> bytes,
                                      bool compress) {
  return publish_binary(topic, text_of(bytes), compress);
}

// ---- Its own

detail::SocketValue* WebSocket::value() const {
  if (core_ == nullptr || core_->data() == nullptr) return nullptr;
  return static_cast<detail::HeldData*>(core_->data())->value.get();
}

void WebSocket::set_data(SocketData data) {
  if (core_ == nullptr) return;
  core_->set_data(std::make_unique<detail::HeldData>(std::move(data.value_)));
}

std::optional<SocketAddress> WebSocket::address() const {
  if (!open() || core_->peer().family == SocketAddress::Family::unix_domain) return std::nullopt;
  return net::to_socket_address(core_->peer());
}

}  // namespace bao
