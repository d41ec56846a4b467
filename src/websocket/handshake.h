#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/request_head.h"

namespace bao::websocket {

/// The first rule of the opening handshake (RFC 6455 section 4.2.1) that a request breaks.
enum class HandshakeFault : uint8_t {
  none,
  method,            ///< not GET
  version,           ///< HTTP/1.0
  upgrade,           ///< no `websocket` in Upgrade
  connection,        ///< no `upgrade` in Connection
  body,              ///< a body is announced: nobody could tell it from frames
  key,               ///< Sec-WebSocket-Key is missing, repeated, or not 16 bytes in base64
  protocol_version,  ///< Sec-WebSocket-Version is not 13: answer 426 with kSupportedVersion
};

/// The value of Sec-WebSocket-Version that is supported, for the reply to a wrong one (RFC 6455
/// section 4.4).
inline constexpr std::string_view kSupportedVersion = "13";

/// A sentence about the fault for people; lives for ever.
std::string_view describe(HandshakeFault fault);

/// Judges the head of a request that wants to become a WebSocket. In the order of the enumeration,
/// but a wrong version of the protocol is only told when all else is right.
HandshakeFault check_handshake(const http::RequestHead& head);

/// Whether `key` is a Sec-WebSocket-Key: 16 bytes in base64, 24 characters with the padding (RFC
/// 6455 section 4.1).
bool is_handshake_key(std::string_view key);

/// The value of Sec-WebSocket-Accept that answers the key (RFC 6455 section 4.2.2): always 28
/// characters.
std::array<char, 28> accept_value(std::string_view key);

/// All values of the fields of that name, joined by commas; empty if there is none.
std::string joined_field(const http::RequestHead& head, std::string_view name);

}  // namespace bao::websocket
