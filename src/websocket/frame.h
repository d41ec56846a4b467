#pragma once

#include <cstddef>
#include <cstdint>

namespace bao::websocket {

/// What a frame is (RFC 6455 section 5.2 and 11.8). Others are reserved and refused.
enum class Opcode : uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

/// Whether it is a control frame: never fragmented, at most 125 bytes (RFC 6455 section 5.5).
constexpr bool is_control(Opcode opcode) {
  return (static_cast<uint8_t>(opcode) & 0x8) != 0;
}

/// The most that a control frame may carry (RFC 6455 section 5.5).
inline constexpr size_t kMaxControlPayload = 125;

/// The longest head of a frame: two bytes, a length of 8 bytes, a mask of 4 (RFC 6455 section 5.2).
inline constexpr size_t kMaxFrameHead = 14;

}  // namespace bao::websocket
