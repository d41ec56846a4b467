#include "net/address.h"

#include <arpa/inet.h>
#include <cstddef>
#include <cstring>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/un.h>

namespace bao::net {
namespace {

using Family = SocketAddress::Family;

struct Raw {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

Raw ipv4(const char* text, std::uint16_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  EXPECT_EQ(::inet_pton(AF_INET, text, &in.sin_addr), 1);
  Raw raw{.length = sizeof(in)};
  std::memcpy(&raw.storage, &in, sizeof(in));
  return raw;
}

Raw ipv6(const char* text, std::uint16_t port, std::uint32_t scope_id = 0) {
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  in6.sin6_scope_id = scope_id;
  EXPECT_EQ(::inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
  Raw raw{.length = sizeof(in6)};
  std::memcpy(&raw.storage, &in6, sizeof(in6));
  return raw;
}

// `counted` bytes of `filling` belong to the address; the rest of sun_path is `padding`.
Raw unix_name(std::string_view filling, std::size_t counted, char padding = '\0') {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::memset(un.sun_path, padding, sizeof(un.sun_path));
  std::memcpy(un.sun_path, filling.data(), filling.size());
  Raw raw{.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + counted)};
  std::memcpy(&raw.storage, &un, sizeof(un));
  return raw;
}

SocketAddress from(const Raw& raw) {
  return from_sockaddr(raw.storage, raw.length);
}

SocketAddress through_peer(const Raw& raw) {
  return to_socket_address(to_peer_address(raw.storage));
}

SocketAddress expected(std::string address, int port, Family family) {
  return {.address = std::move(address), .port = port, .family = family};
}

TEST(Address, Ipv4IsDotted) {
  const Raw raw = ipv4("192.0.2.7", 65535);
  EXPECT_EQ(from(raw), expected("192.0.2.7", 65535, Family::ipv4));
  EXPECT_EQ(through_peer(raw), expected("192.0.2.7", 65535, Family::ipv4));
}

// RFC 5952: lower case, leading zeros dropped, the longest run of zeros shortened, no brackets.
TEST(Address, Ipv6IsCanonicalWithoutBrackets) {
  const Raw raw = ipv6("2001:0DB8:0:0:1:0:0:1", 80);
  EXPECT_EQ(from(raw), expected("2001:db8::1:0:0:1", 80, Family::ipv6));
  EXPECT_EQ(through_peer(raw), expected("2001:db8::1:0:0:1", 80, Family::ipv6));
}

// RFC 4291 section 2.5.5.2
TEST(Address, Ipv4MappedIsReportedAsIpv4) {
  const Raw raw = ipv6("::ffff:203.0.113.9", 4711);
  EXPECT_EQ(from(raw), expected("203.0.113.9", 4711, Family::ipv4));
  EXPECT_EQ(through_peer(raw), expected("203.0.113.9", 4711, Family::ipv4));
}

TEST(Address, Ipv4MappedPeerEqualsTheIpv4Peer) {
  EXPECT_EQ(to_peer_address(ipv6("::ffff:203.0.113.9", 4711).storage),
            to_peer_address(ipv4("203.0.113.9", 4711).storage));
}

// RFC 4291 section 2.5.5.1: these look alike but are IPv6.
TEST(Address, Ipv4CompatibleAndUnspecifiedStayIpv6) {
  EXPECT_EQ(from(ipv6("::203.0.113.9", 1)).family, Family::ipv6);
  EXPECT_EQ(from(ipv6("::", 1)), expected("::", 1, Family::ipv6));
  EXPECT_EQ(from(ipv6("::fffe:1.2.3.4", 1)).family, Family::ipv6);
}

// RFC 4007 section 11
TEST(Address, ZoneIsNamedOrNumbered) {
  const unsigned loopback = ::if_nametoindex("lo");
  if (loopback == 0) GTEST_SKIP() << "no interface named lo";
  EXPECT_EQ(from(ipv6("fe80::1", 1, loopback)).address, "fe80::1%lo");
  EXPECT_EQ(from(ipv6("fe80::1", 1, 4000000000u)).address, "fe80::1%4000000000");
}

TEST(Address, PeerDropsTheZone) {
  EXPECT_EQ(through_peer(ipv6("fe80::1", 1, 1)), expected("fe80::1", 1, Family::ipv6));
}

TEST(Address, UnixPathEndsAtItsNul) {
  EXPECT_EQ(from(unix_name("/run/a.sock", 12)), expected("/run/a.sock", 0, Family::unix_domain));
}

TEST(Address, UnixPathEndsAtTheLengthEvenWithoutNul) {
  EXPECT_EQ(from(unix_name("/run/a.sock", 11, 'x')).address, "/run/a.sock");
}

TEST(Address, UnixPathMayFillTheWholeField) {
  const std::string path(sizeof(sockaddr_un::sun_path), 'p');
  EXPECT_EQ(from(unix_name(path, path.size())).address, path);
  EXPECT_EQ(from(unix_name(path, path.size() + 10)).address, path) << "length beyond the field";
}

TEST(Address, AbstractNameKeepsItsNulBytesAndExactLength) {
  const std::string name("\0a\0b", 4);
  EXPECT_EQ(from(unix_name(name, 4, 'x')).address, name);
  EXPECT_EQ(from(unix_name(name, 5)).address, name + '\0');
}

TEST(Address, UnnamedUnixSocketIsEmpty) {
  EXPECT_EQ(from(unix_name("garbage", 0)), expected("", 0, Family::unix_domain));
}

TEST(Address, UnixPeerIsUnnamed) {
  const Raw raw = unix_name("/run/a.sock", 12);
  EXPECT_EQ(through_peer(raw), expected("", 0, Family::unix_domain));
  EXPECT_EQ(to_peer_address(raw.storage), PeerAddress{});
}

TEST(Address, PeersDifferInIpPortAndFamily) {
  const PeerAddress peer = to_peer_address(ipv4("192.0.2.7", 1).storage);
  EXPECT_NE(peer, to_peer_address(ipv4("192.0.2.8", 1).storage));
  EXPECT_NE(peer, to_peer_address(ipv4("192.0.2.7", 2).storage));
  EXPECT_NE(to_peer_address(ipv4("0.0.0.0", 1).storage), to_peer_address(ipv6("::", 1).storage));
}

// RFC 3986 section 3.2.2
TEST(Address, UrlPutsBracketsAroundIpv6Only) {
  EXPECT_EQ(format_host_for_url("::1"), "[::1]");
  EXPECT_EQ(format_host_for_url("[::1]"), "[::1]");
  EXPECT_EQ(format_host_for_url("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(format_host_for_url("localhost"), "localhost");
  EXPECT_EQ(format_host_for_url(""), "");
}

TEST(Address, UrlHasNoZone) {
  EXPECT_EQ(format_host_for_url("fe80::1%eth0"), "[fe80::1]");
  EXPECT_EQ(format_host_for_url("[fe80::1%eth0]"), "[fe80::1]");
}

}  // namespace
}  // namespace bao::net
