#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bao::websocket {

/// Status codes that the engine itself sends or reports (RFC 6455 section 7.4.1).
namespace close_code {
inline constexpr uint16_t kNormal = 1000;
inline constexpr uint16_t kGoingAway = 1001;
inline constexpr uint16_t kProtocolError = 1002;
inline constexpr uint16_t kNoStatus = 1005;  ///< never sent: the Close frame had no code
inline constexpr uint16_t kAbnormal = 1006;  ///< never sent: there was no Close frame
inline constexpr uint16_t kInvalidPayload = 1007;
inline constexpr uint16_t kTooBig = 1009;
inline constexpr uint16_t kInternalError = 1011;
}  // namespace close_code

/// The most that a reason may have: a control frame's payload less two bytes of code.
inline constexpr size_t kMaxCloseReason = 123;

/// Whether a peer may send that code in a Close frame: 1000 to 1003 and 1007 to 1014 of the
/// registry, and all of 3000 to 4999 (RFC 6455 sections 7.4.1, 7.4.2 and 11.7).
constexpr bool may_be_received(uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

/// What a Close frame says.
struct CloseInfo {
  uint16_t code = close_code::kNoStatus;
  std::string_view reason;  ///< UTF-8; a view into the payload
};

/// Reads the payload of a Close frame that a peer sent (RFC 6455 section 5.5.1). Nothing if it has
/// one byte, a code that must not be sent or a reason that is not UTF-8; `fault` is then the code
/// to fail the connection with: 1002 or, for the reason, 1007.
std::optional<CloseInfo> read_close_payload(std::string_view payload, uint16_t& fault);

/// Writes the payload of a Close frame into `to` (room for 125 bytes) and returns its size. The
/// codes 0, 1005 and 1006 mean no code, and then no reason either. A longer reason than fits is
/// cut where a character ends; it is UTF-8.
size_t write_close_payload(char* to, uint16_t code, std::string_view reason);

/// `text` (UTF-8) without what is beyond `size` bytes, cut where a character ends.
std::string_view cut_at_character(std::string_view text, size_t size);

}  // namespace bao::websocket
