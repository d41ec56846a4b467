#include "server/handshakes.h"

#include <utility>

namespace bao::server {

struct Handshakes::Pending final : tls::HandshakeObserver {
  Pending(Handshakes& owner, std::unique_ptr<tls::Transport> transport,
          const net::PeerAddress& peer)
      : owner(owner), transport(std::move(transport)), peer(peer) {}

  void on_handshake_done(tls::Transport&) override { owner.finish(place, true); }
  void on_handshake_failed(tls::Transport&) override { owner.finish(place, false); }

  Handshakes& owner;
  std::unique_ptr<tls::Transport> transport;
  net::PeerAddress peer;
  List::iterator place{};
};

Handshakes::Handshakes(net::Loop& loop, const Settings& settings, Receiver receiver)
    : loop_(loop),
      receiver_(std::move(receiver)),
      log_(settings.log),
      most_(settings.max_handshakes),
      workspace_(loop.timers(), loop.now()) {
  workspace_.handshake_timeout = settings.handshake_timeout;
  workspace_.log = [this](const std::string& line) { log_(line); };
  const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(settings.session_timeout);
  if (lifetime.count() > 0) {
    ticket_keys_ = std::make_shared<tls::TicketKeys>(lifetime, loop.now());
  }
  use(settings.tls);
}

Handshakes::~Handshakes() {
  drop_all();
}

void Handshakes::use(const tls::Options& options) {
  std::vector<std::string> warnings;
  try {
    auto keys = tls::read_ticket_keys(options.ticket_keys);
    if (options.enabled()) context_ = tls::Context::make(options, ticket_keys_, warnings);
    if (ticket_keys_ != nullptr && !keys.empty()) ticket_keys_->replace(std::move(keys));
  } catch (const tls::OptionError& error) {
    throw SettingsError(error.option(), error.what());
  }
  for (const std::string& warning : warnings) log_(warning);
}

void Handshakes::begin(net::Accepted accepted) {
  if (pending_.size() >= most_) {
    ++workspace_.counters.handshakes_dropped;
    drop(pending_.begin());
  }
  auto socket = std::make_unique<net::SocketTransport>(loop_, std::move(accepted.fd));
  auto transport = std::make_unique<tls::Transport>(workspace_, std::move(socket), context_);
  Pending& pending = pending_.emplace_back(*this, std::move(transport), accepted.peer);
  pending.place = std::prev(pending_.end());
  try {
    pending.transport->start(pending);
  } catch (...) {
    drop(pending.place);
    throw;
  }
}

void Handshakes::finish(List::iterator pending, bool done) {
  List own;
  own.splice(own.begin(), pending_, pending);
  if (done) {
    receiver_(std::move(pending->transport), pending->peer);
  } else {
    delete_later(std::move(pending->transport));
  }
}

void Handshakes::drop(List::iterator pending) {
  pending->transport->give_up();
  delete_later(std::move(pending->transport));
  pending_.erase(pending);
}

void Handshakes::drop_all() {
  while (!pending_.empty()) drop(pending_.begin());
}

// An event of this turn may still reach it.
void Handshakes::delete_later(std::unique_ptr<tls::Transport> transport) {
  loop_.defer(net::Work([transport = std::move(transport)] {}));
}

}  // namespace bao::server
