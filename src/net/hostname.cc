#include "net/hostname.h"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>

namespace bao::net {
namespace {

bool is_visible(char c) {
  return static_cast<unsigned char>(c) > 0x20 && c != 0x7F;
}

bool is_port(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_ipv6(std::string_view text) {
  const std::string address(text.substr(0, text.find('%')));
  in6_addr parsed;
  return ::inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

/// Whether it is an address or a name: what would be left of a URL.
bool is_host(std::string_view text) {
  return !text.empty() && !hostname_fault(text, "");
}

/// Advises nothing that would be refused in its turn.
std::string give_alone(std::string_view host) {
  if (!is_host(host)) return "give the name or the address alone";
  return "give the name alone, \"" + std::string(host) + "\"";
}

/// The host of an authority, `host [":" port]` (RFC 3986 section 3.2).
std::string_view without_port(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  if (colon == authority.npos || !is_port(authority.substr(colon + 1))) return authority;
  const std::string_view host = authority.substr(0, colon);
  const bool ambiguous = host.find(':') != host.npos && !host.ends_with(']');
  return ambiguous ? authority : host;
}

std::string_view authority_of(std::string_view url) {
  const std::size_t slashes = url.find("//");
  const bool behind_scheme = slashes != url.npos && slashes > 0 && url[slashes - 1] == ':';
  if (slashes == 0 || behind_scheme) url.remove_prefix(slashes + 2);
  return url.substr(0, url.find_first_of("/?#"));
}

}  // namespace

std::optional<std::string> hostname_fault(std::string_view hostname, std::string_view port_option) {
  if (!std::all_of(hostname.begin(), hostname.end(), is_visible)) {
    return "a hostname holds neither spaces nor control characters; take them out";
  }
  const std::string port_goes = "; a port goes into " + std::string(port_option);
  if (hostname.find('/') != hostname.npos) {
    return "it is a URL or a path; " + give_alone(without_port(authority_of(hostname))) + port_goes;
  }
  if (const std::string_view host = without_port(hostname); host != hostname) {
    return "it has a port; " + (host.empty() ? "leave it out" : give_alone(host)) + port_goes;
  }
  const bool opens = hostname.starts_with('[');
  const bool closes = hostname.ends_with(']');
  const bool literal = hostname.find(':') != hostname.npos;
  const std::string_view bare =
      opens && closes ? hostname.substr(1, hostname.size() - 2) : hostname;
  if ((opens || closes || literal) && (opens != closes || !is_ipv6(bare))) {
    return "it is no IPv6 address of the form ::1, [::1] or fe80::1%eth0; correct it" + port_goes;
  }
  return std::nullopt;
}

}  // namespace bao::net
