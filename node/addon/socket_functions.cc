#include <optional>

#include "fields.h"
#include "functions.h"
#include "net/address.h"
#include "server/web_sockets.h"
#include "values.h"

namespace bao::node {

namespace {

using SendResult = server::WebSocket::SendResult;

/// What is to be sent: a string as UTF-8, or bytes. Good until JavaScript runs again.
struct Payload {
  std::string_view bytes;
  bool text = false;
};

Payload to_payload(Call& call, napi_value value) {
  if (auto text = call.environment.read_text(value)) return {text->view, true};
  if (auto bytes = to_bytes(call.env, value)) return {*bytes, false};
  throw WrongValue("a string or a Uint8Array was expected");
}

bool to_flag(const Call& call, size_t i) {
  bool result = false;
  return napi_get_value_bool(call.env, call[i], &result) == napi_ok && result;
}

// As Bun: the bytes of the message, -1 if it waits, 0 if it was dropped.
napi_value to_number(const Call& call, SendResult result, size_t size) {
  if (result == SendResult::sent) return number(call.env, static_cast<double>(size));
  return number(call.env, result == SendResult::backpressure ? -1 : 0);
}

server::WebSocket* socket_of(const Call& call) {
  return call.environment.sockets().find(call.index(0));
}

server::WebSockets& web_sockets(const Call& call) {
  return call.environment.server(call.index(0)).web_sockets();
}

}  // namespace

// The exchange stays with its slot until it is known to be over.
napi_value upgrade(Call& call) {
  Environment::Entry entry(call.environment);
  Slot& slot = call.slot();
  server::WebSockets::Upgrade upgrade;
  if (!is_nothing(call.env, call[1])) upgrade.fields = to_fields(call.env, call[1]);
  upgrade.data = std::make_unique<Sockets::Data>(call.index(2));
  const http::Reference<server::Exchange> exchange(&slot.exchange());
  const bool upgraded = exchange->server().web_sockets().upgrade(*exchange, std::move(upgrade));
  const bool answered = exchange->replied();
  if (answered && slot.has(*exchange)) call.environment.slots().close(slot);
  return number(call.env, upgraded ? 1 : answered ? 2 : 0);
}

napi_value socket_send(Call& call) {
  Environment::Entry entry(call.environment);
  server::WebSocket* socket = socket_of(call);
  const Payload payload = to_payload(call, call[1]);
  if (socket == nullptr) return number(call.env, 0);
  return to_number(call, socket->send(payload.bytes, payload.text, to_flag(call, 2)),
                   payload.bytes.size());
}

napi_value socket_ping(Call& call) {
  Environment::Entry entry(call.environment);
  server::WebSocket* socket = socket_of(call);
  const Payload payload = to_payload(call, call[1]);
  if (socket == nullptr) return number(call.env, 0);
  const bool pong = to_flag(call, 2);
  return to_number(call, pong ? socket->pong(payload.bytes) : socket->ping(payload.bytes),
                   payload.bytes.size());
}

napi_value socket_close(Call& call) {
  Environment::Entry entry(call.environment);
  server::WebSocket* socket = socket_of(call);
  if (socket == nullptr) return nullptr;
  socket->close(static_cast<uint16_t>(call.index(1)), to_text(call.env, call[2]));
  return nullptr;
}

napi_value socket_terminate(Call& call) {
  Environment::Entry entry(call.environment);
  if (server::WebSocket* socket = socket_of(call)) socket->terminate();
  return nullptr;
}

napi_value socket_cork(Call& call) {
  Environment::Entry entry(call.environment);
  server::WebSocket* socket = socket_of(call);
  if (socket == nullptr) return boolean(call.env, false);
  if (to_flag(call, 1)) {
    socket->cork();
  } else {
    socket->uncork();
  }
  return boolean(call.env, true);
}

napi_value socket_pause(Call& call) {
  Environment::Entry entry(call.environment);
  server::WebSocket* socket = socket_of(call);
  if (socket == nullptr) return nullptr;
  if (to_flag(call, 1)) {
    socket->pause();
  } else {
    socket->resume();
  }
  return nullptr;
}

napi_value socket_is_paused(Call& call) {
  const server::WebSocket* socket = socket_of(call);
  return boolean(call.env, socket != nullptr && socket->paused());
}

napi_value socket_buffered(Call& call) {
  const server::WebSocket* socket = socket_of(call);
  return number(call.env, socket == nullptr ? 0 : static_cast<double>(socket->buffered_amount()));
}

napi_value socket_address(Call& call) {
  const server::WebSocket* socket = socket_of(call);
  if (socket == nullptr) return nullptr;
  return text(call.env, net::to_socket_address(socket->peer()).address);
}

// ---- Topics

napi_value socket_subscribe(Call& call) {
  Environment::Entry entry(call.environment);
  server::WebSocket* socket = socket_of(call);
  if (socket == nullptr) return boolean(call.env, false);
  const std::string topic = to_text(call.env, call[1]);
  return boolean(call.env,
                 to_flag(call, 2) ? socket->subscribe(topic) : socket->unsubscribe(topic));
}

napi_value socket_is_subscribed(Call& call) {
  const server::WebSocket* socket = socket_of(call);
  return boolean(call.env, socket != nullptr && socket->is_subscribed(to_text(call.env, call[1])));
}

napi_value socket_topics(Call& call) {
  const server::WebSocket* socket = socket_of(call);
  napi_value list = nullptr;
  check(napi_create_array(call.env, &list));
  if (socket == nullptr) return list;
  uint32_t count = 0;
  for (const std::string_view topic : socket->topics()) {
    check(napi_set_element(call.env, list, count++, text(call.env, topic)));
  }
  return list;
}

napi_value socket_publish(Call& call) {
  Environment::Entry entry(call.environment);
  server::WebSocket* socket = socket_of(call);
  const std::string topic = to_text(call.env, call[1]);
  const Payload payload = to_payload(call, call[2]);
  if (socket == nullptr) return number(call.env, 0);
  const size_t count = socket->publish(topic, {payload.bytes, payload.text, to_flag(call, 3)});
  return number(call.env, count == 0 ? 0 : static_cast<double>(payload.bytes.size()));
}

napi_value publish(Call& call) {
  Environment::Entry entry(call.environment);
  server::WebSockets& sockets = web_sockets(call);
  const std::string topic = to_text(call.env, call[1]);
  const Payload payload = to_payload(call, call[2]);
  const size_t count = sockets.publish(topic, {payload.bytes, payload.text, to_flag(call, 3)});
  return number(call.env, count == 0 ? 0 : static_cast<double>(payload.bytes.size()));
}

napi_value subscriber_count(Call& call) {
  const size_t count = web_sockets(call).subscriber_count(to_text(call.env, call[1]));
  return number(call.env, static_cast<double>(count));
}

napi_value pending_web_sockets(Call& call) {
  return number(call.env, static_cast<double>(web_sockets(call).open()));
}

}  // namespace bao::node
