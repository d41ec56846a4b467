#pragma once

#include <cstdint>
#include <optional>

#include "net/address.h"
#include "net/transport.h"

namespace bao::http {

/// A connection of a server as faces see it, whatever version of HTTP it speaks, or whether it has
/// left HTTP: for those that know connections beside requests. Good until its end is told
/// (server::ConnectionHandler). One thread's.
class Link {
 public:
  /// Who is at the other end.
  virtual const net::PeerAddress& peer() const = 0;
  /// The address that it was made to. A system call: for whoever asks. None if that cannot be told.
  virtual std::optional<net::SocketAddress> local() const = 0;
  /// How its bytes are protected, and who the peer has proved to be; none if they are not.
  virtual std::optional<net::Security> security() const = 0;
  /// Ends it now, with whatever is under way, behind the replies that are whole. `reset`: so that
  /// the peer sees a failure, as it does in any case if a reply is cut short. Its end is told from
  /// within.
  virtual void drop(bool reset) = 0;

  /// Whatever number a face gives it; 0: none. It stays with the connection when that leaves HTTP.
  uint32_t label = 0;

 protected:
  ~Link() = default;
};

}  // namespace bao::http
