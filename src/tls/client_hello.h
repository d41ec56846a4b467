#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bao::tls {

/// What the first bytes of a connection are.
enum class Opening : unsigned char {
  incomplete,  ///< not enough to tell
  hello,       ///< a whole ClientHello
  text,        ///< not TLS but a letter: a request in plain HTTP
  other,       ///< neither; TLS refuses it with the alert that is due
};

/// More than this of a ClientHello is not waited for: real ones take two kilobytes, with
/// post-quantum keys four.
inline constexpr size_t kLargestHello = 16 * 1024;

/// Looks at the first bytes of a connection, all that have come so far: what they are, and which
/// name the client asks for (RFC 6066 section 3). `server_name` becomes the name, in lower case and
/// without a trailing dot, or empty if there is none or it is no host name. Pure: it decides which
/// certificate is meant and nothing else; whether the ClientHello is right, TLS itself judges.
Opening read_client_hello(std::string_view bytes, std::string& server_name);

/// A host name in the form in which names are compared: lower case, no trailing dot. Empty if it
/// holds anything but letters, digits, `-`, `_` and dots between labels, or more than 253 bytes.
std::string normal_host_name(std::string_view name);

}  // namespace bao::tls
