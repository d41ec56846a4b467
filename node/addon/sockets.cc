#include "sockets.h"

#include "environment.h"

namespace bao::node {

namespace {

uint32_t number_of(const server::WebSocket& socket) {
  return static_cast<const Sockets::Data*>(socket.data())->number;
}

}  // namespace

void Sockets::on_open(server::WebSocket& socket) {
  const uint32_t number = number_of(socket);
  if (number >= sockets_.size()) sockets_.resize(number + 1);
  sockets_[number] = http::Reference<server::WebSocket>(&socket);
  environment_.tell_socket(number, Event::open, "", 0);
}

void Sockets::on_message(server::WebSocket& socket, const websocket::Message& message) {
  environment_.tell_message(number_of(socket), message);
}

void Sockets::on_ping(server::WebSocket& socket, std::string_view payload) {
  environment_.tell_socket(number_of(socket), Event::ping, payload, 0);
}

void Sockets::on_pong(server::WebSocket& socket, std::string_view payload) {
  environment_.tell_socket(number_of(socket), Event::pong, payload, 0);
}

void Sockets::on_drain(server::WebSocket& socket) {
  environment_.tell_socket(number_of(socket), Event::drain, "", 0);
}

// JavaScript may still ask for the address in the handler; after that the number is free.
void Sockets::on_close(server::WebSocket& socket, uint16_t code, std::string_view reason) {
  const uint32_t number = number_of(socket);
  const http::Reference<server::WebSocket> keep(&socket);
  environment_.tell_socket(number, Event::close, reason, code);
  if (number < sockets_.size() && sockets_[number].get() == &socket) sockets_[number] = {};
}

}  // namespace bao::node
