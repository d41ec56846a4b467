#pragma once

#include "net/listener.h"
#include "net/loop.h"
#include "server/settings.h"

namespace bao::server {

/// Accepts connections on a listener and hands them on. When the process or the machine is out of
/// descriptors it stops listening for a moment instead of being woken for ever by a connection that
/// it cannot take.
class Acceptor final : public net::EventHandler, public net::Timer {
 public:
  /// Takes a new connection.
  class Receiver {
   public:
    virtual void on_accepted(net::Accepted accepted) = 0;

   protected:
    ~Receiver() = default;
  };

  /// Watches `listener` on `loop`. `loop` and `receiver` outlive it, or its `close`; `log` is
  /// called for warnings.
  Acceptor(net::Loop& loop, net::Listener listener, Receiver& receiver, LogSink log);
  ~Acceptor() override;

  const net::SocketAddress& local() const { return listener_.local(); }

  /// Stops listening; frees the port, or removes the unix socket's file.
  void close();

  void on_event(uint32_t events) override;
  void on_timer() override;

 private:
  void pause();

  net::Loop& loop_;
  net::Listener listener_;
  Receiver& receiver_;
  LogSink log_;
  net::TimePoint warned_{};
  bool watched_ = false;
};

}  // namespace bao::server
