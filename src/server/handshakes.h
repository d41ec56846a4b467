#pragma once

#include <functional>
#include <list>
#include <memory>

#include "net/listener.h"
#include "net/loop.h"
#include "server/settings.h"
#include "tls/transport.h"
#include "tls/workspace.h"

namespace bao::server {

/// The part of a server that speaks TLS: its certificates, and the connections whose handshake is
/// under way. There may be `max_handshakes` of those; one more, and the oldest is dropped: whoever
/// opens many and does not go on only drives out his own, because an honest handshake takes
/// milliseconds.
class Handshakes {
 public:
  /// Takes a connection whose handshake is done.
  using Receiver =
      std::function<void(std::unique_ptr<net::Transport> transport, const net::PeerAddress& peer)>;

  /// Reads certificates and keys by `settings.tls`. Throws SettingsError. `loop` outlives
  /// this.
  Handshakes(net::Loop& loop, const Settings& settings, Receiver receiver);
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;
  ~Handshakes();

  /// Reads other certificates and keys, if there are any, and other keys for tickets. Handshakes
  /// that begin from now on get these; open connections, and those whose handshake is under way,
  /// go on with theirs. Throws SettingsError, and then nothing has changed.
  void use(const tls::Options& options);

  /// The whole reply to a request in plain HTTP comes from there.
  void set_plain_reply(std::function<std::string()> plain_reply) {
    workspace_.plain_reply = std::move(plain_reply);
  }

  /// Begins one. Throws std::system_error if the kernel has no room to watch it.
  void begin(net::Accepted accepted);
  /// Breaks all off.
  void drop_all();

  const tls::Counters& counters() const { return workspace_.counters; }

 private:
  struct Pending;
  using List = std::list<Pending>;

  void finish(List::iterator pending, bool done);
  void drop(List::iterator pending);
  void delete_later(std::unique_ptr<tls::Transport> transport);

  net::Loop& loop_;
  Receiver receiver_;
  LogSink log_;
  const uint64_t most_;
  tls::Workspace workspace_;
  std::shared_ptr<tls::TicketKeys> ticket_keys_;
  std::shared_ptr<const tls::Context> context_;
  List pending_;  // the oldest first
};

}  // namespace bao::server
