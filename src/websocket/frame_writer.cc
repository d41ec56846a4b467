#include "websocket/frame_writer.h"

namespace bao::websocket {

namespace {
constexpr uint8_t kFin = 0x80;
constexpr uint8_t kRsv1 = 0x40;
}  // namespace

size_t write_frame_head(char* to, Opcode opcode, size_t payload, bool compressed) {
  to[0] = static_cast<char>(kFin | (compressed ? kRsv1 : 0) | static_cast<uint8_t>(opcode));
  if (payload < 126) {
    to[1] = static_cast<char>(payload);
    return 2;
  }
  // The shortest form that fits (RFC 6455 section 5.2).
  const size_t length = payload < 65536 ? 2 : 8;
  to[1] = static_cast<char>(length == 2 ? 126 : 127);
  for (size_t i = 0; i < length; ++i) {
    to[2 + i] = static_cast<char>(payload >> (8 * (length - 1 - i)));
  }
  return 2 + length;
}

void append_frame(std::string& to, Opcode opcode, std::string_view payload, bool compressed) {
  char head[kMaxServerFrameHead];
  const size_t size = write_frame_head(head, opcode, payload.size(), compressed);
  to.reserve(to.size() + size + payload.size());
  to.append(head, size);
  to.append(payload);
}

}  // namespace bao::websocket
