#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "http/exchange.h"
#include "http/reference.h"
#include "websocket/connection.h"
#include "websocket/topics.h"

namespace bao::server {

class Server;
class WebSockets;

/// One WebSocket of a server, whatever the language of its handlers: its connection, its topics and
/// what the face keeps with it.
///
/// Counted references on the loop's thread. The server holds one until the connection is gone; a
/// face may hold others for as long as it likes: once the socket is closed every call says so and
/// does nothing. Everything here may only be called on the loop's thread.
class WebSocket final : public websocket::ConnectionObserver, public websocket::Subscriber {
 public:
  using SendResult = websocket::SendResult;

  /// What a face keeps with a socket. It is destroyed with the object, or by `set_data`.
  class Data {
   public:
    virtual ~Data() = default;
  };

  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  Data* data() const { return data_.get(); }
  void set_data(std::unique_ptr<Data> data) { data_ = std::move(data); }

  /// False from the close handler on.
  bool open() const { return open_; }
  /// The server; null once the connection is gone.
  Server* server() const;
  const net::PeerAddress& peer() const { return peer_; }

  // -- Sending; see websocket::Connection. What was published to the socket before leaves before.

  SendResult send(std::string_view payload, bool text, bool compress);
  SendResult ping(std::string_view payload);
  SendResult pong(std::string_view payload);
  /// Bytes that the kernel did not take yet.
  size_t buffered_amount() const { return open_ ? connection_->buffered_amount() : 0; }

  /// What is sent until `uncork`, which follows for each in the same turn, is gathered, to leave in
  /// one write.
  void cork();
  void uncork();

  // -- Ending; the close handler runs before these return

  void close(uint16_t code, std::string_view reason);
  void terminate();

  // -- Reading

  void pause();
  void resume();
  bool paused() const { return open_ && connection_->paused(); }
  /// No event is told until `release`, but for the end: for a handler that is not done with the
  /// last one.
  void hold();
  void release_events();

  // -- Topics; nothing for a closed socket

  bool subscribe(std::string_view topic);
  bool unsubscribe(std::string_view topic);
  bool is_subscribed(std::string_view topic) const;
  std::vector<std::string_view> topics() const;
  /// To all subscribers but this socket, unless the option says otherwise. Returns how many.
  size_t publish(std::string_view topic, const websocket::Topics::Message& message);

  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) delete this;
  }

 private:
  friend class WebSockets;

  WebSocket(WebSockets& owner, http::Upgraded& upgraded, const websocket::DeflateAgreement& deflate,
            std::unique_ptr<Data> data);
  ~WebSocket() = default;

  // websocket::ConnectionObserver
  void on_message(websocket::Connection& connection, const websocket::Message& message) override;
  void on_ping(websocket::Connection& connection, std::string_view payload) override;
  void on_pong(websocket::Connection& connection, std::string_view payload) override;
  void on_drain(websocket::Connection& connection) override;
  void on_close(websocket::Connection& connection, uint16_t code, std::string_view reason) override;
  void on_gone(websocket::Connection& connection) override;

  WebSockets* owner_;  // null once the connection is gone
  std::unique_ptr<Data> data_;
  WebSocket* previous_ = nullptr;  // in the owner's list
  WebSocket* next_ = nullptr;
  net::PeerAddress peer_;
  uint32_t references_ = 0;
  bool open_ = true;
  std::optional<websocket::Connection> connection_;  // none once it may be deleted
};

}  // namespace bao::server
