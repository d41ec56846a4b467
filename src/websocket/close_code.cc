#include "websocket/close_code.h"

#include <cstring>

#include "websocket/frame.h"
#include "websocket/utf8.h"

namespace bao::websocket {

std::optional<CloseInfo> read_close_payload(std::string_view payload, uint16_t& fault) {
  if (payload.empty()) return CloseInfo{};
  fault = close_code::kProtocolError;
  if (payload.size() < 2) return std::nullopt;
  CloseInfo info;
  info.code = static_cast<uint16_t>(static_cast<uint8_t>(payload[0]) << 8 |
                                    static_cast<uint8_t>(payload[1]));
  info.reason = payload.substr(2);
  if (!may_be_received(info.code)) return std::nullopt;
  if (!is_utf8(info.reason)) {
    fault = close_code::kInvalidPayload;
    return std::nullopt;
  }
  return info;
}

size_t write_close_payload(char* to, uint16_t code, std::string_view reason) {
  if (code == 0 || code == close_code::kNoStatus || code == close_code::kAbnormal) return 0;
  to[0] = static_cast<char>(code >> 8);
  to[1] = static_cast<char>(code & 0xff);
  reason = cut_at_character(reason, kMaxCloseReason);
  if (!reason.empty()) std::memcpy(to + 2, reason.data(), reason.size());
  return 2 + reason.size();
}

std::string_view cut_at_character(std::string_view text, size_t size) {
  if (text.size() <= size) return text;
  // A continuation byte (10xxxxxx) at the cut belongs to a character that begins before it.
  while (size > 0 && (static_cast<uint8_t>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace bao::websocket
