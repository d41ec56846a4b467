#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "websocket/frame.h"

namespace bao::websocket {

/// The longest head of a frame that a server sends: it has no mask (RFC 6455 section 5.1).
inline constexpr size_t kMaxServerFrameHead = 10;

/// The size of the head of a server's frame with so long a payload.
constexpr size_t server_frame_head_size(size_t payload) {
  return payload < 126 ? 2 : payload < 65536 ? 4 : 10;
}

/// Writes the head of a whole (unfragmented), unmasked frame to `to`, which has room for
/// kMaxServerFrameHead bytes, and returns its size. `compressed` sets RSV1 (RFC 7692 section 6);
/// never for control frames.
size_t write_frame_head(char* to, Opcode opcode, size_t payload, bool compressed);

/// Appends a whole frame: head and payload.
void append_frame(std::string& to, Opcode opcode, std::string_view payload, bool compressed);

}  // namespace bao::websocket
