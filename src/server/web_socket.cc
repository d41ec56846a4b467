#include "server/web_socket.h"

#include <utility>

#include "server/server.h"
#include "server/web_sockets.h"

namespace bao::server {

using websocket::Opcode;

WebSocket::WebSocket(WebSockets& owner, http::Upgraded& upgraded,
                     const websocket::DeflateAgreement& deflate, std::unique_ptr<Data> data)
    : owner_(&owner), data_(std::move(data)), peer_(upgraded.peer) {
  connection_.emplace(owner.workspace_, std::move(upgraded.transport), *this, deflate);
}

Server* WebSocket::server() const {
  return owner_ == nullptr ? nullptr : &owner_->server_;
}

// ---- Sending

WebSocket::SendResult WebSocket::send(std::string_view payload, bool text, bool compress) {
  if (!open_) return SendResult::dropped;
  owner_->deliver_to(*this);
  return connection_->send(payload, text ? Opcode::text : Opcode::binary, compress);
}

WebSocket::SendResult WebSocket::ping(std::string_view payload) {
  if (!open_) return SendResult::dropped;
  owner_->deliver_to(*this);
  return connection_->ping(payload);
}

WebSocket::SendResult WebSocket::pong(std::string_view payload) {
  if (!open_) return SendResult::dropped;
  owner_->deliver_to(*this);
  return connection_->pong(payload);
}

void WebSocket::cork() {
  if (connection_) connection_->cork();
}

void WebSocket::uncork() {
  // Whether it has closed meanwhile or not: a connection lives until the end of the turn.
  if (connection_) connection_->uncork();
}

// ---- Ending

void WebSocket::close(uint16_t code, std::string_view reason) {
  if (!open_) return;
  http::Reference<WebSocket> keep(this);
  owner_->deliver_to(*this);
  connection_->close(code, reason);
}

void WebSocket::terminate() {
  if (!connection_ || connection_->gone()) return;
  http::Reference<WebSocket> keep(this);
  connection_->terminate();
}

// ---- Reading

void WebSocket::pause() {
  if (open_) connection_->pause();
}

void WebSocket::resume() {
  if (open_) connection_->resume();
}

void WebSocket::hold() {
  if (open_) connection_->hold();
}

void WebSocket::release_events() {
  if (open_) connection_->release();
}

// ---- Topics

bool WebSocket::subscribe(std::string_view topic) {
  if (!open_) return false;
  owner_->topics_.subscribe(*this, topic);
  return true;
}

bool WebSocket::unsubscribe(std::string_view topic) {
  return open_ && owner_->topics_.unsubscribe(*this, topic);
}

bool WebSocket::is_subscribed(std::string_view topic) const {
  return open_ && owner_->topics_.is_subscribed(*this, topic);
}

std::vector<std::string_view> WebSocket::topics() const {
  if (!open_) return {};
  return owner_->topics_.topics_of(*this);
}

size_t WebSocket::publish(std::string_view topic, const websocket::Topics::Message& message) {
  if (!open_) return 0;
  return owner_->publish(topic, message, owner_->publish_to_self_ ? nullptr : this);
}

// ---- Events

void WebSocket::on_message(websocket::Connection&, const websocket::Message& message) {
  owner_->handle([&](WebSocketHandler& handler) { handler.on_message(*this, message); });
}

void WebSocket::on_ping(websocket::Connection&, std::string_view payload) {
  owner_->handle([&](WebSocketHandler& handler) { handler.on_ping(*this, payload); });
}

void WebSocket::on_pong(websocket::Connection&, std::string_view payload) {
  owner_->handle([&](WebSocketHandler& handler) { handler.on_pong(*this, payload); });
}

void WebSocket::on_drain(websocket::Connection&) {
  owner_->handle([&](WebSocketHandler& handler) { handler.on_drain(*this); });
}

// The socket is out of its topics before the program hears of it, so what it publishes about the
// end goes to the others only.
void WebSocket::on_close(websocket::Connection&, uint16_t code, std::string_view reason) {
  http::Reference<WebSocket> keep(this);
  open_ = false;
  owner_->topics_.leave(*this);
  owner_->handle([&](WebSocketHandler& handler) { handler.on_close(*this, code, reason); });
  --owner_->open_;
}

void WebSocket::on_gone(websocket::Connection&) {
  owner_->gone(*this);
}

}  // namespace bao::server
