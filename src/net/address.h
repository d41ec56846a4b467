#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include <bao/socket_address.h>

namespace bao::net {

/// The public value type, under the name that this folder's code uses.
using SocketAddress = bao::SocketAddress;

/// The other end of an accepted connection as raw bytes: small enough to lie in every connection,
/// and made without formatting or allocating. Default-constructed: a unix socket's unnamed peer.
struct PeerAddress {
  /// IPv4: the first 4 bytes, network order, the rest 0. IPv6: all 16. Unix socket: all 0.
  std::array<std::uint8_t, 16> ip{};
  /// In the machine's byte order; 0 for unix sockets.
  std::uint16_t port = 0;
  SocketAddress::Family family = SocketAddress::Family::unix_domain;

  bool operator==(const PeerAddress&) const = default;
};
static_assert(sizeof(PeerAddress) <= 20, "one of these lies in every connection");

/// Puts a socket's address into words. `length` is what the system call gave beside `address`; it
/// decides where a unix name ends. An IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) is
/// reported as IPv4, so that a client looks the same whatever family the listener has. The family
/// must be AF_INET, AF_INET6 or AF_UNIX.
SocketAddress from_sockaddr(const sockaddr_storage& address, socklen_t length);

/// Takes IP, port and family from a peer's address; IPv4-mapped addresses become IPv4. The name of
/// a unix peer and the zone of a link-local IPv6 peer are not kept: they would double the size, and
/// nearly no peer has them. The family must be AF_INET, AF_INET6 or AF_UNIX.
PeerAddress to_peer_address(const sockaddr_storage& address);

/// Puts a peer's address into words. Allocates the string.
SocketAddress to_socket_address(const PeerAddress& peer);

/// Writes a host as the authority of a URL wants it: IPv6 addresses in brackets (RFC 3986 section
/// 3.2.2), everything else as it is. A zone is left out: neither RFC 3986 nor the URL Standard has
/// a place for it, and parsers refuse it. `host` is a name or a textual address, with or without
/// brackets.
std::string format_host_for_url(std::string_view host);

}  // namespace bao::net
