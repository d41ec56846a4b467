#include "server/acceptor.h"

#include <chrono>
#include <system_error>
#include <utility>

namespace bao::server {

using namespace std::chrono_literals;

namespace {
// Connections taken in one turn, so that a flood of new ones does not starve those that are there.
constexpr int kAcceptsATurn = 64;
constexpr auto kPause = 100ms;
constexpr auto kBetweenWarnings = 10s;
}  // namespace

Acceptor::Acceptor(net::Loop& loop, net::Listener listener, Receiver& receiver, LogSink log)
    : loop_(loop), listener_(std::move(listener)), receiver_(receiver), log_(std::move(log)) {
  loop_.watch(listener_.fd(), EPOLLIN, *this);
  watched_ = true;
}

Acceptor::~Acceptor() {
  close();
}

void Acceptor::close() {
  if (listener_.fd() < 0) return;
  loop_.timers().disarm(*this);
  if (std::exchange(watched_, false)) loop_.unwatch(listener_.fd());
  listener_.close();
}

void Acceptor::on_event(uint32_t) {
  loop_.catch_up();  // a connection's time begins when it is taken
  for (int i = 0; i < kAcceptsATurn && watched_; ++i) {
    net::Accepted accepted;
    switch (listener_.accept(accepted)) {
      case net::AcceptStatus::accepted: receiver_.on_accepted(std::move(accepted)); break;
      case net::AcceptStatus::transient_error: break;
      case net::AcceptStatus::would_block: return;
      case net::AcceptStatus::out_of_descriptors: return pause();
    }
  }
}

void Acceptor::pause() {
  if (std::exchange(watched_, false)) loop_.unwatch(listener_.fd());
  loop_.timers().arm(*this, loop_.now() + kPause);
  if (warned_ == net::TimePoint{} || loop_.now() - warned_ > kBetweenWarnings) {
    warned_ = loop_.now();
    log_(
        "bao: out of file descriptors: new connections wait. Raise the limit (ulimit -n) or close "
        "some.");
  }
}

void Acceptor::on_timer() {
  try {
    loop_.watch(listener_.fd(), EPOLLIN, *this);
    watched_ = true;
  } catch (const std::system_error&) {
    pause();  // the kernel is short of memory, too
  }
}

}  // namespace bao::server
