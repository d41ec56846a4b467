#include "net/address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace bao::net {
namespace {

using Family = SocketAddress::Family;

// sockaddr_storage may not be read through a pointer of another type, hence the copies; they cost
// nothing once the compiler has seen them.
template <typename T>
T copy_as(const sockaddr_storage& address) {
  static_assert(sizeof(T) <= sizeof(address));
  T copy;
  std::memcpy(&copy, &address, sizeof(copy));
  return copy;
}

std::string unix_name(const sockaddr_storage& address, socklen_t length) {
  constexpr std::size_t kPathOffset = offsetof(sockaddr_un, sun_path);
  if (length <= kPathOffset) return {};
  const auto un = copy_as<sockaddr_un>(address);
  const std::size_t size = std::min<std::size_t>(length - kPathOffset, sizeof(un.sun_path));
  if (un.sun_path[0] == '\0') return {un.sun_path, size};
  return {un.sun_path, ::strnlen(un.sun_path, size)};
}

std::string zone_suffix(std::uint32_t scope_id) {
  if (scope_id == 0) return {};
  std::string suffix = "%";
  char name[IF_NAMESIZE];
  if (::if_indextoname(scope_id, name) != nullptr) {
    suffix += name;
  } else {
    suffix += std::to_string(scope_id);
  }
  return suffix;
}

}  // namespace

SocketAddress from_sockaddr(const sockaddr_storage& address, socklen_t length) {
  if (address.ss_family == AF_UNIX) {
    return {.address = unix_name(address, length), .port = 0, .family = Family::unix_domain};
  }
  SocketAddress result = to_socket_address(to_peer_address(address));
  if (result.family == Family::ipv6) {
    result.address += zone_suffix(copy_as<sockaddr_in6>(address).sin6_scope_id);
  }
  return result;
}

PeerAddress to_peer_address(const sockaddr_storage& address) {
  PeerAddress peer;
  if (address.ss_family == AF_INET) {
    const auto in = copy_as<sockaddr_in>(address);
    std::memcpy(peer.ip.data(), &in.sin_addr, sizeof(in.sin_addr));
    peer.port = ntohs(in.sin_port);
    peer.family = Family::ipv4;
  } else if (address.ss_family == AF_INET6) {
    const auto in6 = copy_as<sockaddr_in6>(address);
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);
    const std::size_t skipped = mapped ? 12 : 0;
    std::memcpy(peer.ip.data(), in6.sin6_addr.s6_addr + skipped, sizeof(in6.sin6_addr) - skipped);
    peer.port = ntohs(in6.sin6_port);
    peer.family = mapped ? Family::ipv4 : Family::ipv6;
  } else {
    assert(address.ss_family == AF_UNIX);
  }
  return peer;
}

SocketAddress to_socket_address(const PeerAddress& peer) {
  if (peer.family == Family::unix_domain) {
    return {.address = {}, .port = 0, .family = Family::unix_domain};
  }
  char text[INET6_ADDRSTRLEN];
  const int family = peer.family == Family::ipv4 ? AF_INET : AF_INET6;
  ::inet_ntop(family, peer.ip.data(), text, sizeof(text));
  return {.address = text, .port = peer.port, .family = peer.family};
}

std::string format_host_for_url(std::string_view host) {
  if (host.find(':') == std::string_view::npos) return std::string(host);
  if (host.front() == '[') host.remove_prefix(1);
  if (host.back() == ']') host.remove_suffix(1);
  std::string result = "[";
  result += host.substr(0, host.find('%'));
  result += ']';
  return result;
}

}  // namespace bao::net
