#pragma once

#include <optional>
#include <string_view>

namespace bao::http {

/// The two parts of an origin-form; both point into the text that was split.
struct TargetParts {
  std::string_view path;
  std::string_view query;  ///< Without its `?`.
  bool has_query;          ///< Tells "/a?" from "/a": both have an empty query.
};

/// Splits a request target in origin-form (RFC 9112 §3.2.1) at its first `?`. Nothing is checked
/// and nothing decoded.
TargetParts split_target(std::string_view origin_form);

/// Whether `text` is the value of a Host field: `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986
/// §3.2.2), where the host is a registered name, an IPv4 address, or an IPv6 or IPvFuture address
/// in brackets, and the port has any number of digits (none, too) that make at most 65535.
///
/// The empty text is one: it says that the target URI has no authority. A port without a host is
/// none, since an http URI with an empty host is invalid (RFC 9110 §4.2.1). Neither is userinfo.
bool is_valid_host(std::string_view text);

/// The parts of an absolute-form, as views into the target that was parsed.
struct AbsoluteForm {
  std::string_view scheme;          ///< "http" or "https", in the case that the client chose.
  std::string_view authority;       ///< Not empty; valid for is_valid_host.
  std::string_view path_and_query;  ///< May be empty; begins with `/` or `?` if not.
};

/// Takes a request target in absolute-form (RFC 9112 §3.2.2) apart. Nothing is returned unless its
/// scheme is http or https and its authority a valid, not empty host, perhaps with a port, without
/// userinfo (RFC 9110 §4.2.4). The characters of path_and_query are not checked.
std::optional<AbsoluteForm> parse_absolute_form(std::string_view target);

/// Whether `target` is a request target in authority-form, `uri-host ":" port` (RFC 9112 §3.2.3),
/// with both a host and a port, as CONNECT needs them (RFC 9110 §9.3.6).
bool is_valid_authority_form(std::string_view target);

}  // namespace bao::http
