#include "server/web_sockets.h"

#include <utility>

#include "http/tokens.h"
#include "server/exchange.h"
#include "server/server.h"
#include "websocket/extension.h"
#include "websocket/handshake.h"

namespace bao::server {

using websocket::HandshakeFault;

namespace {

constexpr std::string_view kProtocolField = "Sec-WebSocket-Protocol";
constexpr std::string_view kExtensionsField = "Sec-WebSocket-Extensions";

websocket::ConnectionSettings connection_settings(const WebSocketSettings& settings) {
  websocket::ConnectionSettings result;
  result.max_payload = settings.max_payload_length;
  result.backpressure_limit = settings.backpressure_limit;
  result.close_on_backpressure_limit = settings.close_on_backpressure_limit;
  result.idle_timeout = settings.idle_timeout;
  result.send_pings = settings.send_pings;
  result.deflate = settings.deflate;
  return result;
}

// RFC 6455 section 4.4: says which version there is.
void refuse_version(Exchange& exchange) {
  const Fields fields{{"Sec-WebSocket-Version", websocket::kSupportedVersion},
                      {"Upgrade", "websocket"}};
  exchange.reply({.status = 426, .fields = &fields});
}

// Names of subprotocols are compared as they are (RFC 6455 section 4.1, step 4 of the client).
bool offers_protocol(const http::RequestHead& head, std::string_view protocol) {
  const std::string offered = websocket::joined_field(head, kProtocolField);
  http::ListElements elements(offered);
  for (std::string_view element; elements.next(element);) {
    if (element == protocol) return true;
  }
  return false;
}

// The fields of the 101 that answer the handshake (RFC 6455 section 4.2.2). A program may name a
// subprotocol among its fields, too; what only the engine knows it may not.
Fields handshake_fields(const http::RequestHead& head, const std::string& extensions,
                        WebSockets::Upgrade& upgrade) {
  Fields fields = std::move(upgrade.fields);
  const auto accept = websocket::accept_value(head.field("sec-websocket-key").value_or(""));
  fields.set("Sec-WebSocket-Accept", {accept.data(), accept.size()});
  if (extensions.empty()) {
    fields.remove(kExtensionsField);
  } else {
    fields.set(kExtensionsField, extensions);
  }
  if (!upgrade.protocol.empty()) {
    fields.remove(kProtocolField);
    if (offers_protocol(head, upgrade.protocol)) fields.set(kProtocolField, upgrade.protocol);
  }
  return fields;
}

}  // namespace

WebSockets::WebSockets(Server& server, std::span<char> read_buffer)
    : server_(server),
      workspace_(*this, server.loop().timers(), server.loop().now(), read_buffer) {}

// A loop that has ended runs no deferred work.
WebSockets::~WebSockets() {
  bury();
}

void WebSockets::use(const http::Reference<Table>& table, const WebSocketSettings& settings) {
  if (table->web_sockets() == nullptr) return;
  table_ = table;
  workspace_.settings = connection_settings(settings);
  for (WebSocket* socket = sockets_; socket != nullptr; socket = socket->next_) {
    socket->connection_->settings_changed();
  }
  publish_to_self_ = settings.publish_to_self;
}

// ---- Upgrades

bool WebSockets::upgrade(Exchange& exchange, Upgrade upgrade) {
  if (!exchange.open() || server_.state() != Server::State::listening) return false;
  const HandshakeFault fault = websocket::check_handshake(exchange.head);
  if (fault == HandshakeFault::protocol_version) refuse_version(exchange);
  if (fault != HandshakeFault::none) return false;
  const std::string offers = websocket::joined_field(exchange.head, kExtensionsField);
  const auto extensions = websocket::negotiate_extensions(offers, workspace_.settings.deflate);
  if (!extensions) return false;
  // The program may stop its server in the handler of `open`, and go on here.
  const http::Reference<Server> keep(&server_);
  Fields fields = handshake_fields(exchange.head, extensions->value, upgrade);
  if (exchange.added_fields != nullptr) {
    for (const Fields::Field field : *exchange.added_fields) fields.append(field.name, field.value);
  }
  std::optional<http::Upgraded> upgraded = exchange.upgrade("websocket", fields);
  if (!upgraded) return false;
  open_socket(*upgraded, extensions->deflate, std::move(upgrade.data));
  return true;
}

void WebSockets::open_socket(http::Upgraded& upgraded, const websocket::DeflateAgreement& deflate,
                             std::unique_ptr<WebSocket::Data> data) {
  const http::Reference<WebSocket> socket(new WebSocket(*this, upgraded, deflate, std::move(data)));
  socket->retain();  // until the connection is gone
  socket->next_ = sockets_;
  if (sockets_ != nullptr) sockets_->previous_ = socket.get();
  sockets_ = socket.get();
  ++open_;
  socket->cork();
  socket->connection_->start(upgraded.output);
  handle([&](WebSocketHandler& handler) { handler.on_open(*socket); });
  if (!upgraded.input.empty() && socket->open_) socket->connection_->feed(upgraded.input);
  socket->uncork();
}

// ---- Publishing

size_t WebSockets::publish(std::string_view topic, const websocket::Topics::Message& message,
                           const WebSocket* except) {
  const size_t count = topics_.publish(topic, message, except);
  if (topics_.full()) {
    deliver();
  } else if (count > 0) {
    on_pending();
  }
  return count;
}

void WebSockets::deliver() {
  topics_.deliver([this](websocket::Subscriber& subscriber, std::span<const uint32_t> numbers) {
    broadcast_.send(*static_cast<WebSocket&>(subscriber).connection_, numbers);
  });
  broadcast_.forget();
}

void WebSockets::deliver_to(WebSocket& socket) {
  topics_.deliver_to(socket,
                     [this](websocket::Subscriber& subscriber, std::span<const uint32_t> numbers) {
                       broadcast_.send(*static_cast<WebSocket&>(subscriber).connection_, numbers);
                     });
}

// ---- The end of a turn

void WebSockets::on_pending() {
  if (std::exchange(scheduled_, true)) return;
  server_.loop().defer(
      net::Work([this, keep = http::Reference<Server>(&server_)] { finish_turn(); }));
}

void WebSockets::finish_turn() {
  scheduled_ = false;
  if (topics_.waiting()) deliver();
  workspace_.run_pending();
  // Whatever handlers have published in there need not wait for the next turn.
  if (topics_.waiting()) deliver();
}

// ---- Ends

void WebSockets::cut() {
  // The handlers may end others.
  std::vector<http::Reference<WebSocket>> all;
  for (WebSocket* socket = sockets_; socket != nullptr; socket = socket->next_) {
    all.emplace_back(socket);
  }
  for (const auto& socket : all) {
    if (socket->connection_->gone()) continue;
    if (socket->open_) {
      deliver_to(*socket);
      socket->connection_->close_now(websocket::close_code::kGoingAway, "Server closed");
    } else {
      socket->connection_->terminate();
    }
  }
}

void WebSockets::gone(WebSocket& socket) {
  if (socket.previous_ != nullptr) {
    socket.previous_->next_ = socket.next_;
  } else {
    sockets_ = socket.next_;
  }
  if (socket.next_ != nullptr) socket.next_->previous_ = socket.previous_;
  if (dead_.empty()) {
    server_.loop().defer(net::Work([this, keep = http::Reference<Server>(&server_)] { bury(); }));
  }
  dead_.emplace_back(&socket);
  socket.release();
  server_.on_web_socket_gone();
}

// A face may hold the object for long, but its connection ends here.
void WebSockets::bury() {
  for (const auto& socket : std::exchange(dead_, {})) {
    socket->connection_.reset();
    socket->owner_ = nullptr;
  }
}

}  // namespace bao::server
