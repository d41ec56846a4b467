#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http1/connection.h"
#include "http1/workspace.h"
#include "net/loop.h"
#include "server/acceptor.h"
#include "server/compression.h"
#include "server/exchange.h"
#include "server/settings.h"
#include "server/table.h"
#include "server/tunnel.h"
#include "server/web_sockets.h"
#include "tls/counters.h"

namespace bao::server {

class Handshakes;
class LocalRequest;

/// A live server on one loop, whatever the language of its handlers: listens, makes connections of
/// what it accepts, dispatches their exchanges by the present table, and ends in good order.
///
/// Counted references on the loop's thread: while it listens or has connections it holds itself,
/// every exchange that is out of its pool holds it too. Everything here may only be called on the
/// loop's thread.
class Server final : public http::ExchangeHandler,
                     public http1::ConnectionOwner,
                     public Acceptor::Receiver,
                     public net::Resident {
 public:
  enum class State : uint8_t { listening, stopping, stopped };

  /// Listens by `settings`, which `checked` has passed. Throws net::ListenError, and SettingsError
  /// for certificates and keys that are wrong.
  static http::Reference<Server> start(net::Loop& loop, Settings settings,
                                       http::Reference<Table> table);

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // -- Facts

  net::Loop& loop() const { return loop_; }
  State state() const { return state_; }
  const Settings& settings() const { return settings_; }
  bool development() const { return *settings_.development; }
  /// Where it listens; stays the same after it has stopped.
  const net::SocketAddress& local() const { return local_; }
  /// The name for people and URLs: the option, or `localhost` if there is none.
  std::string hostname() const;
  /// Whether it speaks TLS.
  bool secure() const { return handshakes_ != nullptr; }
  /// `http` or `https`.
  std::string_view scheme() const { return secure() ? "https" : "http"; }
  /// `http://localhost:3000/`, or `unix://path`, or `abstract://name`.
  std::string url() const;
  /// The authority for requests that name none: hostname and port.
  const std::string& authority() const { return authority_; }
  /// What puts content codings on replies; null if that is not asked for.
  const Compression* compression() const { return compression_ ? &*compression_ : nullptr; }
  const http1::Counters& counters() const { return workspace_.counters; }
  /// All zero if it does not speak TLS.
  tls::Counters tls_counters() const;
  /// Requests under way, those of `fetch` without a socket included.
  uint64_t pending_requests() const {
    return workspace_.counters.requests_pending + local_pending_;
  }
  WebSockets& web_sockets() { return web_sockets_; }
  const WebSockets& web_sockets() const { return web_sockets_; }
  Tunnels& tunnels() { return tunnels_; }
  /// Makes a tunnel of an exchange's connection, as `http::Exchange::hand_over` and `Tunnels::open`
  /// have it. Null, and nothing happens, where that cannot be. `input`: what was read behind the
  /// request.
  Tunnel* hand_over(http::Exchange& exchange, TunnelHandler& handler, std::string& input);
  /// Connections that are open, whatever they speak.
  uint64_t open_connections() const {
    return workspace_.counters.connections_open + web_sockets_.open() + tunnels_.size();
  }

  // -- Life

  /// New requests are answered from `table`; those under way end with the one that they began with.
  /// If the new table handles WebSockets its handlers and `web_socket` are used for the open ones,
  /// too; else the old ones go on. Does nothing once the server has stopped.
  void reload(http::Reference<Table> table, const WebSocketSettings& web_socket = {});
  /// The same with other certificates, if `tls` has any, for new handshakes; those that are open go
  /// on. Throws SettingsError and changes nothing if they are wrong, or the server does not speak
  /// TLS.
  void reload(http::Reference<Table> table, const WebSocketSettings& web_socket,
              const tls::Options& tls);

  /// Stops listening. Without `force` idle connections close at once, the others when their request
  /// is answered; with it all are cut, and local requests aborted. WebSockets go on without
  /// `force`, and no new ones are made; with it they are closed with 1001. `on_stopped` runs once
  /// no connection is left; at once if that is so already.
  void stop(bool force, net::Work on_stopped);

  /// Closes the connections that are between requests; returns how many.
  size_t close_idle_connections();

  /// Cuts the connections that speak HTTP, and what is under way on them.
  void cut_connections();

  /// Whether the face's ConnectionHandler hears of new connections; it does not, at first.
  void tell_connections(bool wanted) { tells_connections_ = wanted; }
  /// Likewise of refusals.
  void tell_refusals(bool wanted) { tells_refusals_ = wanted; }

  /// Whether the server keeps its loop running while it listens. Requests under way always do.
  void set_referenced(bool referenced);

  /// Gives lines to the program's sink, without the last one's end.
  void log(std::string_view lines) const {
    if (lines.ends_with('\n')) lines.remove_suffix(1);
    settings_.log(lines);
  }

  // -- Exchanges

  /// http::ExchangeHandler
  Exchange& make_exchange() override;
  void on_request(http::Exchange& exchange) override;
  uint64_t largest_body() const override;

  // What the parts of a server tell it.
  void on_accepted(net::Accepted accepted) override;
  /// A TLS handshake is done.
  void on_secured(std::unique_ptr<net::Transport> transport, const net::PeerAddress& peer);
  void on_connection_closed(http1::Connection& connection) override;
  void on_refused(http1::Connection& connection, const http1::Refusal& refusal) override;
  void on_web_socket_gone() { check_stopped(); }
  /// A tunnel is gone, or keeps the loop running from now on, or does not any more.
  void on_tunnel_changed();
  void on_loop_end() override;

  /// Requests that come from no connection.
  void begin_local_request(LocalRequest& request);
  void end_local_request(LocalRequest& request);
  /// Whoever waits for the reply to the local request of that number does so no more: its handler
  /// hears that the client is gone. Nothing happens if it has been answered.
  void abort_local_request(uint64_t number);

  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) delete this;
  }

 private:
  friend class Exchange;

  Server(net::Loop& loop, Settings settings, http::Reference<Table> table);
  ~Server();

  bool begin_coding(Exchange& exchange);
  void recycle(Exchange& exchange);
  void bury();
  void add_connection(std::unique_ptr<net::Transport> transport, const net::PeerAddress& peer);
  void close_acceptor();
  std::string plain_text_reply();
  void check_stopped();
  void abort_local_requests();
  void update_hold();
  template <typename F>
  void for_each_connection(F f);

  net::Loop& loop_;
  Settings settings_;
  std::optional<Compression> compression_;
  bool codes_content_ = false;  // of requests, or of replies
  http1::Workspace workspace_;
  http::Reference<Table> table_;
  WebSockets web_sockets_;
  Tunnels tunnels_;
  bool handing_over_ = false;
  std::unique_ptr<Handshakes> handshakes_;
  std::unique_ptr<Acceptor> acceptor_;
  net::SocketAddress local_;
  std::string authority_;
  http1::Connection* connections_ = nullptr;
  std::vector<std::unique_ptr<http1::Connection>> dead_;  // deleted at the end of the turn
  std::vector<Exchange*> pool_;
  std::vector<net::Work> on_stopped_;
  http::Reference<Server> self_;  // while it listens or has connections
  LocalRequest* local_requests_ = nullptr;
  uint64_t local_pending_ = 0;
  uint32_t references_ = 0;
  State state_ = State::listening;
  bool referenced_ = true;
  bool holds_loop_ = false;
  bool tells_connections_ = false;
  bool tells_refusals_ = false;
};

}  // namespace bao::server
