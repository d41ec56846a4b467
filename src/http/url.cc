#include "http/url.h"

#include <algorithm>
#include <cstddef>

#include "http/byte_classes.h"
#include "http/tokens.h"

namespace bao::http {

namespace {

bool all_are(std::string_view text, ByteClass wanted) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return is(c, wanted); });
}

/// reg-name, which any IPv4 address is as well.
bool is_reg_name(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is(text[i], kRegNameByte)) continue;
    if (text[i] != '%' || text.size() - i < 3 || !all_are(text.substr(i + 1, 2), kHexDigit)) {
      return false;
    }
    i += 2;
  }
  return true;
}

/// dec-octet: 0 to 255 without leading zeros.
bool is_decimal_octet(std::string_view text) {
  if (text.empty() || text.size() > 3 || !all_are(text, kDigit)) return false;
  if (text.size() > 1 && text[0] == '0') return false;
  return text.size() < 3 || text <= "255";
}

bool is_ipv4_address(std::string_view text) {
  for (int i = 0; i < 3; ++i) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || !is_decimal_octet(text.substr(0, dot))) return false;
    text.remove_prefix(dot + 1);
  }
  return is_decimal_octet(text);
}

/// How many 16-bit groups the colon-separated `text` has: 0 if it is empty, -1 if it is malformed.
/// An IPv4 address stands for the last two groups where `ipv4_allowed`.
int count_ipv6_groups(std::string_view text, bool ipv4_allowed) {
  int groups = 0;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == std::string_view::npos && ipv4_allowed && is_ipv4_address(group)) {
      return groups + 2;
    }
    if (group.empty() || group.size() > 4 || !all_are(group, kHexDigit)) return -1;
    ++groups;
    if (colon == std::string_view::npos) return groups;
    text.remove_prefix(colon + 1);
    if (text.empty()) return -1;
  }
  return groups;
}

bool is_ipv6_address(std::string_view text) {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return count_ipv6_groups(text, true) == 8;
  const int before = count_ipv6_groups(text.substr(0, gap), false);
  const int after = count_ipv6_groups(text.substr(gap + 2), true);
  return before >= 0 && after >= 0 && before + after <= 7;
}

/// IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )
bool is_future_address(std::string_view text) {
  if (text.empty() || to_lower_ascii(text[0]) != 'v') return false;
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot < 2 || dot + 1 == text.size()) return false;
  return all_are(text.substr(1, dot - 1), kHexDigit) &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(dot) + 1, text.end(),
                     [](char c) { return c == ':' || is(c, kRegNameByte); });
}

bool is_port(std::string_view text) {
  unsigned value = 0;
  for (char c : text) {
    if (!is(c, kDigit)) return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
    if (value > 65535) return false;
  }
  return true;
}

struct HostAndPort {
  std::string_view host;
  std::string_view port;
};

/// Takes `uri-host [ ":" port ]` apart if it is valid and the host not empty.
std::optional<HostAndPort> parse_host_and_port(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const std::size_t host_length =
      bracketed ? text.find(']') + 1 : std::min(text.find(':'), text.size());
  if (host_length == 0) return std::nullopt;
  const std::string_view host = text.substr(0, host_length);
  const std::string_view rest = text.substr(host_length);
  if (!rest.empty() && (rest[0] != ':' || !is_port(rest.substr(1)))) return std::nullopt;
  if (bracketed) {
    const std::string_view address = host.substr(1, host.size() - 2);
    if (!is_ipv6_address(address) && !is_future_address(address)) return std::nullopt;
  } else if (!is_reg_name(host)) {
    return std::nullopt;
  }
  return HostAndPort{host, rest.empty() ? rest : rest.substr(1)};
}

}  // namespace

TargetParts split_target(std::string_view origin_form) {
  const std::size_t mark = origin_form.find('?');
  if (mark == std::string_view::npos) return {origin_form, {}, false};
  return {origin_form.substr(0, mark), origin_form.substr(mark + 1), true};
}

bool is_valid_host(std::string_view text) {
  // Nearly every host is a name without escapes, with a port or without: that is settled in one
  // pass.
  std::size_t plain = 0;
  while (plain < text.size() && is(text[plain], kRegNameByte)) ++plain;
  if (plain == text.size()) return true;
  if (plain > 0 && text[plain] == ':') return is_port(text.substr(plain + 1));
  return text.empty() || parse_host_and_port(text).has_value();
}

std::optional<AbsoluteForm> parse_absolute_form(std::string_view target) {
  constexpr std::string_view kSeparator = "://";
  const std::size_t scheme_length = target.find(kSeparator);
  if (scheme_length == std::string_view::npos) return std::nullopt;
  const std::string_view scheme = target.substr(0, scheme_length);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
    return std::nullopt;
  }
  const std::string_view rest = target.substr(scheme_length + kSeparator.size());
  const std::size_t authority_length = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, authority_length);
  if (!parse_host_and_port(authority)) return std::nullopt;
  return AbsoluteForm{scheme, authority, rest.substr(authority_length)};
}

bool is_valid_authority_form(std::string_view target) {
  const std::optional<HostAndPort> parts = parse_host_and_port(target);
  return parts && !parts->port.empty();
}

}  // namespace bao::http
