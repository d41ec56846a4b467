#pragma once

#include <cstdint>
#include <string>

namespace bao {

/// One end of a connection, or the place where a server listens.
struct SocketAddress {
  // Not `unix`: that is a macro under -std=gnu++20.
  enum class Family : std::uint8_t { ipv4, ipv6, unix_domain };

  /// IPv4 and IPv6: the textual address without brackets (IPv6 in the form of RFC 5952), followed
  /// by `%` and the zone where the socket has one (RFC 4007 section 11). Unix socket: the path; an
  /// abstract name keeps its leading NUL byte and has exactly its own length; empty for a socket
  /// without a name, as most clients are.
  std::string address{};
  /// 0 to 65535; always 0 for unix sockets.
  int port = 0;
  Family family = Family::ipv4;

  bool operator==(const SocketAddress&) const = default;
};

}  // namespace bao
