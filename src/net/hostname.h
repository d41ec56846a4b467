#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bao::net {

/// Why a server cannot listen at `hostname`, and the mend, as the end of a sentence; nothing if the
/// form is that of a name, an IPv4 address or an IPv6 address (RFC 4291 section 2.2, with or
/// without brackets, with a zone as in RFC 4007 section 11), or if it is empty. Whether there is
/// such a host is for the system to say. `port_option` is what the caller calls the option for the
/// port.
std::optional<std::string> hostname_fault(std::string_view hostname, std::string_view port_option);

}  // namespace bao::net
