#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "http/exchange.h"
#include "http/link.h"
#include "http1/output_queue.h"
#include "http1/workspace.h"
#include "net/transport.h"

namespace bao::server {

class Server;
class Tunnel;
class Tunnels;

/// What a face does with the events of tunnels. Called on the loop's thread; it must not throw. It
/// may call any method of the tunnel from each of these.
class TunnelHandler {
 public:
  /// Bytes of the peer, good until it returns. Only while reading is wanted, but for what is left
  /// when the connection breaks.
  virtual void on_data(Tunnel& tunnel, std::string_view bytes) = 0;
  /// The peer has sent its last byte; it may still read.
  virtual void on_end(Tunnel& tunnel) = 0;
  /// All that `write` was behind with has left.
  virtual void on_drain(Tunnel& tunnel) = 0;
  /// The connection is closed: the last call. `broken`: by the peer's reset, or because it is gone.
  virtual void on_close(Tunnel& tunnel, bool broken) = 0;

 protected:
  ~TunnelHandler() = default;
};

/// A connection that has left HTTP (http::Exchange::hand_over): raw bytes in both directions, for a
/// protocol that a face speaks by itself. It has no timeouts: silence means nothing in a protocol
/// that nobody here knows.
///
/// Its server owns it. It stays good until the end of the loop's turn in which `on_close` came;
/// after that call every method does nothing. Everything here may only be called on the loop's
/// thread.
class Tunnel final : public http::Link, private net::TransportObserver {
 public:
  ~Tunnel();

  /// Whether `on_data` and `on_end` are to be called; not, at first. The kernel slows the peer down
  /// meanwhile.
  void want_read(bool wanted);

  enum class WriteResult : uint8_t {
    sent,    ///< on its way
    behind,  ///< kept, because the peer is slow: the next should wait for `on_drain`
    over,    ///< not sent: the connection is closed, or was ended
  };
  /// Sends bytes, which are copied if they must wait. `on_close` may come from within.
  WriteResult write(std::string_view bytes);

  /// Sends the end behind what waits; reading goes on. Nothing if that was done.
  void end();

  /// Whether it keeps the loop running; it does, at first.
  void set_referenced(bool referenced);

  // http::Link
  const net::PeerAddress& peer() const override { return peer_; }
  std::optional<net::SocketAddress> local() const override;
  std::optional<net::Security> security() const override;
  void drop(bool reset) override;

 private:
  friend class Tunnels;

  Tunnel(Tunnels& owner, size_t place, http::Upgraded& upgraded, TunnelHandler& handler);
  void start(std::string_view output);

  // net::TransportObserver
  void on_readable() override;
  void on_writable() override;
  void on_peer_finished() override {}
  void on_hangup() override;

  bool read_some();
  void finish_writing();
  void close(bool reset, bool broken);

  Tunnels& owner_;
  TunnelHandler& handler_;
  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<http1::OutputQueue> queue_;  // only while the peer is slow
  net::PeerAddress peer_;
  size_t place_;  // among its owner's
  bool read_ended_ = false;
  bool write_ended_ = false;
  bool closed_ = false;
  bool referenced_ = true;
};

/// The tunnels of a server.
class Tunnels {
 public:
  /// All outlive it; `read_buffer` may be shared with whatever reads in events of its own.
  Tunnels(Server& server, std::span<char> read_buffer, http1::Counters& counters);
  ~Tunnels();

  /// Makes a tunnel of what an exchange has handed over, but for `upgraded.input`, which is the
  /// caller's to use. `handler` outlives it, and hears nothing from within this call. Reading is
  /// not wanted yet.
  Tunnel& open(http::Upgraded& upgraded, TunnelHandler& handler);

  /// Those that are not closed.
  size_t size() const { return tunnels_.size(); }
  bool empty() const { return tunnels_.empty(); }
  /// Whether one of them keeps the loop running.
  bool keep_loop() const { return referenced_ > 0; }

  /// Cuts them all.
  void cut();

 private:
  friend class Tunnel;

  void gone(Tunnel& tunnel);
  void count_referenced(int change);

  Server& server_;
  std::span<char> read_buffer_;
  http1::Counters& counters_;
  std::vector<std::unique_ptr<Tunnel>> tunnels_;
  std::vector<std::unique_ptr<Tunnel>> dead_;  // deleted at the end of the turn
  size_t referenced_ = 0;
};

}  // namespace bao::server
